"""Schedules by a clock that a test holds: when they are done, how often, and what a server that was away does."""

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from studiolo.domain import Invalid, NotFound, Scope
from studiolo.scheduler import GROUP, Scheduler
from studiolo.state import State

SCOPE = Scope("000000000000", "eu-central-1")
THEN = datetime(2026, 1, 1, tzinfo=timezone.utc)
MINUTE = timedelta(minutes=1)
PIPELINE = "arn:aws:sagemaker:eu-central-1:000000000000:pipeline/Nightly"


class World:
    """A clock, roles that all may take, and services that note what they are asked for."""

    def __init__(self, state: State) -> None:
        self.now = THEN
        self.done: list[Mapping[str, Any]] = []
        self._state = state
        self.scheduler = self.started()

    def started(self) -> Scheduler:
        """A scheduler, as a server that starts has one; only `look` has it look."""
        scheduler = Scheduler(self._state, self, lambda: self.now)  # type: ignore[arg-type]
        scheduler.serve(self._call)
        return scheduler

    def pass_role(self, *_: Any) -> None: ...

    def session_of(self, role: str, _name: str) -> str:
        return role

    def _call(self, principal: Any, region: str, service: str, operation: str, parameters: Mapping[str, Any]) -> Any:
        assert (principal, region, service, operation) == ("lab", SCOPE.region, "sagemaker", "StartPipelineExecution")
        self.done.append(parameters)

    def make(self, expression: str, **more: Any) -> None:
        target = {"Arn": PIPELINE, "RoleArn": "lab", **more.pop("target", {})}
        settings = {"ScheduleExpression": expression, "Target": target, **more}
        self.scheduler.create(SCOPE, None, GROUP, "s", settings)  # type: ignore[arg-type]

    def times(self, minutes: int) -> int:
        """How often something is done in that many minutes, looked at each of them."""
        before = len(self.done)
        for _ in range(minutes):
            self.now += MINUTE
            self.scheduler.look()
        return len(self.done) - before


@pytest.fixture
def world(state: State) -> World:
    return World(state)


def test_a_rate_begins_at_once_or_at_its_start_and_ends_with_its_end(world: World) -> None:
    begin = THEN + 10 * MINUTE
    world.make("rate(5 minutes)", StartDate=begin.timestamp(), EndDate=(begin + 11 * MINUTE).timestamp())
    assert world.times(9) == 0
    assert world.times(1) == 1
    assert world.times(5) == 1
    assert world.times(30) == 1


def test_what_was_due_while_no_server_ran_is_done_once(world: World) -> None:
    world.make("cron(0/5 * * * ? *)")
    world.now += 61 * MINUTE
    world.scheduler = world.started()
    world.scheduler.look()
    assert len(world.done) == 1
    assert world.times(5) == 1


def test_one_time_is_one_request_however_often_it_is_made(world: World) -> None:
    world.make("at(2026-01-01T00:01:00)")
    world.now += MINUTE
    [row] = [world.scheduler.get(SCOPE, GROUP, "s")]
    world.scheduler.look()
    world.scheduler._do(row, world.now)
    assert len({each["ClientRequestToken"] for each in world.done}) == 1
    assert len(world.done) == 2
    assert world.scheduler.get(SCOPE, GROUP, "s").due is None


def test_a_schedule_that_goes_when_it_is_done_is_gone_then(world: World) -> None:
    world.make("at(2026-01-01T00:01:00)", ActionAfterCompletion="DELETE")
    assert world.times(2) == 1
    with pytest.raises(NotFound):
        world.scheduler.get(SCOPE, GROUP, "s")


def test_a_disabled_schedule_rests_until_it_is_enabled(world: World) -> None:
    world.make("rate(1 minute)", State="DISABLED")
    assert world.times(3) == 0
    settings = {**world.scheduler.get(SCOPE, GROUP, "s").settings, "State": "ENABLED"}
    world.scheduler.update(SCOPE, None, GROUP, "s", settings)  # type: ignore[arg-type]
    assert world.times(3) == 3


