"""Studio: domains, user profiles, spaces and apps; notebook instances; opening one."""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response

from studiolo.console.pages.page import Page
from studiolo.console.roles import roles_for
from studiolo.console.visit import PAGE, Refused, Visit

TYPES = {"JupyterLab": "JupyterLab", "CodeEditor": "Code Editor"}
"""What an app can be, and how people call it."""
NAME = "default"
PASSING = ("Pending", "Stopping", "Deleting")


def domains(visit: Visit) -> Response:
    client = visit.client("sagemaker")
    found = client.list_domains(MaxResults=PAGE, **_after(visit, "after"))
    listed = visit.attempt(client.list_notebook_instances, MaxResults=PAGE, **_after(visit, "later"))
    notebooks = listed if isinstance(listed, Refused) else listed["NotebookInstances"]
    lifecycles = visit.attempt(_lifecycles, visit)
    return visit.page(
        "studio.html",
        domains=found["Domains"],
        more=found.get("NextToken"),
        more_notebooks=None if isinstance(listed, Refused) else listed.get("NextToken"),
        roles=visit.attempt(roles_for, visit, "sagemaker.amazonaws.com"),
        notebooks=notebooks,
        failures={} if isinstance(notebooks, Refused) else _failures(visit, notebooks),
        lifecycles=[] if isinstance(lifecycles, Refused) else lifecycles,
        passing=not isinstance(notebooks, Refused)
        and any(each["NotebookInstanceStatus"] in PASSING for each in notebooks),
    )


def _after(visit: Visit, name: str) -> dict[str, str]:
    """Where a list goes on, by the name that its page has in the address."""
    return {"NextToken": visit.query[name]} if visit.query.get(name) else {}


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
    given = {"DomainIdEquals": identifier, "MaxResults": PAGE}
    named = {"UserProfileNameContains": visit.query["find"]} if visit.query.get("find") else {}
    users = sagemaker.list_user_profiles(**given, **named, **_after(visit, "after"))
    spaces = sagemaker.list_spaces(**given, **_after(visit, "later"))
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
        users=users["UserProfiles"],
        more_users=users.get("NextToken"),
        spaces=spaces["Spaces"],
        more_spaces=spaces.get("NextToken"),
        apps=apps,
        failures=failures,
        passing=passing,
        types=list(TYPES),
        names=TYPES,
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
        SpaceSettings={"AppType": form.get("type", "")},
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


def create_notebook(visit: Visit) -> Response:
    """Its instance type is recorded, and of no effect here: nobody is asked for it."""
    form = visit.form
    given = {"LifecycleConfigName": form.get("lifecycle"), "DefaultCodeRepository": form.get("repository")}
    visit.client("sagemaker").create_notebook_instance(
        NotebookInstanceName=form.get("name", ""),
        InstanceType="ml.t3.medium",
        RoleArn=form.get("notebook_role", ""),
        **{name: value for name, value in given.items() if value},
    )
    return visit.go("/studio")


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
    kind = visit.form.get("type", "")
    return {"DomainId": visit.path["domain"], "SpaceName": space, "AppType": kind, "AppName": NAME}


def _back(visit: Visit) -> Response:
    return visit.go(f"/studio/{visit.path['domain']}")


def _reason(visit: Visit, app: dict[str, Any]) -> str:
    described = visit.client("sagemaker").describe_app(
        DomainId=app["DomainId"], SpaceName=app["SpaceName"], AppType=app["AppType"], AppName=app["AppName"]
    )
    return str(described.get("FailureReason", ""))


def _failures(visit: Visit, notebooks: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Why those failed that did."""
    client = visit.client("sagemaker")
    names = [each["NotebookInstanceName"] for each in notebooks if each["NotebookInstanceStatus"] == "Failed"]
    found = (client.describe_notebook_instance(NotebookInstanceName=name) for name in names)
    return {each["NotebookInstanceName"]: each.get("FailureReason", "") for each in found}


def _lifecycles(visit: Visit) -> list[str]:
    found = visit.client("sagemaker").list_notebook_instance_lifecycle_configs(MaxResults=100)
    return [each["NotebookInstanceLifecycleConfigName"] for each in found["NotebookInstanceLifecycleConfigs"]]


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
    Page("POST", "/studio/notebooks", create_notebook),
    Page("GET", "/studio/notebooks/{name}/open", open_notebook),
    Page("POST", "/studio/notebooks/{name}/change", change_notebook),
)
