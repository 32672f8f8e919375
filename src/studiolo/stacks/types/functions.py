"""AWS::Lambda: functions, versions, aliases, permissions, layers, how events are invoked."""

import io
import zipfile
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from studiolo.calling import Refused
from studiolo.stacks.types.base import At, Properties, ResourceType, changed, differs, existing, without

INLINE = {
    "python": ("index.py", "cfnresponse.py", "cfnresponse.py"),
    "nodejs": ("index.js", "cfn-response.js", "node_modules/cfn-response.js"),
}
"""What the inline code of a runtime is named, what CloudFormation puts beside it, and where."""
SETTINGS = (
    "DeadLetterConfig", "Description", "Environment", "EphemeralStorage", "FileSystemConfigs", "Handler", "KmsKeyArn",
    "Layers", "LoggingConfig", "MemorySize", "Role", "Runtime", "SnapStart", "Timeout", "TracingConfig", "VpcConfig",
)  # fmt: skip
DEFAULTS: Mapping[str, Any] = {
    "DeadLetterConfig": {},
    "Description": "",
    "Environment": {},
    "EphemeralStorage": {"Size": 512},
    "Layers": [],
    "MemorySize": 128,
    "Timeout": 3,
}
"""What a property is, as an update says it, that a template does not give any more."""


class Function(ResourceType):
    """Ref is its name."""

    name = "AWS::Lambda::Function"
    named_by = "FunctionName"

    def _name(self, at: At, properties: Properties) -> str:
        return str(properties.get("FunctionName") or at.name(64))

    def create(self, at: At, properties: Properties) -> str:
        name = self._name(at, properties)
        at.call(
            "lambda",
            "CreateFunction",
            FunctionName=name,
            Code=_code(properties),
            Architectures=properties.get("Architectures"),
            PackageType=properties.get("PackageType"),
            CodeSigningConfigArn=properties.get("CodeSigningConfigArn"),
            Tags=at.tag_map(properties),
            **_settings(properties),
        )
        self._reserve(at, name, properties, {})
        return name

    def find(self, at: At, properties: Properties) -> str | None:
        name = self._name(at, properties)
        found = existing(at.call, service="lambda", operation="GetFunction", FunctionName=name)
        return None if found is None else name

    def ready(self, at: At, physical: str, properties: Properties) -> bool:
        found = at.call("lambda", "GetFunctionConfiguration", FunctionName=physical)
        if "Failed" in (found["State"], found["LastUpdateStatus"]):
            reason = found.get("StateReason") or found.get("LastUpdateStatusReason")
            raise Refused("NotStabilized", f"The function {physical} cannot be invoked: {reason}")
        return (found["State"], found["LastUpdateStatus"]) == ("Active", "Successful")

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        _refuse_changes(properties, before)
        # The code first: settings may take the while that another runtime needs.
        if differs(properties, before, "Code", "Architectures", "Runtime"):
            code, architectures = _code(properties), properties.get("Architectures")
            at.call("lambda", "UpdateFunctionCode", FunctionName=physical, Architectures=architectures, **code)
        settings, had = _settings(properties), _settings(before)
        if settings != had:
            given = {name: settings.get(name, DEFAULTS.get(name)) for name in {*settings, *had}}
            at.call("lambda", "UpdateFunctionConfiguration", FunctionName=physical, **given)
        self._reserve(at, physical, properties, before)
        if differs(properties, before, "Tags"):
            arn = _arn(at, physical)
            tags = at.tag_map(properties)
            gone = [key for key in at.tag_map(before) if key not in tags]
            at.call("lambda", "TagResource", Resource=arn, Tags=tags)
            if gone:
                at.call("lambda", "UntagResource", Resource=arn, TagKeys=gone)

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        at.call("lambda", "DeleteFunction", FunctionName=physical)

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        return {"Arn": _arn(at, physical)}

    def _reserve(self, at: At, name: str, properties: Properties, before: Properties) -> None:
        wanted = properties.get("ReservedConcurrentExecutions")
        if wanted == before.get("ReservedConcurrentExecutions"):
            return
        if wanted is None:
            at.call("lambda", "DeleteFunctionConcurrency", FunctionName=name)
        else:
            at.call("lambda", "PutFunctionConcurrency", FunctionName=name, ReservedConcurrentExecutions=wanted)


