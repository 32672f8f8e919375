"""AWS Lake Formation: temporary credentials for the data of tables and locations."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from studiolo.aws.arns import parse_arn
from studiolo.domain import Invalid, Scope
from studiolo.governance import Vended
from studiolo.services.call import Call
from studiolo.services.lakeformation.service import lakeformation, shared_scope_of

if TYPE_CHECKING:
    from mypy_boto3_lakeformation import type_defs as shapes


@lakeformation.operation
def get_temporary_data_location_credentials(
    call: Call, request: "shapes.GetTemporaryDataLocationCredentialsRequestTypeDef"
) -> dict[str, Any]:
    given = request.get("CredentialsScope", "READ")
    vended = call.studio.vending.for_locations(
        call.principal,
        call.scope,
        request.get("DataLocations") or (),
        write=given == "READWRITE",
        seconds=request.get("DurationSeconds"),
    )
    return {
        "Credentials": _as_key(vended),
        "AccessibleDataLocations": list(vended.places),
        "CredentialsScope": given,
    }


@lakeformation.operation
def get_temporary_glue_partition_credentials(
    call: Call, request: "shapes.GetTemporaryGluePartitionCredentialsRequestTypeDef"
) -> dict[str, Any]:
    return _as_key(_of_table(call, request, request["Partition"]["Values"]))


@lakeformation.operation
def get_temporary_glue_table_credentials(
    call: Call, request: "shapes.GetTemporaryGlueTableCredentialsRequestTypeDef"
) -> dict[str, Any]:
    vended = _of_table(call, request, None)
    return {**_as_key(vended), "VendedS3Path": list(vended.places)}


def _of_table(call: Call, request: Mapping[str, Any], values: Any) -> Vended:
    scope, database, name = _table_of(call, request["TableArn"])
    return call.studio.vending.for_table(
        call.principal,
        scope,
        database,
        name,
        permissions=request.get("Permissions") or (),
        types=request.get("SupportedPermissionTypes") or (),
        seconds=request.get("DurationSeconds"),
        path=request.get("S3Path"),
        values=values,
    )


def _table_of(call: Call, text: str) -> tuple[Scope, str, str]:
    """The table of an ARN. Raises Invalid."""
    try:
        arn = parse_arn(text)
    except ValueError as error:
        raise Invalid(str(error)) from error
    kind, *names = arn.resource.split("/")
    if arn.service != "glue" or kind != "table" or len(names) not in (2, 3):
        raise Invalid(f"{text} is not the ARN of a table.")
    if arn.region != call.scope.region:
        raise Invalid(f"{text} is of another region than the request.")
    account = arn.account if len(names) == 2 else f"{arn.account}:{names[0].lower()}"
    return shared_scope_of(call, account), names[-2].lower(), names[-1].lower()


def _as_key(vended: Vended) -> dict[str, Any]:
    return {
        "AccessKeyId": vended.key.id,
        "SecretAccessKey": vended.key.secret,
        "SessionToken": vended.key.session_token,
        "Expiration": vended.key.expires,
    }
