"""Amazon SageMaker Feature Store Runtime: records of feature groups."""

from collections.abc import Mapping
from typing import Any

from studiolo.aws.errors import ServiceError
from studiolo.domain import AlreadyExists, Conflict, Denied, DomainError, Invalid, LimitExceeded, NotFound
from studiolo.features import Found, NoFeatureGroup, Ttl, Value
from studiolo.features.values import moment_of
from studiolo.services.call import Call
from studiolo.services.service import Service

INVALID = "ValidationError"

sagemaker_featurestore_runtime = Service(
    "sagemaker-featurestore-runtime",
    {
        NotFound: INVALID,
        AlreadyExists: INVALID,
        Invalid: INVALID,
        Conflict: INVALID,
        LimitExceeded: INVALID,
        Denied: "AccessDeniedException",
    },
    invalid=INVALID,
)


@sagemaker_featurestore_runtime.operation
def batch_get_record(call: Call, request: Mapping[str, Any]) -> dict[str, Any]:
    records: list[dict[str, Any]] = []
    errors: list[dict[str, str]] = []
    told = request.get("ExpirationTimeResponse") == "Enabled"
    for asked in request["Identifiers"]:
        group, identifiers = asked["FeatureGroupName"], list(dict.fromkeys(asked["RecordIdentifiersValueAsString"]))
        try:
            found = call.studio.features.records.get_all(call.scope, group, identifiers, asked.get("FeatureNames"))
        except DomainError as error:
            code = "ResourceNotFound" if isinstance(error, NoFeatureGroup) else INVALID
            errors += [
                {
                    "FeatureGroupName": group,
                    "RecordIdentifierValueAsString": identifier,
                    "ErrorCode": code,
                    "ErrorMessage": str(error),
                }
                for identifier in identifiers
            ]
        else:
            records += [
                {"FeatureGroupName": group, "RecordIdentifierValueAsString": identifier, **as_record(record, told)}
                for identifier, record in found.items()
            ]
    return {"Records": records, "Errors": errors, "UnprocessedIdentifiers": []}


@sagemaker_featurestore_runtime.operation
def delete_record(call: Call, request: Mapping[str, Any]) -> dict[str, Any]:
    call.studio.features.records.delete(
        call.scope,
        request["FeatureGroupName"],
        request["RecordIdentifierValueAsString"],
        request["EventTime"],
        request.get("TargetStores"),
        hard=request.get("DeletionMode") == "HardDelete",
    )
    return {}


@sagemaker_featurestore_runtime.operation
def get_record(call: Call, request: Mapping[str, Any]) -> dict[str, Any]:
    name, identifier = request["FeatureGroupName"], request["RecordIdentifierValueAsString"]
    try:
        found = call.studio.features.records.get(call.scope, name, identifier, request.get("FeatureNames"))
    except NoFeatureGroup as error:
        # This operation alone has the code.
        raise ServiceError("ResourceNotFound", str(error), 404) from error
    return {} if found is None else as_record(found, request.get("ExpirationTimeResponse") == "Enabled")


@sagemaker_featurestore_runtime.operation
def put_record(call: Call, request: Mapping[str, Any]) -> dict[str, Any]:
    ttl = request.get("TtlDuration")
    call.studio.features.records.put(
        call.scope,
        request["FeatureGroupName"],
        from_record(request["Record"]),
        request.get("TargetStores"),
        None if ttl is None else Ttl(ttl["Unit"], ttl["Value"]),
    )
    return {}


def from_record(features: Any) -> Mapping[str, Value]:
    record: dict[str, Value] = {}
    for given in features:
        name = given["FeatureName"]
        values = [given[member] for member in ("ValueAsString", "ValueAsStringList") if member in given]
        if len(values) != 1:
            message = f"Validation Error: Feature {name} needs one of ValueAsString and ValueAsStringList."
            raise ServiceError(INVALID, message)
        if name in record:
            raise ServiceError(INVALID, f"Validation Error: Feature {name} is given more than once.")
        record[name] = values[0]
    return record


def as_record(found: Found, told: bool) -> dict[str, Any]:
    """The values of a record; told: with when it expires, if it does."""
    record = [
        {"FeatureName": name, "ValueAsString" if isinstance(value, str) else "ValueAsStringList": value}
        for name, value in found.values.items()
    ]
    expires = None if found.expires is None or not told else moment_of(found.expires)
    return {"Record": record, **({} if expires is None else {"ExpiresAt": f"{expires:%Y-%m-%dT%H:%M:%SZ}"})}