class Version(ResourceType):
    """Ref is its ARN. What was published before its stack knew of it is found as the last version."""

    name = "AWS::Lambda::Version"

    def create(self, at: At, properties: Properties) -> str:
        if properties.get("ProvisionedConcurrencyConfig"):
            raise Refused("InvalidRequest", "ProvisionedConcurrencyConfig is not supported by Studiolo.")
        given = {name: properties.get(name) for name in ("FunctionName", "CodeSha256", "Description")}
        made = at.call("lambda", "PublishVersion", **given)
        return str(made["FunctionArn"])

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        arn, _, version = physical.rpartition(":")
        at.call("lambda", "DeleteFunction", FunctionName=arn, Qualifier=version)

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        return {"FunctionArn": physical, "Version": physical.rpartition(":")[2]}


class Alias(ResourceType):
    """Ref is its ARN."""

    name = "AWS::Lambda::Alias"

    def create(self, at: At, properties: Properties) -> str:
        return str(at.call("lambda", "CreateAlias", **_alias(properties))["AliasArn"])

    def find(self, at: At, properties: Properties) -> str | None:
        which = {"FunctionName": properties["FunctionName"], "Name": properties["Name"]}
        found = existing(at.call, service="lambda", operation="GetAlias", **which)
        return None if found is None else str(found["AliasArn"])

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        at.call("lambda", "UpdateAlias", **{"RoutingConfig": {}, "Description": "", **_alias(properties)})

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        at.call("lambda", "DeleteAlias", FunctionName=properties["FunctionName"], Name=properties["Name"])

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        return {"AliasArn": physical}


class Permission(ResourceType):
    """Ref is the id of its statement."""

    name = "AWS::Lambda::Permission"

    def create(self, at: At, properties: Properties) -> str:
        name, qualifier = _qualified(properties["FunctionName"])
        given = without(properties, "FunctionName")
        physical = at.name(100)
        at.call("lambda", "AddPermission", FunctionName=name, Qualifier=qualifier, StatementId=physical, **given)
        return physical

    def find(self, at: At, properties: Properties) -> str | None:
        name, qualifier = _qualified(properties["FunctionName"])
        given = {"FunctionName": name, **({} if qualifier is None else {"Qualifier": qualifier})}
        found = existing(at.call, service="lambda", operation="GetPolicy", **given)
        return at.name(100) if found is not None and f'"{at.name(100)}"' in found["Policy"] else None

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        name, qualifier = _qualified(properties["FunctionName"])
        at.call("lambda", "RemovePermission", FunctionName=name, Qualifier=qualifier, StatementId=physical)

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        return {"Id": physical}


class Url(ResourceType):
    """Ref is the ARN of its function."""

    name = "AWS::Lambda::Url"

    def create(self, at: At, properties: Properties) -> str:
        made = at.call("lambda", "CreateFunctionUrlConfig", **_target(properties), **_url(properties))
        return str(made["FunctionArn"])

    def find(self, at: At, properties: Properties) -> str | None:
        found = existing(at.call, service="lambda", operation="GetFunctionUrlConfig", **_target(properties))
        return None if found is None else str(found["FunctionArn"])

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        at.call("lambda", "UpdateFunctionUrlConfig", **_target(properties), **{"Cors": {}, **_url(properties)})

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        at.call("lambda", "DeleteFunctionUrlConfig", **_target(properties))

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        found = at.call("lambda", "GetFunctionUrlConfig", **_target(properties))
        return {"FunctionArn": physical, "FunctionUrl": found["FunctionUrl"]}


