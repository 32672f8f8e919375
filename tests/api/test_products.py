"""Service Catalog and SageMaker's projects: products that administrators offer, and that people launch as stacks."""

import json
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.model import ServiceModel

from tests.api.clusters import create_default_roles
from tests.api.stack_parts import trust
from tests.api.stacks import create, delete, outputs, physical, update
from tests.browsing import signed_in
from tests.conftest import REGION, Server
from tests.waiting import until

ENDED = ("SUCCEEDED", "FAILED")
ALLOWED = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["servicecatalog:*", "sagemaker:*"], "Resource": "*"}],
}


def template(kind: str = "AWS::Glue::Database", **more: Any) -> dict[str, Any]:
    return {
        "Parameters": {
            "Name": {"Type": "String", "AllowedPattern": "[a-z0-9_]+"},
            "Text": {"Type": "String", "Default": "a"},
        },
        "Resources": {
            "It": {
                "Type": kind,
                "Properties": {
                    "CatalogId": {"Ref": "AWS::AccountId"},
                    "DatabaseInput": {"Name": {"Ref": "Name"}, "Description": {"Ref": "Text"}},
                },
            }
        },
        "Outputs": {"Database": {"Value": {"Ref": "It"}, "Description": "what was made"}},
        **more,
    }


def new_name(prefix: str) -> str:
    return f"{prefix}{uuid.uuid4().hex[:8]}"


class Shop:
    """A portfolio with a product, as an administrator makes them."""

    def __init__(self, server: Server, bucket: str, body: Mapping[str, Any] | None = None, **product: Any) -> None:
        self.server = server
        self.bucket = bucket
        self.catalog = server.client("servicecatalog")
        provider = {"DisplayName": new_name("shop-"), "ProviderName": "data team"}
        self.portfolio = self.catalog.create_portfolio(**provider)["PortfolioDetail"]["Id"]
        given = {
            "Name": new_name("product-"),
            "Owner": "data team",
            "ProductType": "CLOUD_FORMATION_TEMPLATE",
            **product,
        }
        made = self.catalog.create_product(**given, ProvisioningArtifactParameters=self.artifact(body or template()))
        self.product = made["ProductViewDetail"]["ProductViewSummary"]["ProductId"]
        self.version = made["ProvisioningArtifactDetail"]["Id"]
        self.catalog.associate_product_with_portfolio(PortfolioId=self.portfolio, ProductId=self.product)

    def artifact(self, body: Mapping[str, Any], name: str = "v1") -> dict[str, Any]:
        """A version whose template is in a bucket of ours, by the address that it would have at AWS."""
        key = new_name("template-")
        self.server.client("s3").put_object(Bucket=self.bucket, Key=key, Body=json.dumps(body))
        url = f"https://{self.bucket}.s3.{REGION}.amazonaws.com/{key}"
        return {"Name": name, "Type": "CLOUD_FORMATION_TEMPLATE", "Info": {"LoadTemplateFromURL": url}}

    def let(self, arn: str) -> None:
        self.catalog.associate_principal_with_portfolio(
            PortfolioId=self.portfolio, PrincipalARN=arn, PrincipalType="IAM"
        )

    def launch_as(self, role: str) -> None:
        self.catalog.create_constraint(
            PortfolioId=self.portfolio, ProductId=self.product, Type="LAUNCH", Parameters=json.dumps({"RoleArn": role})
        )


def launch_role(server: Server, *policies: str) -> str:
    iam, name = server.client("iam"), new_name("launch-")
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust("servicecatalog")))
    for policy in policies:
        iam.attach_role_policy(RoleName=name, PolicyArn=f"arn:aws:iam::aws:policy/{policy}")
    return str(made["Role"]["Arn"])


class Person:
    """A user of the account, who may use the catalog and nothing else."""

    def __init__(self, server: Server) -> None:
        iam, self.name = server.client("iam"), new_name("user-")
        self.arn = iam.create_user(UserName=self.name)["User"]["Arn"]
        iam.put_user_policy(UserName=self.name, PolicyName="catalog", PolicyDocument=json.dumps(ALLOWED))
        key = iam.create_access_key(UserName=self.name)["AccessKey"]
        self._session = boto3.Session(key["AccessKeyId"], key["SecretAccessKey"], region_name=REGION)
        self._endpoint = server.endpoint

    def client(self, service: str) -> Any:
        return self._session.client(
            service, endpoint_url=self._endpoint, config=Config(retries={"total_max_attempts": 1})
        )


