"""The values that a stack's template gets from what is there: its resources, exports, parameters of SSM, secrets."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from studiolo.calling import Refused, Services
from studiolo.domain import Scope
from studiolo.identity import Principal
from studiolo.stacks.model import Resource, Stack
from studiolo.stacks.store import Missing, Store
from studiolo.stacks.template import TemplateInvalid, Unknown
from studiolo.stacks.types.base import ResourceType

ZONES = ("a", "b", "c")
_DYNAMIC = re.compile(r"\{\{resolve:(ssm|ssm-secure|secretsmanager):([^}]*)\}\}")


class Live:
    """What the functions of a stack's template find. `imports` are the exports that were asked for."""

    def __init__(
        self, store: Store, types: Callable[[str], ResourceType], scope: Scope, current: Mapping[str, Resource]
    ) -> None:
        self._store = store
        self._types = types
        self._scope = scope
        self._current = current
        self.imports: set[str] = set()

    def resource(self, logical: str, attribute: str | None) -> Any:
        resource = self._current.get(logical)
        if resource is None or resource.physical is None:
            return Unknown(frozenset({(logical, attribute)}))
        if attribute is None:
            return resource.physical
        return attribute_of(self._types(resource.type), resource, attribute)

    def export(self, name: str) -> Any:
        found = next((row.value for row in self._store.exports(self._scope) if row.name == name), None)
        if found is None:
            raise TemplateInvalid(f"No export named {name} found")
        self.imports.add(name)
        return found

    def output(self, stack: str, name: str, region: str | None, role: str | None) -> Any:
        """Of a stack of the same account; no rights are asked."""
        if role is not None and role.split(":")[4:5] != [self._scope.account]:
            raise TemplateInvalid("At Studiolo Fn::GetStackOutput reads stacks of the same account.")
        scope = self._scope if region is None else replace(self._scope, region=region)
        try:
            found = self._store.stack(scope, stack, deleted=False)
        except Missing as error:
            raise TemplateInvalid(f"Fn::GetStackOutput: Stack {stack} does not exist in {scope.region}") from error
        for each in found.outputs:
            if each["OutputKey"] == name:
                return each["OutputValue"]
        raise TemplateInvalid(f"Fn::GetStackOutput: Stack {stack} has no output {name}")

    def zones(self, region: str) -> Sequence[str]:
        return [f"{region}{letter}" for letter in ZONES]


def attribute_of(kind: ResourceType, resource: Resource, attribute: str) -> Any:
    """GetAtt of a resource. Raises TemplateInvalid."""
    if attribute in resource.attributes:
        return resource.attributes[attribute]
    if kind.any_properties:
        raise TemplateInvalid(
            f"CustomResource attribute error: Vendor response doesn't contain {attribute} attribute in object "
            f"{resource.stack}|{resource.logical}|{resource.physical}"
        )
    found: Any = resource.properties
    for part in attribute.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    schema = kind.schema
    if found is None and (schema is None or attribute.split(".")[0] not in schema.document["properties"]):
        raise TemplateInvalid(f"Requested attribute {attribute} does not exist in schema for {resource.type}")
    return "" if found is None else found


def secrets_resolved(value: Any, services: Services, principal: Principal, region: str) -> Any:
    """A value with its dynamic references (`{{resolve:ssm:name}}`) replaced. Raises Refused."""
    if isinstance(value, dict):
        return {key: secrets_resolved(item, services, principal, region) for key, item in value.items()}
    if isinstance(value, list):
        return [secrets_resolved(item, services, principal, region) for item in value]
    if not isinstance(value, str) or "{{resolve:" not in value:
        return value

    def found(match: re.Match[str]) -> str:
        def call(service: str, operation: str, **parameters: Any) -> Mapping[str, Any]:
            return services(principal, region, service, operation, parameters)

        if match[1] == "secretsmanager":
            return _secret(match[2], call)
        name, _, version = match[2].partition(":")
        secure = {"WithDecryption": True} if match[1] == "ssm-secure" else {}
        answer = call("ssm", "GetParameter", Name=f"{name}:{version}" if version else name, **secure)
        return str(answer["Parameter"]["Value"])

    return _DYNAMIC.sub(found, value)


def _secret(reference: str, call: Callable[..., Mapping[str, Any]]) -> str:
    """`id:SecretString:key:stage:version`; an id that is an ARN has colons of its own."""
    length = 7 if reference.startswith("arn:") else 1
    parts = reference.split(":")
    name, rest = ":".join(parts[:length]), [*parts[length:], "", "", "", ""]
    if rest[0] not in ("", "SecretString"):
        raise Refused("ValidationError", f"Could not parse the dynamic reference to the secret {name}: {rest[0]}")
    given = {"VersionStage": rest[2], "VersionId": rest[3]}
    answer = call("secretsmanager", "GetSecretValue", SecretId=name, **{k: v for k, v in given.items() if v})
    text = str(answer["SecretString"])
    if not rest[1]:
        return text
    try:
        value = json.loads(text)[rest[1]]
    except (ValueError, KeyError, TypeError) as error:
        raise Refused("ValidationError", f"Could not find the key {rest[1]} in the secret {name}") from error
    return value if isinstance(value, str) else json.dumps(value)


def owner_of(stack: Stack) -> dict[str, str]:
    """The tags that tell which stack made a resource."""
    return {"aws:cloudformation:stack-name": stack.name, "aws:cloudformation:stack-id": stack.id}
