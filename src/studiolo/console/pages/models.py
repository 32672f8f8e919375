"""Models, and the configurations that endpoints are made of."""

from starlette.responses import Response

from studiolo.console.pages.page import Page
from studiolo.console.visit import PAGE, Visit


def models(visit: Visit) -> Response:
    given = {"NameContains": visit.query["find"]} if visit.query.get("find") else {}
    given |= {"NextToken": visit.query["after"]} if visit.query.get("after") else {}
    found = visit.client("sagemaker").list_models(
        MaxResults=PAGE, SortBy="CreationTime", SortOrder="Descending", **given
    )
    return visit.page("models.html", models=found["Models"], more=found.get("NextToken"))


def model(visit: Visit) -> Response:
    described = visit.client("sagemaker").describe_model(ModelName=visit.path["model"])
    containers = described.get("Containers") or [described.get("PrimaryContainer", {})]
    return visit.page("model.html", model=described, containers=containers)


def deploy(visit: Visit) -> Response:
    """An endpoint of one variant for a model: its configuration has the endpoint's name."""
    sagemaker, name, form = visit.client("sagemaker"), visit.path["model"], visit.form
    endpoint = form.get("endpoint", "")
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": name,
        "InitialInstanceCount": 1,
        "InstanceType": "ml.m5.large",
    }
    sagemaker.create_endpoint_config(EndpointConfigName=endpoint, ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName=endpoint, EndpointConfigName=endpoint)
    return visit.go(f"/endpoints/{endpoint}")


def delete(visit: Visit) -> Response:
    visit.client("sagemaker").delete_model(ModelName=visit.path["model"])
    return visit.go("/models")


PAGES = (
    Page("GET", "/models", models),
    Page("GET", "/models/{model}", model),
    Page("POST", "/models/{model}/deploy", deploy),
    Page("POST", "/models/{model}/delete", delete),
)
