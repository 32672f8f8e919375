"""What services call in somebody's name, inside the server."""

from types import SimpleNamespace
from typing import Any

from studiolo.identity import Principal
from studiolo.identity.principals import root_user
from studiolo.inside import Inside
from studiolo.services.service import Service
from studiolo.stacks.model import principal_as_json, principal_from


def test_a_call_remembers_all_services_by_which_it_came() -> None:
    callers: list[Principal] = []
    sts = Service("sts", {})

    def noted(call: Any, _request: Any) -> dict[str, Any]:
        callers.append(call.principal)
        return {}

    sts.register("get_caller_identity", noted)
    identity = SimpleNamespace(authorize=lambda *_, **__: None, account="000000000000")
    studio: Any = SimpleNamespace(identity=identity)
    for via in ("servicecatalog", "cloudformation", "cloudformation", "lambda"):
        # As a stack keeps who has asked for it.
        caller = principal_from(principal_as_json(callers[-1])) if callers else root_user("000000000000")
        Inside({"sts": sts}, studio, None, f"{via}.amazonaws.com")(  # type: ignore[arg-type]
            caller, "eu-west-1", "sts", "GetCallerIdentity", {}
        )
    told = callers[-1].told
    assert told["aws:CalledVia"] == (
        "servicecatalog.amazonaws.com",
        "cloudformation.amazonaws.com",
        "lambda.amazonaws.com",
    )
    assert told["aws:CalledViaFirst"] == "servicecatalog.amazonaws.com"
    assert told["aws:CalledViaLast"] == "lambda.amazonaws.com"
