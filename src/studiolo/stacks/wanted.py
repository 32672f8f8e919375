"""What is asked of a stack, and what target that makes: template, parameters, capabilities checked."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from studiolo.calling import Refused, Services
from studiolo.domain import Invalid, Scope
from studiolo.identity import Principal
from studiolo.objects import Objects
from studiolo.stacks.macros import Transforming
from studiolo.stacks.model import Target
from studiolo.stacks.template import (
    SERVERLESS,
    Parameter,
    Template,
    TemplateInvalid,
    check_rules,
    load,
    named_transforms,
    parameters,
    pseudo,
    transformed,
)
from studiolo.stacks.types import find_type
from studiolo.stacks.types.base import ResourceType
from studiolo.stacks.urls import object_of

LONGEST_FILE = 1024 * 1024
NO_TYPE = "None"
"""Of what stands for the resources that only a transform will make."""

IAM_TYPES = {
    f"AWS::IAM::{name}"
    for name in (
        "AccessKey",
        "Group",
        "InstanceProfile",
        "ManagedPolicy",
        "Policy",
        "Role",
        "User",
        "UserToGroupAddition",
    )
}


class InsufficientCapabilities(Invalid):
    """A template does what its sender has not said to know of."""


@dataclass(frozen=True)
class WantedTemplate:
    """What is asked of a stack and of a stack set alike.

    parameters: None as a value stands for the previous one; tags None: the previous ones.
    """

    name: str
    body: str | None = None
    url: str | None = None
    previous_template: bool = False
    parameters: Mapping[str, str | None] = field(default_factory=dict)
    tags: Mapping[str, str] | None = None
    token: str | None = None


@dataclass(frozen=True)
class Wanted(WantedTemplate):
    """What is asked of a stack."""

    capabilities: tuple[str, ...] = ()
    role: str | None = None
    notifications: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    """on_failure (ROLLBACK, DELETE, DO_NOTHING), minutes, policy, policy_meanwhile (while it is updated), protected,
    retain_except_on_create."""


class Targets:
    """Makes targets of what is asked."""

    def __init__(
        self,
        objects: Objects,
        services: Callable[[], Services],
        find_type: Callable[[str], ResourceType | None],
        hosts: frozenset[str],
        macros: Callable[[Scope, str], str | None],
        policies: Callable[[], Mapping[str, str]],
    ) -> None:
        """macros: the function of a macro, None for no such; policies: ARNs of AWS's managed policies by name."""
        self._macros = macros
        self._policies = policies
        self._objects = objects
        self._services = services
        self._find_type = find_type
        self._hosts = hosts

    def text(self, principal: Principal, body: str | None, url: str | None) -> str:
        """The text of a template that is given, or named by a URL. Raises TemplateInvalid."""
        if (body is None) == (url is None):
            raise TemplateInvalid("Either Template URL or Template Body must be specified.")
        if body is not None:
            return body
        return self.fetch(principal, str(url))

    def template_text(self, principal: Principal, wanted: WantedTemplate, previous: str | None) -> str:
        """The text of the template that is asked for, which may be the previous one. Raises TemplateInvalid."""
        if not wanted.previous_template:
            return self.text(principal, wanted.body, wanted.url)
        if wanted.body is not None or wanted.url is not None:
            raise TemplateInvalid("Specify either UsePreviousTemplate or a template, not both.")
        if previous is None:
            raise TemplateInvalid("The stack has no previous template.")
        return previous

    def fetch(self, principal: Principal, url: str) -> str:
        """The text of an object of ours, as the caller may read it. Raises TemplateInvalid."""
        bucket, key, version = object_of(url, self._hosts)
        given = {"Bucket": bucket, "Key": key, **({} if version is None else {"VersionId": version})}
        client = self._objects.client(principal)
        try:
            found = client.get_object(**given)
            data: bytes = found["Body"].read(LONGEST_FILE + 1)
        except client.exceptions.ClientError as error:
            code, message = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
            raise TemplateInvalid(
                f"S3 error: {message} ({code}: s3://{bucket}/{key}). A template is read from the buckets that are here: "
                "copy it there first."
            ) from error
        if len(data) > LONGEST_FILE:
            raise TemplateInvalid(f"Template may not exceed {LONGEST_FILE} bytes in size.")
        try:
            return data.decode()
        except UnicodeDecodeError as error:
            raise TemplateInvalid("Template format error: the template is not UTF-8.") from error

    def target(
        self,
        scope: Scope,
        principal: Principal,
        wanted: Wanted,
        previous: Target | None,
        *,
        identifier: str,
        by_change_set: bool = False,
    ) -> Target:
        """What the stack is to be. Raises TemplateInvalid, InsufficientCapabilities."""
        text = self.template_text(principal, wanted, None if previous is None else previous.body)
        body = load(text)
        before = {} if previous is None else previous.parameters
        given: dict[str, str] = {}
        for name, value in wanted.parameters.items():
            if value is not None:
                given[name] = value
            elif name in before:
                given[name] = before[name].given
            else:
                raise TemplateInvalid(f"Invalid input for parameter key {name}. Cannot specify usePreviousValue as true "
                                      "for a parameter key not in the previous template")  # fmt: skip
        transforms = named_transforms(body)
        lookup = self._lookup(scope, principal)
        if transforms:
            values = self._early_values(scope, wanted, identifier, body, given, lookup)
            outside = Transforming(scope, principal, self._services, self.fetch, self._macros, self._policies)
            body = transformed(body, values, outside)
        template = Template(body).checked()
        self._check_types(template)
        resolved = parameters(template, given, lookup)
        target = Target(
            text,
            template,
            resolved,
            dict(wanted.tags) if wanted.tags is not None else dict(previous.tags) if previous is not None else {},
            wanted.capabilities,
            wanted.role or (previous.role if previous is not None else None),
            wanted.notifications or (previous.notifications if previous is not None else ()),
            tuple(transforms),
        )
        evaluator = template.evaluator(target.values(scope, wanted.name, identifier))
        check_rules(template.body.get("Rules", {}), evaluator)
        for name in template.body.get("Conditions", {}):
            evaluator.condition(name)
        template.definitions(evaluator)
        needed = needed_capabilities(template)
        if transforms and not by_change_set and set(transforms) - {"AWS::Include"}:
            needed = [*needed, "CAPABILITY_AUTO_EXPAND"]
        check_capabilities(needed, wanted.capabilities)
        return target

    def _early_values(
        self,
        scope: Scope,
        wanted: Wanted,
        identifier: str,
        body: Mapping[str, Any],
        given: Mapping[str, str],
        lookup: Callable[[str], str],
    ) -> dict[str, Any]:
        """The values that transforms may use: what they make may not declare other parameters."""
        declared = {"Parameters": body.get("Parameters", {}), "Resources": {"None": {"Type": NO_TYPE}}}
        found: Mapping[str, Parameter] = parameters(Template(declared), given, lookup)
        own = {name: parameter.value for name, parameter in found.items()}
        return {**own, **pseudo(scope, wanted.name, identifier, list(wanted.notifications))}

    def _lookup(self, scope: Scope, principal: Principal) -> Callable[[str], str]:
        def lookup(name: str) -> str:
            try:
                answer = self._services()(principal, scope.region, "ssm", "GetParameter", {"Name": name})
            except Refused as error:
                if error.missing:
                    raise TemplateInvalid(
                        f"Unable to fetch parameters [{name}] from parameter store for this account."
                    ) from error
                raise TemplateInvalid(error.message) from error
            return str(answer["Parameter"]["Value"])

        return lookup

    def _check_types(self, template: Template) -> None:
        unknown = [name for name in template.types if self._find_type(name) is None]
        if unknown:
            raise TemplateInvalid(f"Template format error: Unrecognized resource types: [{', '.join(unknown)}]")