def ended(catalog: Any, answer: Mapping[str, Any], seconds: int = 60) -> dict[str, Any]:
    """The record of an answer, once it has ended, with its outputs by their keys."""

    def look() -> dict[str, Any] | None:
        found = catalog.describe_record(Id=answer["RecordDetail"]["RecordId"])
        outputs = {each["OutputKey"]: each["OutputValue"] for each in found["RecordOutputs"]}
        detail = found["RecordDetail"]
        return {**detail, "Outputs": outputs} if detail["Status"] in ENDED else None

    return until(look, seconds)


def pairs(**values: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in values.items()]


@pytest.fixture(scope="module")
def launcher(server: Server) -> str:
    """A role that may do what stacks of these tests do."""
    return launch_role(server, "AdministratorAccess")


@pytest.fixture(scope="module")
def ana(server: Server) -> Person:
    return Person(server)


@pytest.fixture
def shop(server: Server, bucket: str, launcher: str, ana: Person) -> Shop:
    made = Shop(server, bucket)
    made.let(ana.arn)
    made.launch_as(launcher)
    return made


def test_a_user_without_other_rights_launches_changes_and_ends_a_product_by_its_launch_role(
    server: Server, shop: Shop, ana: Person
) -> None:
    catalog, glue, name = ana.client("servicecatalog"), server.client("glue"), new_name("air_")
    [path] = catalog.list_launch_paths(ProductId=shop.product)["LaunchPathSummaries"]
    assert [each["Type"] for each in path["ConstraintSummaries"]] == ["LAUNCH"]
    asked = catalog.describe_provisioning_parameters(ProductId=shop.product, ProvisioningArtifactId=shop.version)
    assert [each["ParameterKey"] for each in asked["ProvisioningArtifactParameters"]] == ["Name", "Text"]
    given = {
        "ProductId": shop.product,
        "ProvisioningArtifactId": shop.version,
        "ProvisionedProductName": name,
        "ProvisionToken": name,
        "ProvisioningParameters": pairs(Name=name),
        "Tags": pairs(team="air"),
    }
    begun = catalog.provision_product(**given)
    assert catalog.provision_product(**given)["RecordDetail"]["RecordId"] == begun["RecordDetail"]["RecordId"]
    record = ended(catalog, begun)
    assert (record["Status"], record["Outputs"]["Database"]) == ("SUCCEEDED", name)
    [stack] = server.client("cloudformation").describe_stacks(StackName=record["Outputs"]["CloudformationStackARN"])[
        "Stacks"
    ]
    identifier = record["ProvisionedProductId"]
    tags = {tag["Key"]: tag["Value"] for tag in stack["Tags"]}
    assert (tags["team"], tags["aws:servicecatalog:provisioningPrincipalArn"]) == ("air", ana.arn)
    assert stack["StackName"].endswith(identifier)
    with pytest.raises(ClientError, match="AccessDenied"):
        ana.client("glue").get_database(Name=name)

    again = [{"Key": "Name", "UsePreviousValue": True}, {"Key": "Text", "Value": "b"}]
    changed = catalog.update_provisioned_product(
        ProvisionedProductName=name, ProvisioningArtifactId=shop.version, ProvisioningParameters=again
    )
    assert ended(catalog, changed)["Status"] == "SUCCEEDED"
    assert glue.get_database(Name=name)["Database"]["Description"] == "b"
    detail = catalog.describe_provisioned_product(Name=name)["ProvisionedProductDetail"]
    assert (detail["Status"], detail["LastRecordId"]) == ("AVAILABLE", changed["RecordDetail"]["RecordId"])

    gone = ended(catalog, catalog.terminate_provisioned_product(ProvisionedProductId=identifier))
    assert gone["Status"] == "SUCCEEDED"
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        catalog.describe_provisioned_product(Id=identifier)
    with pytest.raises(ClientError, match="EntityNotFoundException"):
        glue.get_database(Name=name)
    history = catalog.list_record_history(SearchFilter={"Key": "provisionedproduct", "Value": identifier})[
        "RecordDetails"
    ]
    kinds = ["TERMINATE_PROVISIONED_PRODUCT", "UPDATE_PROVISIONED_PRODUCT", "PROVISION_PRODUCT"]
    assert [each["RecordType"] for each in history] == kinds


