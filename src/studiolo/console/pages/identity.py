"""Identity: roles, users and policies; what one of them may do, and why something was denied."""

import json
from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from studiolo.console.pages.page import Page
from studiolo.console.telling import told
from studiolo.console.visit import PAGE, Refused, Visit

SERVICES = tuple(f"{name}.amazonaws.com" for name in ("glue", "sagemaker", "emr-serverless", "lambda", "scheduler"))

LISTS = {
    "roles": ("list_roles", "Roles", "RoleName"),
    "users": ("list_users", "Users", "UserName"),
    "policies": ("list_policies", "Policies", "PolicyName"),
}
"""By the tab: what lists them, where they are in the answer, and their names."""


def identity(visit: Visit) -> Response:
    tab, iam = visit.query.get("tab", "roles"), visit.client("iam")
    after = {"Marker": visit.query["after"]} if visit.query.get("after") else {}
    rows, more = [], None
    if tab in LISTS:
        operation, key, name = LISTS[tab]
        given = {"Scope": visit.query.get("scope", "Local")} if tab == "policies" else {}
        if visit.query.get("find"):
            rows = visit.found("iam", operation, key, name, PaginationConfig={"PageSize": 1000}, **given)
        else:
            found = getattr(iam, operation)(MaxItems=PAGE, **given, **after)
            rows, more = found[key], found.get("Marker")
    simulated = visit.attempt(_simulated, visit) if tab == "simulate" and visit.query.get("who") else None
    return visit.page(
        "identity.html",
        tab=tab,
        rows=rows,
        more=more,
        simulated=simulated,
        administrator=f"arn:{visit.partition}:iam::aws:policy/AdministratorAccess",
    )


def create_role(visit: Visit) -> Response:
    """A role for what runs jobs, that whoever makes it may view as."""
    iam, name = visit.client("iam"), visit.form.get("name", "")
    account = visit.signed_in.content["own"].split(":")[4]
    trusted = {"Service": list(SERVICES), "AWS": f"arn:{visit.partition}:iam::{account}:root"}
    statement = {"Effect": "Allow", "Principal": trusted, "Action": "sts:AssumeRole"}
    arn = iam.create_role(
        RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    )["Role"]["Arn"]
    policy = visit.form.get("policy", "")
    if policy:
        iam.attach_role_policy(RoleName=name, PolicyArn=policy)
    return visit.go(f"/identity/roles/{arn.rpartition('/')[2]}")


def role(visit: Visit) -> Response:
    name, iam = visit.path["role"], visit.client("iam")
    described = iam.get_role(RoleName=name)["Role"]
    attached = visit.attempt(lambda: iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"])
    own = visit.attempt(
        lambda: [
            (each, iam.get_role_policy(RoleName=name, PolicyName=each)["PolicyDocument"])
            for each in iam.list_role_policies(RoleName=name)["PolicyNames"]
        ]
    )
    return visit.page("principal.html", kind="Role", name=name, described=described, attached=attached, own=own)


def user(visit: Visit) -> Response:
    name, iam = visit.path["user"], visit.client("iam")
    described = iam.get_user(UserName=name)["User"]
    attached = visit.attempt(lambda: iam.list_attached_user_policies(UserName=name)["AttachedPolicies"])
    own = visit.attempt(
        lambda: [
            (each, iam.get_user_policy(UserName=name, PolicyName=each)["PolicyDocument"])
            for each in iam.list_user_policies(UserName=name)["PolicyNames"]
        ]
    )
    return visit.page("principal.html", kind="User", name=name, described=described, attached=attached, own=own)


def policy(visit: Visit) -> Response:
    arn, iam = visit.query.get("arn", ""), visit.client("iam")
    described = iam.get_policy(PolicyArn=arn)["Policy"]
    version = iam.get_policy_version(PolicyArn=arn, VersionId=described["DefaultVersionId"])["PolicyVersion"]
    return visit.page("policy.html", policy=described, document=version["Document"])


def denial(visit: Visit) -> Response:
    """Why a request was denied: asked of the server as `studiolo why` does, signed by who looks."""
    return visit.page("denial.html", denial=_denial(visit, visit.path["request"]), request=visit.path["request"])


def _simulated(visit: Visit) -> list[dict[str, Any]]:
    query = visit.query
    actions = [word for word in query.get("actions", "").replace(",", " ").split() if word]
    resources = [word for word in query.get("resources", "").split() if word] or ["*"]
    found = visit.client("iam").simulate_principal_policy(
        PolicySourceArn=query["who"], ActionNames=actions, ResourceArns=resources
    )
    results: list[dict[str, Any]] = found["EvaluationResults"]
    return results


def _denial(visit: Visit, request: str) -> dict[str, Any] | Refused:
    return told(visit, "sts", f"denials/{quote(request, safe='')}")


PAGES = (
    Page("GET", "/identity", identity),
    Page("POST", "/identity/roles", create_role),
    Page("GET", "/identity/roles/{role}", role),
    Page("GET", "/identity/users/{user}", user),
    Page("GET", "/identity/policy", policy),
    Page("GET", "/identity/denials/{request}", denial),
)