def needed_capabilities(template: Template) -> list[str]:
    """What one must say to know of to use a template."""
    found = set()
    for resource in template.resources.values():
        if resource["Type"] in IAM_TYPES:
            named = {"RoleName", "UserName", "GroupName", "ManagedPolicyName", "InstanceProfileName"}
            own = named & set(resource.get("Properties") or {})
            # A policy's name is within its role; the users of an access key or group are named elsewhere.
            is_named = bool(own) and resource["Type"] not in ("AWS::IAM::AccessKey", "AWS::IAM::UserToGroupAddition")
            found.add("CAPABILITY_NAMED_IAM" if is_named else "CAPABILITY_IAM")
    return ["CAPABILITY_NAMED_IAM"] if "CAPABILITY_NAMED_IAM" in found else sorted(found)


def check_capabilities(needed: list[str], given: tuple[str, ...]) -> None:
    """Raise InsufficientCapabilities for one that is not given; NAMED_IAM stands for IAM too."""
    have = set(given) | ({"CAPABILITY_IAM"} if "CAPABILITY_NAMED_IAM" in given else set())
    missing = [name for name in needed if name not in have]
    if missing:
        raise InsufficientCapabilities(f"Requires capabilities : [{', '.join(missing)}]")


def processed(target: Target) -> str:
    """The template after its transforms."""
    return target.body if not target.transforms else json.dumps(dict(target.template.body), indent=2)


def absent(text: str) -> list[str]:
    """A sentence for each type that a template asks for and that is not here. Raises TemplateInvalid."""
    template, transforms = read_template(text)
    # What the transform makes of them is known only then.
    later = "AWS::Serverless::" if SERVERLESS in transforms else "\0"
    found: dict[str, list[str]] = {}
    for logical, resource in template.resources.items():
        if find_type(resource["Type"]) is None and not resource["Type"].startswith((later, NO_TYPE)):
            found.setdefault(resource["Type"], []).append(logical)
    return [f"The type {name} is not here: {', '.join(logical)}" for name, logical in sorted(found.items())]


def read_template(text: str) -> tuple[Template, list[str]]:
    """A template as it is written, and its transforms, which are not carried out. Raises TemplateInvalid."""
    body = load(text)
    transforms = named_transforms(body)
    if transforms:
        resources = {name: each for name, each in body.get("Resources", {}).items() if not name.startswith("Fn::")}
        body = {**body, "Resources": resources or {"None": {"Type": NO_TYPE}}, "Outputs": {}}
    return Template(body).checked(), transforms
