"""How executions walk through their steps, with services that do what a test says."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from studiolo.calling import Refused
from studiolo.domain import Scope
from studiolo.identity import Identity, Principal
from studiolo.pipelines.callbacks import Callbacks
from studiolo.pipelines.definition import read_definition
from studiolo.pipelines.model import EXECUTING, STOPPING, By, Execution, Settings
from studiolo.pipelines.store import Store
from studiolo.pipelines.walk import Walk
from studiolo.state import State

SCOPE = Scope("000000000000", "eu-west-1")
BY = By("arn:aws:iam::000000000000:root", "000000000000")


class FakeIdentity:
    def session_of(self, _role: str, _name: str) -> Principal:
        return None  # type: ignore[return-value]


class World:
    """Training jobs by name with their statuses, and executions of a pipeline over them."""

    def __init__(self, state: State) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=timezone.utc)
        self.store = Store(state, lambda: self.now)
        self.callbacks = Callbacks(state)
        self.sent: list[dict[str, Any]] = []
        self.jobs: dict[str, dict[str, Any]] = {}
        self.refusals: list[Refused] = []
        self.store.add(SCOPE, "p", Settings("role"), "", BY, "token", {})

    def __call__(
        self, _principal: Principal, _region: str, _service: str, operation: str, given: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        name = str(given.get("TrainingJobName"))
        if operation == "CreateTrainingJob":
            if self.refusals:
                raise self.refusals.pop()
            if name in self.jobs:
                raise Refused("ResourceInUse", "there")
            self.jobs[name] = {"TrainingJobStatus": "InProgress", "TrainingJobArn": f"arn:{name}", **given}
        elif operation == "SendMessage":
            self.sent.append(json.loads(given["MessageBody"]))
            return {}
        elif operation == "StopTrainingJob":
            if name not in self.jobs:
                raise Refused("ValidationException", "none")
            self.jobs[name]["TrainingJobStatus"] = "Stopped"
        elif operation != "DescribeTrainingJob":
            raise Refused("NotImplemented", f"{operation} is not implemented")
        return self.jobs[name]

    def begin(self, text: str, **more: Any) -> Execution:
        number = len(self.store.executions(SCOPE, "p", (None, None), "CreationTime", None, 100, descending=False).items)
        execution = Execution(
            SCOPE, "p", f"e{number}", 1, EXECUTING, self.now, self.now, "role", "d", BY, BY, noted=True, **more
        )
        self.text = text
        return self.store.start(execution, f"token{number}", {})

    def look(self, execution: Execution) -> str:
        """The status of the execution after a look at it."""
        definition = read_definition(self.text)
        identity: Identity = FakeIdentity()  # type: ignore[assignment]
        Walk(self.store, self.callbacks, self, identity, self.store.execution(execution.id), definition).advance()
        return self.store.execution(execution.id).status

    def end(self, step: str, status: str = "Completed", **more: Any) -> None:
        job = next(
            job for name, job in self.jobs.items() if f"-{step}-" in name and job["TrainingJobStatus"] == "InProgress"
        )
        job.update(TrainingJobStatus=status, **more)

    def steps(self, execution: Execution) -> dict[str, str]:
        return {name: run.status for name, run in self.store.steps(execution.id).items()}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    state = State(f"sqlite:///{tmp_path / 'state.db'}")
    yield World(state)
    state.close()


def step(name: str, **more: Any) -> dict[str, Any]:
    return {"Name": name, "Type": "Training", "Arguments": {}, **more}


def definition(*steps: Any, **more: Any) -> str:
    return json.dumps({"Version": "2020-12-01", "Steps": steps, "PipelineExperimentConfig": None, **more})


def test_steps_run_as_many_at_a_time_as_they_may_and_after_those_that_they_need(world: World) -> None:
    execution = world.begin(definition(step("a"), step("b"), step("c"), step("d", DependsOn=["a"])), parallel=2)
    assert world.look(execution) == "Executing"
    assert world.steps(execution) == {"a": "Executing", "b": "Executing"}
    world.end("b")
    world.look(execution)
    assert world.steps(execution) == {"a": "Executing", "b": "Succeeded", "c": "Executing"}
    world.end("c")
    world.look(execution)
    assert "d" not in world.steps(execution)
    world.end("a")
    world.look(execution)
    world.end("d")
    assert world.look(execution) == "Succeeded"


def test_the_branch_that_is_not_taken_is_not_run_nor_what_depends_on_it(world: World) -> None:
    condition = {"Type": "Equals", "LeftValue": {"Get": "Steps.a.Score"}, "RightValue": 1}
    fail = {"Name": "no", "Type": "Fail", "Arguments": {"ErrorMessage": {"Get": "Steps.a.Score"}}}
    decide = {"Conditions": [condition], "IfSteps": [step("yes")], "ElseSteps": [fail]}
    text = definition(
        step("a"), {"Name": "if", "Type": "Condition", "Arguments": decide}, step("after", DependsOn=["yes"])
    )
    taken = world.begin(text)
    world.look(taken)
    world.end("a", Score=1)
    world.look(taken)
    world.end("yes")
    world.look(taken)
    world.end("after")
    assert world.look(taken) == "Succeeded"
    assert set(world.steps(taken)) == {"a", "if", "yes", "after"}
    failed = world.begin(text)
    world.look(failed)
    world.end("a", Score=2)
    assert world.look(failed) == "Failed"
    assert world.steps(failed) == {"a": "Succeeded", "if": "Succeeded", "no": "Failed"}
    assert world.store.steps(failed.id)["no"].failure == "2"
    assert world.store.execution(failed.id).failure == "Step failure: One or multiple steps failed."


def test_after_a_failure_what_runs_goes_on_and_nothing_more_begins(world: World) -> None:
    execution = world.begin(definition(step("a"), step("b"), step("c", DependsOn=["b"])))
    world.look(execution)
    world.end("a", "Failed", FailureReason="AlgorithmError: no")
    assert world.look(execution) == "Executing"
    world.end("b")
    assert world.look(execution) == "Failed"
    assert world.steps(execution) == {"a": "Failed", "b": "Succeeded"}
    assert world.store.steps(execution.id)["a"].failure == "AlgorithmError: no"


def test_a_job_is_begun_once_however_often_the_server_is_killed(world: World) -> None:
    execution = world.begin(definition(step("a")))
    world.look(execution)
    run = world.store.steps(execution.id)["a"]
    world.store.put(execution.id, replace(run, status="Starting"))
    world.look(execution)
    assert len(world.jobs) == 1
    world.end("a")
    assert world.look(execution) == "Succeeded"


def test_a_stopped_execution_stops_its_jobs_and_those_that_wait_for_a_retry(world: World) -> None:
    again = {"ExceptionType": ["Step.THROTTLING"], "IntervalSeconds": 60}
    execution = world.begin(definition(step("a", RetryPolicies=[again]), step("b")))
    world.refusals.append(Refused("ThrottlingException", "slowly"))
    world.look(execution)
    assert set(world.steps(execution).values()) == {"Executing", "Starting"}
    world.store.change(execution.id, lambda now: replace(now, status=STOPPING))
    assert world.look(execution) == "Stopped"
    assert set(world.steps(execution).values()) == {"Stopped"}
    assert [job["TrainingJobStatus"] for job in world.jobs.values()] == ["Stopped"]


def test_a_step_is_tried_again_when_its_policy_says_so_by_another_job(world: World) -> None:
    again = {"ExceptionType": ["SageMaker.JOB_INTERNAL_ERROR"], "IntervalSeconds": 60, "MaxAttempts": 1}
    execution = world.begin(definition(step("a", RetryPolicies=[again])))
    world.look(execution)
    world.end("a", "Failed", FailureReason="InternalServerError: We")
    assert world.look(execution) == "Executing"
    assert world.steps(execution) == {"a": "Starting"}
    world.look(execution)
    assert len(world.jobs) == 1
    world.now += timedelta(seconds=61)
    world.look(execution)
    assert len(world.jobs) == 2
    world.end("a", "Failed", FailureReason="InternalServerError: We")
    assert world.look(execution) == "Failed"
    assert world.store.steps(execution.id)["a"].attempts == 2


def test_a_result_is_used_again_until_it_expires_or_what_it_came_from_changes(world: World) -> None:
    cached = {"CacheConfig": {"Enabled": True, "ExpireAfter": "PT1H"}}

    def run(epochs: str) -> str | None:
        arguments = {
            "HyperParameters": {"epochs": epochs},
            "OutputDataConfig": {"Get": "Execution.PipelineExecutionId"},
        }
        execution = world.begin(definition(step("a", Arguments=arguments, **cached)))
        if world.look(execution) == "Executing":
            world.end("a")
            assert world.look(execution) == "Succeeded"
        return world.store.steps(execution.id)["a"].cached

    assert run("1") is None
    source = run("1")
    assert source is not None
    assert source.endswith("pipeline/p/execution/e0")
    assert run("2") is None
    world.now += timedelta(minutes=61)
    assert run("1") is None


def test_what_is_refused_or_has_no_value_fails_its_step_with_the_reason(world: World) -> None:
    execution = world.begin(definition(step("a"), step("b", Arguments={"X": {"Get": "Steps.a.Nothing"}})))
    world.look(execution)
    world.end("a")
    assert world.look(execution) == "Failed"
    assert world.store.steps(execution.id)["b"].failure == (
        "ClientError: Steps.a.Nothing has no value: there is no Nothing."
    )
    world.refusals.append(Refused("ResourceLimitExceeded", "too many"))
    refused = world.begin(definition(step("a")))
    assert world.look(refused) == "Failed"
    assert world.store.steps(refused.id)["a"].failure == (
        "ClientError: Failed to invoke sagemaker:CreateTrainingJob. Error Details: too many"
    )


def callback(name: str, **more: Any) -> dict[str, Any]:
    outputs = [{"OutputName": "rows", "OutputType": "Integer"}]
    return {"Name": name, "Type": "Callback", "SqsQueueUrl": "q", "OutputParameters": outputs, "Arguments": more}


def test_a_callback_step_waits_for_who_has_its_token_and_gives_on_what_they_say(world: World) -> None:
    rows = {"LeftValue": {"Get": "Steps.a.OutputParameters['rows']"}, "RightValue": 5, "Type": "Equals"}
    decide = {"Name": "b", "Type": "Condition", "Arguments": {"Conditions": [rows]}}
    execution = world.begin(definition(callback("a", n=1), decide))
    assert world.look(execution) == world.look(execution) == "Executing"
    (sent,) = world.sent
    assert (sent["arguments"], sent["status"], sent["stepName"]) == ({"n": 1}, "Executing", "a")
    assert sent["pipelineExecutionArn"] == execution.arn
    world.callbacks.put(sent["token"], {"outputs": {"rows": "5"}, "failure": None})
    assert world.look(execution) == "Succeeded"
    assert world.store.steps(execution.id)["b"].properties == {"Outcome": "True"}


def test_an_answer_that_comes_before_the_message_is_known_to_be_sent_counts(world: World) -> None:
    execution = world.begin(definition(callback("a")))
    world.look(execution)
    run = world.store.steps(execution.id)["a"]
    # As a server leaves it that was killed before it recorded that it had sent.
    world.store.put(execution.id, replace(run, status="Starting", handle={"token": run.handle["token"], "outputs": {}}))
    world.callbacks.put(run.handle["token"], {"outputs": {}, "failure": None})
    assert world.look(execution) == "Succeeded"
    assert [each["token"] for each in world.sent] == [run.handle["token"]] * 2


def test_a_callback_step_that_is_stopped_asks_once_more_and_waits(world: World) -> None:
    execution = world.begin(definition(callback("a"), callback("b")))
    world.look(execution)
    world.store.change(execution.id, lambda now: replace(now, status=STOPPING))
    assert world.look(execution) == world.look(execution) == "Stopping"
    assert [each["status"] for each in world.sent] == ["Executing"] * 2 + ["Stopping"] * 2
    for each in world.sent[:2]:
        world.callbacks.put(each["token"], {"outputs": {}, "failure": "cleaned up"})
    assert world.look(execution) == "Stopped"
    assert world.store.steps(execution.id)["a"].failure == "cleaned up"


def test_a_callback_without_what_was_promised_fails_the_step(world: World) -> None:
    for outputs in ({}, {"rows": "many"}):
        execution = world.begin(definition(callback("a")))
        world.look(execution)
        world.callbacks.put(world.sent[-1]["token"], {"outputs": outputs, "failure": None})
        assert world.look(execution) == "Failed"
