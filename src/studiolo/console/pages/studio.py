"""Studio: domains, user profiles, spaces and apps; notebook instances; opening one."""

from typing import Any

from starlette.responses import Response

from studiolo.console.pages.page import Page
from studiolo.console.visit import PAGE, Refused, Visit

TYPE, NAME = "JupyterLab", "default"
PASSING = ("Pending", "Stopping", "Deleting")


def domains(visit: Visit) -> Response:
    found = visit.client("sagemaker").list_domains(MaxResults=PAGE)["Domains"]
    notebooks = visit.attempt(visit.every, "sagemaker", "list_notebook_instances", "NotebookInstances", PAGE)
    return visit.page(
        "studio.html",
        domains=found,
        roles=visit.attempt(_roles, visit),
        notebooks=notebooks,
        passing=not isinstance(notebooks, Refused)
        and any(each["NotebookInstanceStatus"] in PASSING for each in notebooks),
    )


def create(visit: Visit) -> Response:
    """A domain with a first user."""
    sagemaker, form = visit.client("sagemaker"), visit.form
    role = form.get("role", "")
    made = sagemaker.create_domain(
        DomainName=form.get("name", ""),
        AuthMode="IAM",
        DefaultUserSettings={"ExecutionRole": role},
        DefaultSpaceSettings={"ExecutionRole": role},
    )["DomainId"]
    sagemaker.create_user_profile(DomainId=made, UserProfileName=form.get("user", ""))
    return visit.go(f"/studio/{made}")


def domain(visit: Visit) -> Response:
    identifier, sagemaker = visit.path["domain"], visit.client("sagemaker")
    described = sagemaker.describe_domain(DomainId=identifier)
    users = visit.every("sagemaker", "list_user_profiles", "UserProfiles", 200, DomainIdEquals=identifier)
    spaces = visit.every("sagemaker", "list_spaces", "Spaces", 200, DomainIdEquals=identifier)
    apps = {
        each["SpaceName"]: each
        for each in visit.every("sagemaker", "list_apps", "Apps", 200, DomainIdEquals=identifier)
        if each["Status"] != "Deleted"
    }
    failures = {name: _reason(visit, app) for name, app in apps.items() if app["Status"] == "Failed"}
    passing = any(each["Status"] in ("Pending", "Deleting") for each in apps.values())
    return visit.page(
        "studio_domain.html",
        domain=described,
        users=users,
        spaces=spaces,
        apps=apps,
        failures=failures,
        passing=passing,
    )


def create_user(visit: Visit) -> Response:
    visit.client("sagemaker").create_user_profile(
        DomainId=visit.path["domain"], UserProfileName=visit.form.get("name", "")
    )
    return _back(visit)


def create_space(visit: Visit) -> Response:
    form = visit.form
    visit.client("sagemaker").create_space(
        DomainId=visit.path["domain"],
        SpaceName=form.get("name", ""),
        OwnershipSettings={"OwnerUserProfileName": form.get("owner", "")},
        SpaceSharingSettings={"SharingType": "Shared" if form.get("shared") else "Private"},
        SpaceSettings={"AppType": TYPE},
    )
    return _back(visit)


def launch(visit: Visit) -> Response:
    """Off to Studio, signed in as the user: its address is good once."""
    space = {"SpaceName": visit.query["space"]} if visit.query.get("space") else {}
    url = visit.client("sagemaker").create_presigned_domain_url(
        DomainId=visit.path["domain"], UserProfileName=visit.query.get("user", ""), **space
    )["AuthorizedUrl"]
    return visit.leave(url)


def start(visit: Visit) -> Response:
    visit.client("sagemaker").create_app(**_app(visit))
    return _back(visit)


def stop(visit: Visit) -> Response:
    visit.client("sagemaker").delete_app(**_app(visit))
    return _back(visit)


def delete(visit: Visit) -> Response:
    """Delete a user, a space, or the domain itself: whichever the form names."""
    sagemaker, identifier, form = visit.client("sagemaker"), visit.path["domain"], visit.form
    if form.get("user"):
        sagemaker.delete_user_profile(DomainId=identifier, UserProfileName=form["user"])
    elif form.get("space"):
        sagemaker.delete_space(DomainId=identifier, SpaceName=form["space"])
    else:
        sagemaker.delete_domain(DomainId=identifier)
        return visit.go("/studio")
    return _back(visit)


def open_notebook(visit: Visit) -> Response:
    """Off to a notebook instance: its address is good once."""
    client = visit.client("sagemaker")
    return visit.leave(
        client.create_presigned_notebook_instance_url(NotebookInstanceName=visit.path["name"])["AuthorizedUrl"]
    )


def change_notebook(visit: Visit) -> Response:
    """Start, stop or delete a notebook instance: whichever the form says."""
    client, named = visit.client("sagemaker"), {"NotebookInstanceName": visit.path["name"]}
    if visit.form.get("do") == "start":
        client.start_notebook_instance(**named)
    elif visit.form.get("do") == "stop":
        client.stop_notebook_instance(**named)
    else:
        client.delete_notebook_instance(**named)
    return visit.go("/studio")


def _app(visit: Visit) -> dict[str, str]:
    space = visit.form.get("space", "")
    return {"DomainId": visit.path["domain"], "SpaceName": space, "AppType": TYPE, "AppName": NAME}


def _back(visit: Visit) -> Response:
    return visit.go(f"/studio/{visit.path['domain']}")


def _reason(visit: Visit, app: dict[str, Any]) -> str:
    described = visit.client("sagemaker").describe_app(
        DomainId=app["DomainId"], SpaceName=app["SpaceName"], AppType=app["AppType"], AppName=app["AppName"]
    )
    return str(described.get("FailureReason", ""))


def _roles(visit: Visit) -> list[str] | Refused:
    found = visit.client("iam").list_roles(MaxItems=100)["Roles"]
    return [each["Arn"] for each in found if "sagemaker.amazonaws.com" in str(each.get("AssumeRolePolicyDocument"))]


PAGES = (
    Page("GET", "/studio", domains),
    Page("POST", "/studio", create),
    Page("GET", "/studio/{domain}", domain),
    Page("POST", "/studio/{domain}/users", create_user),
    Page("POST", "/studio/{domain}/spaces", create_space),
    Page("GET", "/studio/{domain}/launch", launch),
    Page("POST", "/studio/{domain}/start", start),
    Page("POST", "/studio/{domain}/stop", stop),
    Page("POST", "/studio/{domain}/delete", delete),
    Page("GET", "/studio/notebooks/{name}/open", open_notebook),
    Page("POST", "/studio/notebooks/{name}/change", change_notebook),
)
