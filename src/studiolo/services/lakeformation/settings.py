"""AWS Lake Formation: data lake settings and registered locations."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from studiolo.domain import Invalid
from studiolo.governance import Location, Settings
from studiolo.identity import Question
from studiolo.services.call import Call
from studiolo.services.lakeformation.resources import as_principal, to_principal
from studiolo.services.lakeformation.service import lakeformation, next_token, numbered, scope_of

if TYPE_CHECKING:
    from mypy_boto3_lakeformation import type_defs as shapes

DEFAULT_PAGE = 100


@lakeformation.operation
def deregister_resource(call: Call, request: "shapes.DeregisterResourceRequestTypeDef") -> dict[str, Any]:
    call.studio.lake.deregister(call.scope, request["ResourceArn"])
    return {}


@lakeformation.operation
def describe_resource(call: Call, request: "shapes.DescribeResourceRequestTypeDef") -> dict[str, Any]:
    return {"ResourceInfo": _as_location(call, call.studio.lake.location(call.scope, request["ResourceArn"]))}


@lakeformation.operation
def get_data_lake_settings(call: Call, request: "shapes.GetDataLakeSettingsRequestTypeDef") -> dict[str, Any]:
    return {"DataLakeSettings": _as_settings(call.studio.lake.settings(scope_of(call, request.get("CatalogId"))))}


@lakeformation.operation
def list_resources(call: Call, request: "shapes.ListResourcesRequestTypeDef") -> dict[str, Any]:
    shown = [_as_location(call, each) for each in call.studio.lake.locations(call.scope)]
    conditions = request.get("FilterConditionList", ())
    found = [each for each in shown if all(_holds(condition, each) for condition in conditions)]
    page = numbered(found, request, DEFAULT_PAGE)
    return {"ResourceInfoList": page.items, **next_token(page)}


@lakeformation.operation
def put_data_lake_settings(call: Call, request: "shapes.PutDataLakeSettingsRequestTypeDef") -> dict[str, Any]:
    """Who may call it is IAM's to say, as at AWS: so the first administrator is made."""
    scope = scope_of(call, request.get("CatalogId"))
    call.studio.lake.put_settings(scope, _to_settings(request["DataLakeSettings"], call.studio.lake.settings(scope)))
    return {}


@lakeformation.operation
def register_resource(call: Call, request: "shapes.RegisterResourceRequestTypeDef") -> dict[str, Any]:
    call.studio.lake.register(call.scope, _to_location(call, request))
    return {}


@lakeformation.operation
def update_resource(call: Call, request: "shapes.UpdateResourceRequestTypeDef") -> dict[str, Any]:
    call.studio.lake.update_location(call.scope, _to_location(call, request))
    return {}


def _to_location(call: Call, asked: Mapping[str, Any]) -> Location:
    """Raises Invalid and NotAuthorized."""
    linked, role = asked.get("UseServiceLinkedRole"), asked.get("RoleArn")
    if bool(linked) == bool(role):
        raise Invalid("Give either a RoleArn or UseServiceLinkedRole.")
    identity = call.studio.identity
    if role:
        identity.may_pass(call.principal, role, "lakeformation.amazonaws.com")
    else:
        # The service's own role is given rights there, which whoever owns a table at the place has through it.
        linked_role = call.studio.lake.linked_role_arn(call.scope)
        identity.authorize(call.principal, [Question("iam:PutRolePolicy", linked_role)])
    return Location(
        asked["ResourceArn"],
        role or "",
        hybrid=asked.get("HybridAccessEnabled") or False,
        federated=asked.get("WithFederation") or False,
        privileged=asked.get("WithPrivilegedAccess") or False,
        owner=asked.get("ExpectedResourceOwnerAccount"),
    )


def _as_location(call: Call, location: Location) -> dict[str, Any]:
    shown = {
        "ResourceArn": location.arn,
        "RoleArn": location.role,
        "LastModified": location.modified,
        "WithFederation": location.federated,
        "HybridAccessEnabled": location.hybrid,
        "WithPrivilegedAccess": location.privileged,
        "VerificationStatus": "VERIFIED" if call.studio.lake.usable(location) else "VERIFICATION_FAILED",
        "ExpectedResourceOwnerAccount": location.owner,
    }
    return {name: value for name, value in shown.items() if value is not None}


_FIELDS = {"RESOURCE_ARN": "ResourceArn", "ROLE_ARN": "RoleArn", "LAST_MODIFIED": "LastModified"}


def _holds(condition: Mapping[str, Any], shown: Mapping[str, Any]) -> bool:
    """Whether a condition of a list holds. Raises Invalid for a comparison that is not made here."""
    value = str(shown[_FIELDS[condition["Field"]]])
    wanted, how = condition.get("StringValueList") or [""], condition["ComparisonOperator"]
    tests: Mapping[str, Callable[[], bool]] = {
        "EQ": lambda: value == wanted[0],
        "NE": lambda: value != wanted[0],
        "CONTAINS": lambda: wanted[0] in value,
        "NOT_CONTAINS": lambda: wanted[0] not in value,
        "BEGINS_WITH": lambda: value.startswith(wanted[0]),
        "IN": lambda: value in wanted,
    }
    if how not in tests or condition["Field"] == "LAST_MODIFIED":
        raise Invalid(f"{condition['Field']} cannot be compared by {how}.")
    return tests[how]()


def _to_settings(asked: Mapping[str, Any], before: Settings) -> Settings:
    def principals(name: str) -> tuple[str, ...]:
        return tuple(to_principal(each) for each in asked.get(name) or ())

    def defaults(name: str, kept: Any) -> tuple[tuple[str, tuple[str, ...]], ...]:
        if name not in asked:
            return tuple(kept)
        return tuple(
            (to_principal(each.get("Principal")), tuple(each.get("Permissions") or ())) for each in asked[name]
        )

    return Settings(
        admins=principals("DataLakeAdmins"),
        read_only_admins=principals("ReadOnlyAdmins"),
        database_defaults=defaults("CreateDatabaseDefaultPermissions", ()),
        table_defaults=defaults("CreateTableDefaultPermissions", ()),
        parameters=asked.get("Parameters") or before.parameters,
        trusted_owners=tuple(asked.get("TrustedResourceOwners") or ()),
        external_filtering=asked.get("AllowExternalDataFiltering") or False,
        full_table_access=asked.get("AllowFullTableExternalDataAccess") or False,
        filtering_accounts=principals("ExternalDataFilteringAllowList"),
        session_tags=tuple(asked.get("AuthorizedSessionTagValueList") or ()),
    )


def _as_settings(settings: Settings) -> dict[str, Any]:
    def defaults(known: tuple[tuple[str, tuple[str, ...]], ...]) -> list[dict[str, Any]]:
        return [{"Principal": as_principal(who), "Permissions": list(may)} for who, may in known]

    return {
        "DataLakeAdmins": [as_principal(each) for each in settings.admins],
        "ReadOnlyAdmins": [as_principal(each) for each in settings.read_only_admins],
        "CreateDatabaseDefaultPermissions": defaults(settings.database_defaults),
        "CreateTableDefaultPermissions": defaults(settings.table_defaults),
        "Parameters": settings.parameters,
        "TrustedResourceOwners": list(settings.trusted_owners),
        "AllowExternalDataFiltering": settings.external_filtering,
        "AllowFullTableExternalDataAccess": settings.full_table_access,
        "ExternalDataFilteringAllowList": [as_principal(each) for each in settings.filtering_accounts],
        "AuthorizedSessionTagValueList": list(settings.session_tags),
    }