def test_who_is_in_no_portfolio_sees_no_product_and_launches_none(server: Server, shop: Shop, ana: Person) -> None:
    stranger = Person(server).client("servicecatalog")
    assert shop.product in found(ana.client("servicecatalog"))
    assert found(stranger) == []
    launch = {"ProductId": shop.product, "ProvisioningArtifactId": shop.version, "ProvisionedProductName": "x"}
    with pytest.raises(ClientError, match="AssociatePrincipalWithPortfolio does that"):
        stranger.provision_product(**launch, ProvisioningParameters=pairs(Name="x"))


def found(catalog: Any, **filters: Any) -> list[str]:
    """The products that the caller may launch."""
    return [each["ProductId"] for each in catalog.search_products(**filters)["ProductViewSummaries"]]


def test_a_launch_that_fails_says_why_and_one_that_is_turned_back_is_tainted(
    server: Server, shop: Shop, ana: Person
) -> None:
    catalog, name = ana.client("servicecatalog"), new_name("air_")
    launch = {"ProductId": shop.product, "ProvisioningArtifactId": shop.version}
    server.client("glue").create_database(DatabaseInput={"Name": f"{name}_2"})
    taken = catalog.provision_product(
        **launch, ProvisionedProductName=f"{name}-2", ProvisioningParameters=pairs(Name=f"{name}_2")
    )
    refused = catalog.provision_product(
        **launch, ProvisionedProductName=f"{name}-3", ProvisioningParameters=pairs(Name="NO!")
    )
    assert "already exists" in failed(catalog, taken, f"{name}-2", "ERROR")
    assert "must match pattern" in failed(catalog, refused, f"{name}-3", "ERROR")
    begun = catalog.provision_product(**launch, ProvisionedProductName=name, ProvisioningParameters=pairs(Name=name))
    assert ended(catalog, begun)["Status"] == "SUCCEEDED"
    broken = shop.artifact(template(Outputs={"Bad": {"Value": {"Fn::GetAtt": ["It", "Nothing"]}}}), "v2")
    version = shop.catalog.create_provisioning_artifact(ProductId=shop.product, Parameters=broken)
    changed = catalog.update_provisioned_product(
        ProvisionedProductName=name,
        ProvisioningArtifactId=version["ProvisioningArtifactDetail"]["Id"],
        ProvisioningParameters=pairs(Name=name, Text="c"),
    )
    failed(catalog, changed, name, "TAINTED")
    for each in (name, f"{name}-2", f"{name}-3"):
        assert (
            ended(catalog, catalog.terminate_provisioned_product(ProvisionedProductName=each))["Status"] == "SUCCEEDED"
        )


def failed(catalog: Any, answer: Mapping[str, Any], name: str, status: str) -> str:
    record = ended(catalog, answer)
    detail = catalog.describe_provisioned_product(Name=name)["ProvisionedProductDetail"]
    assert (record["Status"], detail["Status"]) == ("FAILED", status)
    [error] = record["RecordErrors"]
    assert detail["StatusMessage"] == error["Description"]
    return str(error["Description"])


def test_products_and_what_was_launched_are_found_by_what_they_are(shop: Shop, ana: Person) -> None:
    catalog, name = ana.client("servicecatalog"), new_name("air_")
    shop.catalog.update_product(Id=shop.product, AddTags=pairs(**{"sagemaker:studio-visibility": "true"}))
    title = shop.catalog.describe_product_as_admin(Id=shop.product)["ProductViewDetail"]["ProductViewSummary"]["Name"]
    assert found(catalog, Filters={"FullTextSearch": [title]}) == [shop.product]
    assert shop.product in found(catalog, Filters={"FullTextSearch": ["sagemaker:studio-visibility"]})
    assert found(catalog, Filters={"FullTextSearch": [title], "Owner": ["nobody"]}) == []
    begun = catalog.provision_product(
        ProductName=title,
        ProvisioningArtifactName="v1",
        ProvisionedProductName=name,
        ProvisioningParameters=pairs(Name=name),
    )
    ended(catalog, begun)
    queries = (f"name:{name[:-1]}*", f"productId:{shop.product}", "status:AVAILABLE", name.upper())
    answer = catalog.search_provisioned_products(Filters={"SearchQuery": list(queries)})
    [launched] = answer["ProvisionedProducts"]
    assert (launched["UserArn"], launched["ProductName"], answer["TotalResultsCount"]) == (ana.arn, title, 1)
    assert shop.catalog.search_provisioned_products(Filters={"SearchQuery": [name]})["ProvisionedProducts"] == []
    everybody = {"AccessLevelFilter": {"Key": "Account", "Value": "self"}}
    assert shop.catalog.search_provisioned_products(**everybody, Filters={"SearchQuery": [name]})["ProvisionedProducts"]
    scanned = shop.catalog.scan_provisioned_products(**everybody)["ProvisionedProducts"]
    assert name in [each["Name"] for each in scanned]
    outputs = catalog.get_provisioned_product_outputs(ProvisionedProductName=name, OutputKeys=["Database"])["Outputs"]
    assert outputs == [{"OutputKey": "Database", "OutputValue": name, "Description": "what was made"}]
    ended(catalog, catalog.terminate_provisioned_product(ProvisionedProductName=name))