class LayerVersion(ResourceType):
    """Ref is its ARN."""

    name = "AWS::Lambda::LayerVersion"

    def create(self, at: At, properties: Properties) -> str:
        given = {"LayerName": at.name(100), **without(properties, "Content")}
        made = at.call("lambda", "PublishLayerVersion", **given, Content=dict(properties["Content"]))
        return str(made["LayerVersionArn"])

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        arn, _, number = physical.rpartition(":")
        at.call("lambda", "DeleteLayerVersion", LayerName=arn, VersionNumber=int(number))

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        return {"LayerVersionArn": physical}


class EventInvokeConfig(ResourceType):
    name = "AWS::Lambda::EventInvokeConfig"

    def create(self, at: At, properties: Properties) -> str:
        at.call("lambda", "PutFunctionEventInvokeConfig", **properties)
        return f"{properties['FunctionName']}|{properties['Qualifier']}"

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        self.create(at, properties)

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        which = {"FunctionName": properties["FunctionName"], "Qualifier": properties["Qualifier"]}
        at.call("lambda", "DeleteFunctionEventInvokeConfig", **which)


def _settings(properties: Properties) -> dict[str, Any]:
    found = {name: properties[name] for name in SETTINGS if name in properties}
    if "KmsKeyArn" in found:
        found["KMSKeyArn"] = found.pop("KmsKeyArn")
    return found


def _code(properties: Properties) -> dict[str, Any]:
    """The code as the service takes it; inline code as a zip, with the module that answers custom resources."""
    given = properties["Code"]
    if "ZipFile" not in given:
        return {name: given[name] for name in ("S3Bucket", "S3Key", "S3ObjectVersion", "ImageUri") if name in given}
    runtime = str(properties.get("Runtime", ""))
    names = next((names for prefix, names in INLINE.items() if runtime.startswith(prefix)), None)
    if names is None:
        raise Refused("InvalidRequest", f"Inline code (ZipFile) is for Python and Node, not for {runtime}.")
    packed = io.BytesIO()
    beside = files("studiolo.stacks").joinpath("inline").joinpath(names[1]).read_text()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in ((names[0], given["ZipFile"]), (names[2], beside)):
            # Of one moment: the same code is the same zip.
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), text)
    return {"ZipFile": packed.getvalue()}


def _refuse_changes(properties: Properties, before: Properties) -> None:
    if differs(properties, before, "CodeSigningConfigArn"):
        raise Refused("InvalidRequest", f"Studiolo has no update of {', '.join(changed(properties, before))}.")


def _alias(properties: Properties) -> dict[str, Any]:
    if properties.get("ProvisionedConcurrencyConfig"):
        raise Refused("InvalidRequest", "ProvisionedConcurrencyConfig is not supported by Studiolo.")
    found = without(properties, "RoutingConfig")
    weights = (properties.get("RoutingConfig") or {}).get("AdditionalVersionWeights")
    if weights:
        pairs = {each["FunctionVersion"]: each["FunctionWeight"] for each in weights}
        found["RoutingConfig"] = {"AdditionalVersionWeights": pairs}
    return found


def _target(properties: Properties) -> dict[str, Any]:
    """What a URL is of."""
    name, qualifier = _qualified(properties["TargetFunctionArn"])
    qualifier = properties.get("Qualifier", qualifier)
    return {"FunctionName": name, **({} if qualifier is None else {"Qualifier": qualifier})}


def _url(properties: Properties) -> dict[str, Any]:
    return without(properties, "TargetFunctionArn", "Qualifier")


def _qualified(name: str) -> tuple[str, str | None]:
    """A function's name, or ARN, and the version or alias behind it."""
    parts = name.split(":")
    if len(parts) == 8 or (len(parts) == 2):
        return ":".join(parts[:-1]), parts[-1]
    return name, None


def _arn(at: At, name: str) -> str:
    return f"arn:{at.scope.partition}:lambda:{at.scope.region}:{at.scope.account}:function:{name}"


TYPES = (Function, Version, Alias, Permission, Url, LayerVersion, EventInvokeConfig)
