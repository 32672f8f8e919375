"""Updates of AWS::EMRServerless::Application: one that is started takes tags, and nothing else."""

from typing import Any, cast

from studiolo.stacks.types.base import At
from studiolo.stacks.types.emr_serverless import Application


class Recording:
    """Answers what the application is, and keeps which operations were called."""

    token = "token"

    def __init__(self) -> None:
        self.called: list[str] = []

    def call(self, _service: str, operation: str, **_parameters: Any) -> Any:
        self.called.append(operation)
        return {
            "application": {"arn": "arn", "state": "STARTED", "maximumCapacity": {"cpu": "4vCPU", "memory": "16GB"}}
        }


def test_what_an_update_was_refused_is_not_undone_by_another() -> None:
    at, small, large = Recording(), {"Cpu": "4vCPU", "Memory": "16GB"}, {"Cpu": "8vCPU", "Memory": "16GB"}
    before, asked = {"MaximumCapacity": small}, {"MaximumCapacity": large}
    Application().update(cast(At, at), "00app", asked, before)
    assert "UpdateApplication" in at.called
    at.called.clear()
    Application().update(cast(At, at), "00app", before, asked)
    assert "UpdateApplication" not in at.called