def test_rules_of_a_template_constraint_and_tag_options_bind_who_launches(shop: Shop, ana: Person) -> None:
    catalog, name = ana.client("servicecatalog"), new_name("air_")
    assertion = {"Assert": {"Fn::Contains": [["small"], {"Ref": "Text"}]}, "AssertDescription": "only small ones"}
    rules = {"Rules": {"Small": {"Assertions": [assertion]}}}
    both = {"PortfolioId": shop.portfolio, "ProductId": shop.product}
    shop.catalog.create_constraint(**both, Type="TEMPLATE", Parameters=json.dumps(rules))
    with pytest.raises(ClientError, match="STACKSET are not supported"):
        shop.catalog.create_constraint(**both, Type="STACKSET", Parameters="{}")
    options = [
        shop.catalog.create_tag_option(Key=f"cost-{name}", Value=value)["TagOptionDetail"]["Id"] for value in ("a", "b")
    ]
    for option in options:
        shop.catalog.associate_tag_option_with_resource(ResourceId=shop.portfolio, TagOptionId=option)
    launch = {"ProductId": shop.product, "ProvisioningArtifactId": shop.version}
    with pytest.raises(ClientError, match=r"must be one of \[a, b\]"):
        catalog.provision_product(**launch, ProvisionedProductName=name, ProvisioningParameters=pairs(Name=name))
    tags = pairs(**{f"cost-{name}": "b"})
    begun = catalog.provision_product(
        **launch, ProvisionedProductName=name, ProvisioningParameters=pairs(Name=name), Tags=tags
    )
    assert "only small ones" in failed(catalog, begun, name, "ERROR")
    ended(catalog, catalog.terminate_provisioned_product(ProvisionedProductName=name))


def test_what_is_in_use_is_not_deleted_and_what_is_not_there_is_said_in_the_service_s_words(shop: Shop) -> None:
    catalog = shop.catalog
    with pytest.raises(ClientError, match="ResourceInUseException"):
        catalog.delete_portfolio(Id=shop.portfolio)
    with pytest.raises(ClientError, match="ResourceInUseException"):
        catalog.delete_product(Id=shop.product)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        catalog.describe_portfolio(Id="port-aaaaaaaaaaaaa")
    outside = {"Type": "CLOUD_FORMATION_TEMPLATE", "Info": {"LoadTemplateFromURL": "https://example.com/a.json"}}
    with pytest.raises(ClientError, match="must reference a valid S3 object"):
        catalog.create_provisioning_artifact(ProductId=shop.product, Parameters=outside)
    with pytest.raises(ClientError, match="CreatePortfolioShare is not implemented"):
        catalog.create_portfolio_share(PortfolioId=shop.portfolio, AccountId="111111111111")


def test_a_launch_role_that_service_catalog_may_not_take_is_refused(shop: Shop, role: str) -> None:
    other = Shop(shop.server, shop.bucket)
    with pytest.raises(ClientError, match="does not let servicecatalog.amazonaws.com assume it"):
        other.launch_as(role)


@pytest.mark.parametrize(("protocol", "content_type"), [("smithy-rpc-v2-cbor", "cbor"), ("json", "amz-json-1.1")])
def test_products_are_found_by_both_protocols(
    server: Server, shop: Shop, monkeypatch: pytest.MonkeyPatch, protocol: str, content_type: str
) -> None:
    monkeypatch.setattr(ServiceModel, "resolved_protocol", protocol)
    catalog, sent = server.client("servicecatalog"), []
    catalog.meta.events.register("before-send", lambda request, **_: sent.append(request.headers["Content-Type"]))
    [made] = catalog.search_products_as_admin(PortfolioId=shop.portfolio)["ProductViewDetails"]
    assert made["ProductViewSummary"]["ProductId"] == shop.product
    assert all(content_type in str(each) for each in sent)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        catalog.describe_record(Id="rec-none")


