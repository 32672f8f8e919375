"""AWS IAM Access Analyzer: policies looked at before they are put. There are no analyzers."""

from collections.abc import Mapping
from typing import Any

from studiolo.aws.errors import ServiceError
from studiolo.aws.paging import decode_place, encode_token
from studiolo.domain import Denied, Invalid
from studiolo.identity import Finding, Position, findings
from studiolo.services.call import Call
from studiolo.services.service import Service

Request = Mapping[str, Any]

accessanalyzer = Service("accessanalyzer", {Invalid: "ValidationException", Denied: "AccessDeniedException"})

PAGE = 100
KINDS = {"AWS::S3::Bucket": "bucket", "AWS::IAM::AssumeRolePolicyDocument": "trust"}
REFERENCE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html"


@accessanalyzer.operation
def validate_policy(call: Call, request: Request) -> dict[str, Any]:
    """Policies of organizations are none here."""
    kind = {"IDENTITY_POLICY": "identity", "RESOURCE_POLICY": "resource"}.get(request["policyType"])
    if kind is None:
        message = f"accessanalyzer ValidatePolicy of a {request['policyType']} is not implemented by Studiolo"
        raise ServiceError("NotImplemented", message, 501)
    of_resource = request.get("validatePolicyResourceType")
    if of_resource is not None and kind != "resource":
        raise Invalid("validatePolicyResourceType is for policies of the type RESOURCE_POLICY alone.")
    kind = KINDS.get(of_resource or "", kind)
    document, token = request["policyDocument"], request.get("nextToken")
    begin = decode_place(token, "ValidationException")
    end = begin + request.get("maxResults", PAGE)
    found = findings(document, kind)
    more = {"nextToken": encode_token(str(end))} if len(found) > end else {}
    return {"findings": [as_finding(document, each) for each in found[begin:end]], **more}


def as_finding(document: str, finding: Finding) -> dict[str, Any]:
    path = [] if finding.statement is None else [{"value": "Statement"}, {"index": finding.statement}]
    span = {"start": as_position(document, finding.begin), "end": as_position(document, finding.end)}
    return {
        "findingDetails": finding.words,
        "findingType": finding.impact.value,
        "issueCode": finding.code,
        "learnMoreLink": f"{REFERENCE}#{finding.code.lower().replace('_', '-')}",
        "locations": [{"path": path, "span": span}],
    }


def as_position(document: str, place: Position) -> dict[str, int]:
    """Lines count from 1, columns and offsets from 0."""
    before = document.split("\n")[: place.line - 1]
    column = place.column - 1
    return {"line": place.line, "column": column, "offset": sum(len(line) + 1 for line in before) + column}
