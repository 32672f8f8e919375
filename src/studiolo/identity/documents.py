"""The grammar of policies: whether a text is one that AWS would take; what is wrong is said in its words.

After "Grammar of the IAM JSON policy language" and "Troubleshoot IAM policies" (IAM User Guide); "Examples of Amazon S3
bucket policies" (S3 User Guide). The kinds of policies differ in which fields they must and must not have, and in the
words that their service refuses them with; each production is written once.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, NoReturn

from studiolo.domain import Invalid
from studiolo.identity.conditions import UnknownOperator, UnknownValue, conditions, split_arn
from studiolo.identity.policies import as_list

VERSIONS = ("2012-10-17", "2008-10-17")
SYNTAX = "Syntax errors in policy."
LEGACY = "The policy failed legacy parsing"

_DOCUMENT_FIELDS = frozenset({"Version", "Id", "Statement"})
_STATEMENT_FIELDS = frozenset(
    {
        "Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Principal", "NotPrincipal", "Condition",
    }
)  # fmt: skip
_PRINCIPAL_KINDS = frozenset({"AWS", "Service", "Federated", "CanonicalUser"})
_ACCOUNT_OR_ARN = re.compile(r"(\*|\d{12}|arn:aws[\w-]*:(iam|sts)::(\d{12}|cloudfront):[^*?]+|A[A-Z0-9]{15,})")
_SERVICE = re.compile(r"[a-z0-9.-]+\.[a-z0-9.-]+")
_SID = re.compile(r"[0-9A-Za-z]*")
_VENDOR = re.compile(r"[A-Za-z0-9-]+|\*")
_PARTITIONS = ("aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc")
_REGIONAL_OF_S3 = ("accesspoint", "access-grants", "async-request", "job", "storage-lens", "*")


class MalformedPolicy(Invalid):
    """The text is not a policy. fault: the production that it breaks."""

    def __init__(self, message: str, fault: str = "syntax") -> None:
        super().__init__(message)
        self.fault = fault


@dataclass(frozen=True)
class Grammar:
    """What a kind of policies must be like.

    principals, resources: whether a statement must have them, else it must not; latest: the version must be the
    latest; vendors: the services whose actions it may name, None for any; sids: whether a Sid has letters and digits
    alone. words: how faults are said, by the name of the production.
    """

    principals: bool
    resources: bool
    words: Mapping[str, str]
    latest: bool = False
    vendors: frozenset[str] | None = None
    sids: bool = False

    def refuse(self, fault: str, **what: Any) -> NoReturn:
        raise MalformedPolicy(self.words[fault].format(**what), fault)


_WORDS = {
    "json": "This policy contains invalid Json",
    "syntax": SYNTAX,
    "field": SYNTAX,
    "version": SYNTAX,
    "latest": "Policy document must be version 2012-10-17 or greater.",
    "statement": SYNTAX,
    "effect": SYNTAX,
    "sid": "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression "
    "[0-9A-Za-z]*",
    "sids": "Statement IDs (SID) in a single policy must be unique.",
    "no actions": "Policy statement must contain actions.",
    "no resources": "Policy statement must contain resources.",
    "no principal": "Missing required field Principal",
    "principal": "Policy document should not specify a principal.",
    "resource": "Has prohibited field Resource",
    "invalid principal": 'Invalid principal in policy: "{kind}":"{name}"',
    "no vendor": "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
    "colons": "Actions/Condition can contain only one colon.",
    "vendor": "Vendor {vendor} is not valid",
    "foreign action": "Vendor {vendor} is not valid",
    "no arn": 'Resource {resource} must be in ARN format or "*".',
    "partition": 'Partition "{partition}" is not valid for resource "{resource}".',
    "resource vendor": "Resource vendor must be fully qualified and cannot contain regexes.",
    "region": "Resource {resource} can not contain region information.",
    "iam region": "IAM resource {resource} cannot contain region information.",
    "arn": LEGACY,
    "operator": "Invalid Condition type : {operator}.",
    "value": LEGACY,
}

_OF_S3 = {
    **_WORDS,
    "json": "Policies must be valid JSON and the first byte must be '{{'",
    "field": "Unknown field {field}",
    "version": "The policy must contain a valid version string",
    "statement": "Missing required field Statement",
    "effect": "Invalid effect: {effect}",
    "no actions": "Missing required field Action",
    "no resources": "Missing required field Resource",
    "no vendor": "Policy has invalid action",
    "colons": "Policy has invalid action",
    "vendor": "Policy has invalid action",
    "foreign action": "Policy has invalid action",
    "invalid principal": "Invalid principal in policy",
    **dict.fromkeys(
        ("no arn", "partition", "resource vendor", "region", "iam region", "arn"), "Policy has invalid resource"
    ),
    "value": "Policy has an invalid condition value",
}

MANAGED = Grammar(principals=False, resources=True, words=_WORDS, latest=True, sids=True)
INLINE = Grammar(principals=False, resources=True, words=_WORDS, sids=True)
TRUST = Grammar(
    principals=True,
    resources=False,
    words={
        **_WORDS,
        "foreign action": "AssumeRole policy may only specify STS AssumeRole actions.",
        "not principal": "A role's trust policy cannot have NotPrincipal: name who may assume the role in Principal.",
    },
    vendors=frozenset({"sts"}),
)
RESOURCE = Grammar(principals=True, resources=True, words=_WORDS)
OF_BUCKET = Grammar(principals=True, resources=True, words=_OF_S3, vendors=frozenset({"s3", "s3express", "*"}))
OF_CATALOG = Grammar(principals=True, resources=True, words=_OF_S3, vendors=frozenset({"glue", "*"}))
OF_LOGS = Grammar(principals=True, resources=True, words=_WORDS, vendors=frozenset({"logs", "*"}))
OF_TOPIC = Grammar(
    principals=True,
    resources=True,
    words={
        **{name: f"Invalid parameter: Policy Error: {words}" for name, words in _WORDS.items()},
        "foreign action": "Invalid parameter: Policy statement action out of service scope!",
    },
    vendors=frozenset({"sns", "*"}),
)
OF_QUEUE = Grammar(principals=True, resources=True, words=_WORDS, vendors=frozenset({"sqs", "*"}))


def check_identity_policy(document: str) -> None:
    """Raise MalformedPolicy unless it is a managed policy."""
    check(document, MANAGED)


def check_inline_policy(document: str) -> None:
    """Raise MalformedPolicy unless it is a policy that an identity can have as its own."""
    check(document, INLINE)


check_session_policy = check_inline_policy


def check_trust_policy(document: str) -> None:
    """Raise MalformedPolicy unless it is a policy that says who may take a role."""
    check(document, TRUST)


def check_bucket_policy(document: str, bucket: str) -> None:
    """Raise MalformedPolicy unless it is a policy that the bucket can have."""

    def of_bucket(resource: str) -> bool:
        named = split_arn(resource)[-1].partition("/")[0]
        return resource == "*" or fnmatchcase(bucket, re.sub(r"\$\{[^}]*\}", "*", named).replace("[", "[[]"))

    for statement in check(document, OF_BUCKET):
        if not all(of_bucket(resource) for resource in as_list(statement.get("Resource", []))):
            OF_BUCKET.refuse("arn")


def check_catalog_policy(document: str) -> None:
    """Raise MalformedPolicy unless it is a policy that a catalog of Glue can have."""
    check(document, OF_CATALOG)


def check_logs_policy(document: str) -> None:
    """Raise MalformedPolicy unless it is a policy that the logs of an account can have."""
    check(document, OF_LOGS)


def check_topic_policy(document: str) -> None:
    """Raise MalformedPolicy unless it is a policy that a topic can have."""
    check(document, OF_TOPIC)


def check_queue_policy(document: str) -> None:
    """Raise MalformedPolicy unless it is a policy that a queue can have."""
    check(document, OF_QUEUE)


def check(document: str, grammar: Grammar) -> list[Mapping[str, Any]]:
    """The statements of the document. Raises MalformedPolicy unless it is a policy of that kind."""
    policy = _parsed(document, grammar)
    for field in policy.keys() - _DOCUMENT_FIELDS:
        grammar.refuse("field", field=field)
    # Without a version a policy is of the older one.
    version = policy.get("Version", VERSIONS[1])
    if version not in VERSIONS:
        grammar.refuse("version")
    if grammar.latest and version != VERSIONS[0]:
        grammar.refuse("latest")
    if not isinstance(policy.get("Id", ""), str):
        grammar.refuse("syntax")
    statements = as_list(policy.get("Statement", []))
    if not statements:
        grammar.refuse("statement")
    for statement in statements:
        _check_statement(statement, grammar)
    sids = [statement["Sid"] for statement in statements if statement.get("Sid")]
    if len(sids) != len(set(sids)):
        grammar.refuse("sids")
    return statements


def _parsed(document: str, grammar: Grammar) -> dict[str, Any]:
    repeated = False

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal repeated
        repeated = repeated or len({key for key, _ in pairs}) != len(pairs)
        return dict(pairs)

    try:
        policy = json.loads(document, object_pairs_hook=once)
    except (ValueError, RecursionError):
        grammar.refuse("json")
    if not isinstance(policy, dict) or repeated:
        grammar.refuse("syntax")
    return policy


def _check_statement(statement: Any, grammar: Grammar) -> None:
    if not isinstance(statement, dict):
        grammar.refuse("syntax")
    for field in statement.keys() - _STATEMENT_FIELDS:
        grammar.refuse("field", field=field)
    if statement.get("Effect") not in ("Allow", "Deny"):
        grammar.refuse("effect", effect=statement.get("Effect"))
    sid = statement.get("Sid", "")
    if not isinstance(sid, str) or any(
        name in statement and f"Not{name}" in statement for name in ("Action", "Resource", "Principal")
    ):
        grammar.refuse("syntax")
    if grammar.sids and not _SID.fullmatch(sid):
        grammar.refuse("sid")
    _check_principals(statement, grammar)
    for action in _strings(statement, "Action", "no actions", grammar):
        _check_action(action, grammar)
    if grammar.resources:
        for resource in _strings(statement, "Resource", "no resources", grammar):
            _check_resource(resource, grammar)
    elif "Resource" in statement or "NotResource" in statement:
        grammar.refuse("resource")
    _check_conditions(statement.get("Condition", {}), grammar)


def _check_action(action: str, grammar: Grammar) -> None:
    if action == "*":
        if grammar.vendors is not None and "*" not in grammar.vendors:
            grammar.refuse("foreign action", vendor=action)
        return
    vendor, separator, name = action.partition(":")
    if not separator:
        grammar.refuse("no vendor")
    if ":" in name:
        grammar.refuse("colons")
    if not _VENDOR.fullmatch(vendor) or not name:
        grammar.refuse("vendor", vendor=vendor)
    if grammar.vendors is not None and vendor.lower() not in grammar.vendors:
        grammar.refuse("foreign action", vendor=vendor)


def _check_resource(resource: str, grammar: Grammar) -> None:
    if resource == "*":
        return
    parts = split_arn(resource)
    if parts[0] != "arn" or len(parts) < 2:
        grammar.refuse("no arn", resource=resource)
    partition = parts[1]
    if not any(fnmatchcase(known, partition) for known in _PARTITIONS):
        grammar.refuse("partition", partition=partition, resource=resource)
    # A wildcard at the end stands for the parts that are not there.
    if len(parts) < 6 and not resource.endswith("*"):
        grammar.refuse("arn")
    vendor = parts[2] if len(parts) > 2 else "*"
    if len(parts) > 3 and not re.fullmatch(r"[a-z0-9-]+", vendor):
        grammar.refuse("resource vendor")
    if len(parts) == 6:
        _check_place(resource, vendor, parts[3], parts[5], grammar)


def _check_place(resource: str, vendor: str, region: str, name: str, grammar: Grammar) -> None:
    """That an ARN has no region where its service has none."""
    if vendor == "iam" and region not in ("", "*"):
        grammar.refuse("iam region", resource=resource)
    if vendor == "s3" and region not in ("", "*") and not name.startswith(_REGIONAL_OF_S3):
        grammar.refuse("region", resource=resource)


def _check_conditions(block: Any, grammar: Grammar) -> None:
    if not isinstance(block, dict) or not all(isinstance(keys, dict) for keys in block.values()):
        grammar.refuse("syntax")
    for keys in block.values():
        for key, value in keys.items():
            if not key or not all(isinstance(each, str | int | float | bool) for each in as_list(value)):
                grammar.refuse("syntax")
    try:
        conditions(block)
    except UnknownOperator:
        unknown = next(name for name in block if not _known_operator(name, block[name]))
        grammar.refuse("operator", operator=unknown)
    except UnknownValue:
        grammar.refuse("value")


def _known_operator(name: str, keys: Mapping[str, Any]) -> bool:
    try:
        conditions({name: keys}, strict=False)
    except UnknownOperator:
        return False
    return True


def _check_principals(statement: Mapping[str, Any], grammar: Grammar) -> None:
    principals = statement.get("Principal", statement.get("NotPrincipal"))
    if not grammar.principals:
        if "Principal" in statement or "NotPrincipal" in statement:
            grammar.refuse("principal")
        return
    if "NotPrincipal" in statement and "not principal" in grammar.words:
        grammar.refuse("not principal")
    if principals is None:
        grammar.refuse("no principal")
    if principals == "*":
        return
    if not isinstance(principals, dict) or not principals or not principals.keys() <= _PRINCIPAL_KINDS:
        grammar.refuse("syntax")
    for kind, names in principals.items():
        for name in as_list(names):
            if not isinstance(name, str):
                grammar.refuse("syntax")
            if not _PRINCIPALS.get(kind, _any)(name):
                grammar.refuse("invalid principal", kind=kind, name=name)


def _any(_name: str) -> bool:
    return True


_PRINCIPALS: Mapping[str, Callable[[str], object]] = {"AWS": _ACCOUNT_OR_ARN.fullmatch, "Service": _SERVICE.fullmatch}
"""What the names of a kind of principals are like."""


def _strings(statement: Mapping[str, Any], name: str, missing: str, grammar: Grammar) -> list[str]:
    """The strings of a field or its negation, at least one."""
    values = as_list(statement.get(name, statement.get(f"Not{name}", [])))
    if not values:
        grammar.refuse(missing)
    if not all(isinstance(value, str) for value in values):
        grammar.refuse("syntax")
    return values
