"""MLflow's tracking servers: made, opened, stopped."""

from starlette.responses import Response

from studiolo.console.pages.page import Page
from studiolo.console.roles import roles_for
from studiolo.console.visit import PAGE, Visit

PASSING = ("Creating", "Updating", "Starting", "Stopping", "Deleting", "MaintenanceInProgress")


def servers(visit: Visit) -> Response:
    given = {"NextToken": visit.query["after"]} if visit.query.get("after") else {}
    found = visit.client("sagemaker").list_mlflow_tracking_servers(
        MaxResults=PAGE, SortBy="CreationTime", SortOrder="Descending", **given
    )
    rows = found["TrackingServerSummaries"]
    return visit.page(
        "mlflow.html",
        servers=rows,
        more=found.get("NextToken"),
        passing=any(each["TrackingServerStatus"] in PASSING for each in rows),
        roles=visit.attempt(roles_for, visit, "sagemaker.amazonaws.com"),
    )


def create(visit: Visit) -> Response:
    form = visit.form
    name = form.get("name", "")
    visit.client("sagemaker").create_mlflow_tracking_server(
        TrackingServerName=name, ArtifactStoreUri=form.get("store", "").strip(), RoleArn=form.get("role", "")
    )
    return visit.go(f"/mlflow/{name}")


def server(visit: Visit) -> Response:
    described = visit.client("sagemaker").describe_mlflow_tracking_server(TrackingServerName=visit.path["server"])
    return visit.page("mlflow_server.html", server=described, passing=described["TrackingServerStatus"] in PASSING)


def leave(visit: Visit) -> Response:
    """Off to its own pages, by a link that is good once."""
    made = visit.client("sagemaker").create_presigned_mlflow_tracking_server_url(
        TrackingServerName=visit.path["server"]
    )
    return visit.leave(made["AuthorizedUrl"])


def start(visit: Visit) -> Response:
    visit.client("sagemaker").start_mlflow_tracking_server(TrackingServerName=visit.path["server"])
    return visit.go(f"/mlflow/{visit.path['server']}")


def stop(visit: Visit) -> Response:
    visit.client("sagemaker").stop_mlflow_tracking_server(TrackingServerName=visit.path["server"])
    return visit.go(f"/mlflow/{visit.path['server']}")


def delete(visit: Visit) -> Response:
    visit.client("sagemaker").delete_mlflow_tracking_server(TrackingServerName=visit.path["server"])
    return visit.go("/mlflow")


PAGES = (
    Page("GET", "/mlflow", servers),
    Page("POST", "/mlflow", create),
    Page("GET", "/mlflow/{server}", server),
    Page("GET", "/mlflow/{server}/open", leave),
    Page("POST", "/mlflow/{server}/start", start),
    Page("POST", "/mlflow/{server}/stop", stop),
    Page("POST", "/mlflow/{server}/delete", delete),
)