def test_parameters_are_told_the_time_that_it_was_due(world: World) -> None:
    given = [{"Name": "when", "Value": "at <aws.scheduler.scheduled-time>"}]
    world.make("at(2026-01-01T00:01:00)", target={"SageMakerPipelineParameters": {"PipelineParameterList": given}})
    world.times(2)
    assert world.done[0]["PipelineName"] == "Nightly"
    assert world.done[0]["PipelineParameters"] == [{"Name": "when", "Value": "at 2026-01-01T00:01:00Z"}]


@pytest.mark.parametrize(
    ("expression", "more", "words"),
    [
        ("at(2025-12-31T00:00:00)", {}, "in the past"),
        ("rate(1 minute)", {"EndDate": THEN.timestamp()}, "EndDate"),
        ("rate(1 minute)", {"ScheduleExpressionTimezone": "Europe/Nowhere"}, "Nowhere"),
        (
            "rate(1 minute)",
            {"target": {"Arn": "arn:aws:kinesis:eu-central-1:000000000000:stream/queue"}},
            "queue is not supported",
        ),
        ("rate(1 minute)", {"target": {"Input": "{}"}}, "Input of the target"),
    ],
)
def test_what_cannot_be_done_is_refused_by_name(
    world: World, expression: str, more: dict[str, Any], words: str
) -> None:
    with pytest.raises(Invalid, match=words):
        world.make(expression, **more)


def test_a_group_goes_with_its_schedules_and_groups_are_listed_a_page_at_a_time(world: World) -> None:
    for name in ("alpha", "zeta"):
        world.scheduler.create_group(SCOPE, name, {})
    first = world.scheduler.groups(SCOPE, None, None, 1)
    names = [each.name for each in first.items]
    while first.next is not None:
        first = world.scheduler.groups(SCOPE, None, first.next, 1)
        names += [each.name for each in first.items]
    assert names == ["default", "alpha", "zeta"]
    target = {"Arn": PIPELINE, "RoleArn": "lab"}
    world.scheduler.create(SCOPE, None, "zeta", "s", {"ScheduleExpression": "rate(1 day)", "Target": target})  # type: ignore[arg-type]
    world.scheduler.delete_group(SCOPE, "zeta")
    with pytest.raises(NotFound):
        world.scheduler.get(SCOPE, "zeta", "s")
    with pytest.raises(NotFound, match="zeta"):
        world.scheduler.schedules(SCOPE, "zeta", None, None, None, 10)


def test_a_schedule_invokes_a_function_and_puts_an_event_as_its_role(world: World) -> None:
    asked: list[tuple[Any, ...]] = []
    world.scheduler.serve(lambda *call: asked.append(call))  # type: ignore[arg-type, return-value]
    function = f"arn:aws:lambda:{SCOPE.region}:{SCOPE.account}:function:nightly"
    bus = f"arn:aws:events:{SCOPE.region}:{SCOPE.account}:event-bus/default"
    world.make("rate(1 minute)", target={"Arn": function, "Input": '{"at": "<aws.scheduler.scheduled-time>"}'})
    world.scheduler.look()
    world.scheduler.delete(SCOPE, GROUP, "s")
    told = {"Source": "clock", "DetailType": "tick"}
    world.make("rate(1 minute)", target={"Arn": bus, "EventBridgeParameters": told, "Input": '{"n": 1}'})
    world.scheduler.look()
    invoked, put = asked
    assert invoked[0] == put[0] == "lab"
    assert invoked[2:4] == ("lambda", "Invoke")
    assert invoked[4]["Payload"] == b'{"at": "2026-01-01T00:00:00Z"}'
    assert put[2:4] == ("events", "PutEvents")
    assert {**told, "Detail": '{"n": 1}', "EventBusName": bus}.items() <= put[4]["Entries"][0].items()
