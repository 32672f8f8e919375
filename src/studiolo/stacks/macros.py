"""What transforms ask of the world: files in S3, the translator of serverless applications, and macros.

A macro is a Lambda function that a stack has registered by AWS::CloudFormation::Macro. It is invoked as who makes the
stack, who must be allowed to.
"""

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from studiolo.domain import Scope
from studiolo.identity import Principal
from studiolo.stacks.calling import Refused, Services
from studiolo.stacks.serverless import translated
from studiolo.stacks.template import TemplateInvalid


@dataclass(frozen=True)
class Transforming:
    """Transforms of one scope, in somebody's name. macros: the function of a macro of the scope, None for no such."""

    scope: Scope
    principal: Principal
    services: Callable[[], Services]
    reads: Callable[[Principal, str], str]
    macros: Callable[[Scope, str], str | None]
    policies: Callable[[], Mapping[str, str]]

    def fetch(self, url: str) -> str:
        return self.reads(self.principal, url)

    def serverless(self, body: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
        return translated(body, values, self.policies(), self.scope)

    def macro(self, name: str, fragment: Any, parameters: Mapping[str, Any], values: Mapping[str, Any]) -> Any:
        function = self.macros(self.scope, name)
        if function is None:
            raise TemplateInvalid(f"No transform named {name} found.")
        request = str(uuid.uuid4())
        event = {
            "region": self.scope.region,
            "accountId": self.scope.account,
            "fragment": fragment,
            "transformId": f"{self.scope.account}::{name}",
            "params": parameters,
            "requestId": request,
            "templateParameterValues": {key: value for key, value in values.items() if not key.startswith("AWS::")},
        }
        given = {"FunctionName": function, "Payload": json.dumps(event).encode()}
        try:
            answer = self.services()(self.principal, self.scope.region, "lambda", "Invoke", given)
        except Refused as error:
            raise TemplateInvalid(f"Transform {event['transformId']} failed with: {error.message}") from error
        return made_by(str(event["transformId"]), request, answer)


def made_by(macro: str, request: str, answer: Mapping[str, Any]) -> Any:
    """The fragment that a macro's function has answered. Raises TemplateInvalid."""
    failed = f"Transform {macro} failed"
    try:
        said = json.loads(bytes(answer["Payload"]))
    except ValueError as error:
        raise TemplateInvalid(f"{failed}: its function answered what is no JSON.") from error
    if "FunctionError" in answer:
        why = said.get("errorMessage") if isinstance(said, dict) else said
        raise TemplateInvalid(f"{failed} with: {why}")
    if not isinstance(said, dict):
        raise TemplateInvalid(f"{failed}: its function answered no object.")
    if said.get("requestId") != request:
        raise TemplateInvalid(f"{failed}: its function answered another requestId than that of the event.")
    if said.get("status") != "success":
        raise TemplateInvalid(f"{failed} with: {said.get('errorMessage') or 'its function gave no errorMessage'}.")
    if "fragment" not in said:
        raise TemplateInvalid(f"{failed}: its function answered no fragment.")
    return said["fragment"]
