"""AWS Lambda: functions, their code and configuration, concurrency, tags."""

from typing import Any

import botocore.exceptions

from studiolo.aws.errors import ServiceError
from studiolo.domain import Invalid
from studiolo.functions import LARGEST_ZIP, MOST, Settings, TooLargeRequest, function_named, paged, unreserved
from studiolo.services.call import Call
from studiolo.services.lambda_.service import INVALID, Request, as_configuration, as_page, lambda_, named
from studiolo.services.patience import Patience

RECORDED = ("VpcConfig", "KMSKeyArn", "TracingConfig", "FileSystemConfigs")
REFUSED = (
    "ImageConfig",
    "CodeSigningConfigArn",
    "TenancyConfig",
    "CapacityProviderConfig",
    "DurableConfig",
    "PublishTo",
)
MOVING = frozenset({"InProgress"})


@lambda_.operation
def create_function(call: Call, request: Request) -> dict[str, Any]:
    if request.get("PackageType", "Zip") != "Zip" or "ImageUri" in request["Code"]:
        raise ServiceError(
            INVALID, "Studiolo has no container images: give the function's code as a zip (Code.ZipFile or S3)."
        )
    _refuse(request)
    for name in ("Runtime", "Handler"):
        if name not in request:
            raise ServiceError(
                INVALID, f"{name} and Handler are mandatory parameters for functions created with deployment packages."
            )
    name, qualifier = function_named(request["FunctionName"])
    if qualifier is not None:
        raise ServiceError(INVALID, "A function is created without a version in its name.")
    settings = Settings(role=request["Role"], runtime=request["Runtime"], handler=request["Handler"])
    settings = Settings(**{**vars(settings), **changes_in(request, settings)})
    made = call.studio.functions.create(
        call.scope,
        call.principal,
        name,
        settings,
        code_of(call, request["Code"]),
        request.get("Tags", {}),
        publish=request.get("Publish", False),
    )
    return as_configuration(call, made)


@lambda_.operation
def delete_function(call: Call, request: Request) -> dict[str, Any]:
    call.studio.functions.delete(call.scope, *named(call, request))
    return {"StatusCode": 204}


@lambda_.operation
def delete_function_concurrency(call: Call, request: Request) -> dict[str, Any]:
    call.studio.functions.reserve(call.scope, named(call, request)[0], None)
    return {}


@lambda_.operation
def get_account_settings(call: Call, request: Request) -> dict[str, Any]:
    found = call.studio.functions.all(call.scope, None, 100_000).items
    return {
        "AccountLimit": {
            "TotalCodeSize": 80530636800,
            "CodeSizeUnzipped": 262144000,
            "CodeSizeZipped": LARGEST_ZIP,
            "ConcurrentExecutions": MOST,
            "UnreservedConcurrentExecutions": unreserved(found),
        },
        "AccountUsage": {"TotalCodeSize": sum(each.code.size for each in found), "FunctionCount": len(found)},
    }


@lambda_.patient(Patience("function", "FunctionName", ("Configuration", "LastUpdateStatus"), MOVING, seconds=5))
def get_function(call: Call, request: Request) -> dict[str, Any]:
    """Without the address of its code, as nothing gives that out."""
    name, qualifier = named(call, request)
    found = call.studio.functions.find(call.scope, name, qualifier)
    told: dict[str, Any] = {
        "Configuration": as_configuration(call, found, qualified=qualifier is not None),
        "Code": {"RepositoryType": "S3"},
    }
    if found.tags:
        told["Tags"] = dict(found.tags)
    if found.reserved is not None:
        told["Concurrency"] = {"ReservedConcurrentExecutions": found.reserved}
    return told


@lambda_.operation
def get_function_code_signing_config(call: Call, request: Request) -> dict[str, Any]:
    # No function has any: one that names it is refused. Terraform asks for every function.
    found = call.studio.functions.find(call.scope, named(call, request)[0])
    return {"CodeSigningConfigArn": "", "FunctionName": found.name}


@lambda_.operation
def get_function_concurrency(call: Call, request: Request) -> dict[str, Any]:
    reserved = call.studio.functions.find(call.scope, named(call, request)[0]).reserved
    return {} if reserved is None else {"ReservedConcurrentExecutions": reserved}


@lambda_.patient(Patience("function", "FunctionName", ("LastUpdateStatus",), MOVING, seconds=5))
def get_function_configuration(call: Call, request: Request) -> dict[str, Any]:
    name, qualifier = named(call, request)
    return as_configuration(
        call, call.studio.functions.find(call.scope, name, qualifier), qualified=qualifier is not None
    )


@lambda_.operation
def list_functions(call: Call, request: Request) -> Any:
    functions = call.studio.functions
    if request.get("FunctionVersion") != "ALL":
        return as_page(
            request,
            "Functions",
            lambda after, limit: functions.all(call.scope, after, limit),
            lambda each: _listed(call, each),
        )
    every = [
        version
        for each in functions.all(call.scope, None, 100_000).items
        for version in functions.versions(call.scope, each.name, None, 100_000).items
    ]
    return as_page(
        request,
        "Functions",
        lambda after, limit: paged(every, after, limit),
        lambda each: as_configuration(call, each, True),
    )