def test_a_stack_launches_a_product_and_takes_its_outputs(
    server: Server, bucket: str, client: Callable[..., Any]
) -> None:
    shop, cloudformation, name = Shop(server, bucket), client("cloudformation"), new_name("air_")
    shop.let(client("sts").get_caller_identity()["Arn"])
    properties = {"ProductId": shop.product, "ProvisioningParameters": pairs(Name=name)}
    body = {
        "Resources": {
            "It": {"Type": "AWS::ServiceCatalog::CloudFormationProvisionedProduct", "Properties": properties}
        },
        "Outputs": {"Database": {"Value": {"Fn::GetAtt": ["It", "Outputs.Database"]}}},
    }
    stack = create(cloudformation, body)
    assert outputs(cloudformation, stack)["Database"] == name
    properties["ProvisioningParameters"] = pairs(Name=name, Text="b")
    made = physical(cloudformation, stack)
    update(cloudformation, stack, body)
    assert physical(cloudformation, stack) == made
    assert client("glue").get_database(Name=name)["Database"]["Description"] == "b"
    delete(cloudformation, stack)
    with pytest.raises(ClientError, match="EntityNotFoundException"):
        client("glue").get_database(Name=name)


def test_a_stack_has_a_project_that_is_a_product(
    server: Server, bucket: str, client: Callable[..., Any], role: str
) -> None:
    shop, cloudformation, name = Shop(server, bucket), client("cloudformation"), new_name("air_")
    shop.let(f"arn:aws:iam::{role.split(':')[4]}:root")
    values = pairs(Name=name)
    details = {"ProductId": shop.product, "ProvisioningArtifactId": shop.version, "ProvisioningParameters": values}
    given: dict[str, Any] = {"ProjectName": name.replace("_", "-"), "ServiceCatalogProvisioningDetails": details}
    project = {"Type": "AWS::SageMaker::Project", "Properties": given}
    stack = create(cloudformation, {"Resources": {"Project": project}})
    told = client("sagemaker").describe_project(ProjectName=given["ProjectName"])
    assert (told["ProjectStatus"], told["ProjectArn"]) == (
        "CreateCompleted",
        physical(cloudformation, stack)["Project"],
    )
    assert client("glue").get_database(Name=name)["Database"]["Name"] == name
    delete(cloudformation, stack)
    with pytest.raises(ClientError, match="EntityNotFoundException"):
        client("glue").get_database(Name=name)


def test_a_product_that_studio_shows_for_emr_becomes_a_running_cluster_by_a_project(
    server: Server, bucket: str, client: Callable[..., Any]
) -> None:
    cluster = {
        "Parameters": {"SageMakerProjectName": {"Type": "String"}, "SageMakerProjectId": {"Type": "String"}},
        "Resources": {
            "Cluster": {
                "Type": "AWS::EMR::Cluster",
                "Properties": {
                    "Name": {"Ref": "SageMakerProjectName"},
                    "ReleaseLabel": "emr-7.10.0",
                    "Applications": [{"Name": "Spark"}],
                    "Instances": {"MasterInstanceGroup": {"InstanceCount": 1, "InstanceType": "m5.xlarge"}},
                    "JobFlowRole": "EMR_EC2_DefaultRole",
                    "ServiceRole": "EMR_DefaultRole",
                },
            }
        },
        "Outputs": {"ClusterId": {"Value": {"Ref": "Cluster"}}},
    }
    emr, iam = server.client("emr"), server.client("iam")
    if not any(each["RoleName"] == "EMR_DefaultRole" for each in iam.list_roles()["Roles"]):
        create_default_roles(iam)
    shop = Shop(server, bucket, cluster, Tags=pairs(**{"sagemaker:studio-visibility:emr": "true"}))
    shop.launch_as(launch_role(server, "AdministratorAccess"))
    bo = Person(server)
    shop.let(bo.arn)
    sagemaker, name = bo.client("sagemaker"), new_name("team")
    [shown] = found(bo.client("servicecatalog"), Filters={"FullTextSearch": ["sagemaker:studio-visibility:emr"]})
    sagemaker.create_project(
        ProjectName=name, ServiceCatalogProvisioningDetails={"ProductId": shown, "ProvisioningArtifactId": shop.version}
    )
    project = state(sagemaker, name, "CreateCompleted", 180)
    launched = project["ServiceCatalogProvisionedProductDetails"]["ProvisionedProductId"]
    outputs = bo.client("servicecatalog").get_provisioned_product_outputs(ProvisionedProductId=launched)["Outputs"]
    [identifier] = [each["OutputValue"] for each in outputs if each["OutputKey"] == "ClusterId"]
    found_cluster = emr.describe_cluster(ClusterId=identifier)["Cluster"]
    assert (found_cluster["Name"], found_cluster["Status"]["State"]) == (name, "WAITING")
    assert {"Key": "sagemaker:project-name", "Value": name} in found_cluster["Tags"]
    sagemaker.delete_project(ProjectName=name)
    state(sagemaker, name, "DeleteCompleted", 60)
    assert emr.describe_cluster(ClusterId=identifier)["Cluster"]["Status"]["State"] == "TERMINATED"


