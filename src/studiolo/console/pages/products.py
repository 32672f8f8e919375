"""Products: what Service Catalog lets the person launch, a form to launch it, and what was launched."""

from starlette.responses import Response

from studiolo.console.pages.page import Page
from studiolo.console.visit import Visit

MOST = 20
"""Rows of a page, as Service Catalog has them."""


def products(visit: Visit) -> Response:
    """What the person may launch, and what anybody has launched."""
    catalog, find = visit.client("servicecatalog"), visit.query.get("find")
    filters = {"Filters": {"FullTextSearch": [find]}} if find else {}
    after = {"PageToken": visit.query["after"]} if visit.query.get("after") else {}
    later = {"PageToken": visit.query["later"]} if visit.query.get("later") else {}
    offered = catalog.search_products(**filters, **after, PageSize=MOST)
    launched = catalog.search_provisioned_products(
        AccessLevelFilter={"Key": "Account", "Value": "self"},
        SortBy="createdTime",
        SortOrder="DESCENDING",
        PageSize=MOST,
        **later,
    )
    rows = launched["ProvisionedProducts"]
    return visit.page(
        "products.html",
        products=offered["ProductViewSummaries"],
        more=offered.get("NextPageToken"),
        launched=rows,
        more_launched=launched.get("NextPageToken"),
        passing=any(each["Status"] == "UNDER_CHANGE" for each in rows),
    )


def product(visit: Visit) -> Response:
    """One product, with a form of what its template asks for; version and path: as the person chose."""
    catalog, name = visit.client("servicecatalog"), visit.path["product"]
    described = catalog.describe_product(Id=name)
    versions = described["ProvisioningArtifacts"][::-1]
    version = visit.query.get("version") or (versions[0]["Id"] if versions else None)
    path = visit.query.get("path") or described["LaunchPaths"][0]["Id"]
    asked = None
    if version is not None:
        asked = catalog.describe_provisioning_parameters(ProductId=name, ProvisioningArtifactId=version, PathId=path)
    return visit.page(
        "product.html",
        product=described["ProductViewSummary"],
        versions=versions,
        paths=described["LaunchPaths"],
        version=version,
        path=path,
        asked=asked,
    )


def launch(visit: Visit) -> Response:
    form = visit.form
    given = [
        {"Key": name.removeprefix("parameter:"), "Value": value}
        for name, value in form.items()
        if name.startswith("parameter:")
    ]
    tags = [
        {"Key": name.removeprefix("tag:"), "Value": value} for name, value in form.items() if name.startswith("tag:")
    ]
    made = visit.client("servicecatalog").provision_product(
        ProductId=visit.path["product"],
        ProvisioningArtifactId=form.get("version", ""),
        PathId=form.get("path", ""),
        ProvisionedProductName=form.get("name", ""),
        ProvisioningParameters=given,
        Tags=tags,
    )
    return visit.go(f"/products/launched/{made['RecordDetail']['ProvisionedProductId']}")


def launched(visit: Visit) -> Response:
    """What was launched: its state, outputs, and what was done to it."""
    catalog, identifier = visit.client("servicecatalog"), visit.path["launched"]
    found = catalog.describe_provisioned_product(Id=identifier)["ProvisionedProductDetail"]
    outputs = catalog.get_provisioned_product_outputs(ProvisionedProductId=identifier)["Outputs"]
    history = catalog.list_record_history(
        AccessLevelFilter={"Key": "Account", "Value": "self"},
        SearchFilter={"Key": "provisionedproduct", "Value": identifier},
    )["RecordDetails"]
    told = {each["OutputKey"]: each["OutputValue"] for each in outputs}
    stack = told.pop("CloudformationStackARN", None)
    return visit.page("launched.html", launched=found, pairs=told.items(), records=history, stack=stack)


def terminate(visit: Visit) -> Response:
    visit.client("servicecatalog").terminate_provisioned_product(ProvisionedProductId=visit.path["launched"])
    return visit.go("/products")


PAGES = (
    Page("GET", "/products", products),
    Page("GET", "/products/launched/{launched}", launched),
    Page("POST", "/products/launched/{launched}/terminate", terminate),
    Page("GET", "/products/{product}", product),
    Page("POST", "/products/{product}", launch),
)