@lambda_.operation
def list_tags(call: Call, request: Request) -> dict[str, Any]:
    return {"Tags": dict(call.studio.functions.find(call.scope, _tagged(request)).tags)}


@lambda_.operation
def put_function_concurrency(call: Call, request: Request) -> dict[str, Any]:
    concurrency = request["ReservedConcurrentExecutions"]
    call.studio.functions.reserve(call.scope, named(call, request)[0], concurrency)
    return {"ReservedConcurrentExecutions": concurrency}


@lambda_.operation
def tag_resource(call: Call, request: Request) -> dict[str, Any]:
    call.studio.functions.tag(call.scope, _tagged(request), request["Tags"])
    return {}


@lambda_.operation
def untag_resource(call: Call, request: Request) -> dict[str, Any]:
    call.studio.functions.tag(call.scope, _tagged(request), {}, request["TagKeys"])
    return {}


@lambda_.operation
def update_function_code(call: Call, request: Request) -> dict[str, Any]:
    if "ImageUri" in request:
        raise ServiceError(INVALID, "Studiolo has no container images: give the function's code as a zip.")
    name, functions = named(call, request)[0], call.studio.functions
    functions.find(call.scope, name)
    architectures = request.get("Architectures")
    changed = functions.update_code(
        call.scope,
        name,
        code_of(call, request),
        architecture=architectures[0] if architectures else None,
        revision=request.get("RevisionId"),
        dry=request.get("DryRun", False),
    )
    if request.get("Publish", False) and not request.get("DryRun", False):
        changed = functions.publish(call.scope, name)
    return as_configuration(call, changed)


@lambda_.operation
def update_function_configuration(call: Call, request: Request) -> dict[str, Any]:
    _refuse(request)
    name, functions = named(call, request)[0], call.studio.functions
    before = functions.find(call.scope, name).settings
    changes = changes_in(request, before)
    revision = request.get("RevisionId")
    return as_configuration(call, functions.update_settings(call.scope, call.principal, name, revision, changes))


def changes_in(request: Request, before: Settings) -> dict[str, Any]:
    """What a request says of how a function runs, in the domain's words."""
    names = {"Role": "role", "Runtime": "runtime", "Handler": "handler", "Description": "description",
             "Timeout": "timeout", "MemorySize": "memory"}  # fmt: skip
    found: dict[str, Any] = {ours: request[name] for name, ours in names.items() if name in request}
    if "Environment" in request:
        found["variables"] = dict(request["Environment"].get("Variables", {}))
    if "Layers" in request:
        found["layers"] = tuple(request["Layers"])
    if "DeadLetterConfig" in request:
        found["dead_letter"] = request["DeadLetterConfig"].get("TargetArn") or None
    if "EphemeralStorage" in request:
        found["storage"] = request["EphemeralStorage"]["Size"]
    if request.get("Architectures"):
        found["architecture"] = request["Architectures"][0]
    if "LoggingConfig" in request:
        given = request["LoggingConfig"]
        found |= {"log_group": given.get("LogGroup") or None, "log_format": given.get("LogFormat", "Text"),
                  "log_level": given.get("ApplicationLogLevel")}  # fmt: skip
    recorded = {name: request[name] for name in RECORDED if request.get(name)}
    return {**found, "recorded": {**before.recorded, **recorded}}


def code_of(call: Call, given: Request) -> bytes:
    """The zip that is given, or lies in S3 where the caller can read it."""
    data = given.get("ZipFile")
    if data is not None and given.keys() & {"ImageUri", "S3Bucket", "S3Key"}:
        raise ServiceError(INVALID, "Please do not provide other FunctionCode parameters when providing a ZipFile.")
    if data is None and "S3Bucket" in given and "S3Key" in given:
        data = _read(call, given)
    if data is None:
        raise ServiceError(INVALID, "Please provide a source for function code: ZipFile, or S3Bucket and S3Key.")
    if len(data) > LARGEST_ZIP:
        raise TooLargeRequest(f"The zip has {len(data)} bytes; it may have {LARGEST_ZIP}.")
    return bytes(data)


def _read(call: Call, given: Request) -> bytes:
    where = {"Bucket": given["S3Bucket"], "Key": given["S3Key"]}
    if given.get("S3ObjectVersion"):
        where["VersionId"] = given["S3ObjectVersion"]
    try:
        found = call.studio.functions.objects.client(call.principal).get_object(**where)
        data: bytes = found["Body"].read(LARGEST_ZIP + 1)
    except botocore.exceptions.ClientError as error:
        code, message = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
        raise Invalid(f"Error occurred while GetObject. S3 Error Code: {code}. S3 Error Message: {message}") from error
    return data


def _refuse(request: Request) -> None:
    for name in REFUSED:
        if request.get(name):
            raise ServiceError(INVALID, f"{name} is not supported by Studiolo.")
    if request.get("SnapStart", {}).get("ApplyOn", "None") != "None":
        raise ServiceError(INVALID, "SnapStart is not supported by Studiolo.")


def _tagged(request: Request) -> str:
    return function_named(request.get("Resource") or request["ResourceArn"])[0]


def _listed(call: Call, function: Any) -> dict[str, Any]:
    """As it stands in a list: without its state."""
    told = as_configuration(call, function, qualified=False)
    return {name: value for name, value in told.items() if not name.startswith(("State", "LastUpdateStatus"))}