def state(sagemaker: Any, name: str, wanted: str, seconds: int = 60) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        found: dict[str, Any] = sagemaker.describe_project(ProjectName=name)
        assert not found["ProjectStatus"].endswith("Failed"), found
        return found if found["ProjectStatus"] == wanted else None

    return until(look, seconds)


def test_a_project_that_cannot_be_launched_says_why_and_goes(server: Server, shop: Shop, ana: Person) -> None:
    sagemaker, name = ana.client("sagemaker"), new_name("team")
    details = {"ProductId": shop.product, "ProvisioningParameters": pairs(Name="NO!")}
    sagemaker.create_project(ProjectName=name, ServiceCatalogProvisioningDetails=details, Tags=pairs(team="air"))
    with pytest.raises(ClientError, match="already exists"):
        sagemaker.create_project(ProjectName=name, ServiceCatalogProvisioningDetails=details)
    told = sagemaker.describe_project(ProjectName=name)
    assert told["ProjectStatus"] == "CreateFailed"
    assert "must match pattern" in told["ServiceCatalogProvisionedProductDetails"]["ProvisionedProductStatusMessage"]
    assert sagemaker.list_tags(ResourceArn=told["ProjectArn"])["Tags"] == pairs(team="air")
    [listed] = sagemaker.list_projects(NameContains=name)["ProjectSummaryList"]
    assert listed["ProjectId"] == told["ProjectId"]
    sagemaker.delete_project(ProjectName=name)
    assert sagemaker.list_projects(NameContains=name)["ProjectSummaryList"] == []


def test_the_portfolio_that_sagemaker_shares_comes_and_goes_with_its_switch(server: Server, ana: Person) -> None:
    sagemaker, catalog = server.client("sagemaker"), server.client("servicecatalog")
    assert sagemaker.get_sagemaker_servicecatalog_portfolio_status()["Status"] == "Disabled"
    sagemaker.enable_sagemaker_servicecatalog_portfolio()
    assert sagemaker.get_sagemaker_servicecatalog_portfolio_status()["Status"] == "Enabled"
    [shared] = catalog.list_accepted_portfolio_shares()["PortfolioDetails"]
    assert shared["ProviderName"] == "Amazon SageMaker"
    both = {"PortfolioId": shared["Id"], "PrincipalARN": ana.arn}
    catalog.associate_principal_with_portfolio(**both, PrincipalType="IAM")
    catalog.disassociate_principal_from_portfolio(**both)
    sagemaker.disable_sagemaker_servicecatalog_portfolio()
    assert catalog.list_accepted_portfolio_shares()["PortfolioDetails"] == []


def test_a_person_launches_a_product_by_a_form_of_the_console_and_ends_it(server: Server, bucket: str) -> None:
    shop, browser, name = Shop(server, bucket), signed_in(server), new_name("air_")
    assert browser.open("/region", {"region": REGION}).status == 303
    shop.let(server.client("sts").get_caller_identity()["Arn"])
    title = shop.catalog.describe_product(Id=shop.product)["ProductViewSummary"]["Name"]
    assert title in browser.open("/products").words
    page = browser.open(f"/products/{shop.product}")
    path = shop.catalog.list_launch_paths(ProductId=shop.product)["LaunchPathSummaries"][0]["Id"]
    assert all(field in page.text for field in ('name="parameter:Name"', f'value="{shop.version}"', f'value="{path}"'))
    form = {"version": shop.version, "path": path, "name": name, "parameter:Name": name, "parameter:Text": "b"}
    browser.open(f"/products/{shop.product}", form)
    identifier = shop.catalog.describe_provisioned_product(Name=name)["ProvisionedProductDetail"]["Id"]
    until(lambda: "AVAILABLE" in browser.open(f"/products/launched/{identifier}").words)
    assert f"Database {name}" in browser.open(f"/products/launched/{identifier}").words
    browser.open(f"/products/launched/{identifier}/terminate", {})
    until(lambda: name not in browser.open("/products").words)
