"""AWS::ServiceCatalog: portfolios, products, what ties them together, and products that are launched."""

import hashlib
import json
from typing import Any

from studiolo.calling import Refused
from studiolo.stacks.types.base import (
    At,
    NotUpdatable,
    Properties,
    ResourceType,
    changed,
    differs,
    existing,
    tag_changes,
)

SERVICE = "servicecatalog"
PRODUCT = ("Name", "Owner", "Description", "Distributor", "SupportDescription", "SupportEmail", "SupportUrl")


def _retagged(properties: Properties, before: Properties) -> dict[str, Any]:
    gone, put = tag_changes(properties, before)
    return {"RemoveTags": gone or None, "AddTags": put or None}


class Portfolio(ResourceType):
    name = "AWS::ServiceCatalog::Portfolio"

    def create(self, at: At, properties: Properties) -> str:
        told = {name: properties.get(name) for name in ("DisplayName", "ProviderName", "Description")}
        made = at.call(SERVICE, "CreatePortfolio", **told, Tags=at.all_tags(properties), IdempotencyToken=at.token)
        return str(made["PortfolioDetail"]["Id"])

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        told = {name: properties.get(name) for name in ("DisplayName", "ProviderName", "Description")}
        at.call(SERVICE, "UpdatePortfolio", Id=physical, **told, **_retagged(properties, before))

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        at.call(SERVICE, "DeletePortfolio", Id=physical)

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        return {"PortfolioName": properties["DisplayName"]}

    def read(self, at: At, physical: str, properties: Properties) -> dict[str, Any] | None:
        found = at.call(SERVICE, "DescribePortfolio", Id=physical)["PortfolioDetail"]
        return {name: found.get(name) for name in ("DisplayName", "ProviderName", "Description")}


class CloudFormationProduct(ResourceType):
    """Ref is the product's id. A change of its artifacts adds those that are new, and deletes those that have gone."""

    name = "AWS::ServiceCatalog::CloudFormationProduct"

    def create(self, at: At, properties: Properties) -> str:
        artifacts = properties.get("ProvisioningArtifactParameters") or []
        if properties.get("SourceConnection") or not artifacts:
            raise Refused(
                "InvalidRequest", "A product needs ProvisioningArtifactParameters: Studiolo has no connections."
            )
        made = at.call(
            SERVICE,
            "CreateProduct",
            **{name: properties.get(name) for name in PRODUCT},
            ProductType="CLOUD_FORMATION_TEMPLATE",
            ProvisioningArtifactParameters=_artifact(artifacts[0]),
            Tags=at.all_tags(properties),
            IdempotencyToken=at.token,
        )
        product = str(made["ProductViewDetail"]["ProductViewSummary"]["ProductId"])
        for number, artifact in enumerate(artifacts[1:], 1):
            self._add(at, product, artifact, f"{at.token}{number}")
        return product

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        told = {name: properties.get(name) for name in PRODUCT}
        at.call(SERVICE, "UpdateProduct", Id=physical, **told, **_retagged(properties, before))
        wanted, had = (each.get("ProvisioningArtifactParameters") or [] for each in (properties, before))
        if wanted == had:
            return
        there = at.call(SERVICE, "ListProvisioningArtifacts", ProductId=physical)["ProvisioningArtifactDetails"]
        for artifact in wanted:
            if artifact not in had:
                self._add(at, physical, artifact, _token(at, artifact))
        gone = {artifact.get("Name") for artifact in had if artifact not in wanted}
        for artifact in there:
            if artifact.get("Name") in gone:
                at.call(
                    SERVICE, "DeleteProvisioningArtifact", ProductId=physical, ProvisioningArtifactId=artifact["Id"]
                )

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        at.call(SERVICE, "DeleteProduct", Id=physical)

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        there = at.call(SERVICE, "ListProvisioningArtifacts", ProductId=physical)["ProvisioningArtifactDetails"]
        return {
            "ProductName": properties["Name"],
            "ProvisioningArtifactIds": ",".join(each["Id"] for each in there),
            "ProvisioningArtifactNames": ",".join(each.get("Name", "") for each in there),
        }

    def read(self, at: At, physical: str, properties: Properties) -> dict[str, Any] | None:
        found = at.call(SERVICE, "DescribeProductAsAdmin", Id=physical)["ProductViewDetail"]["ProductViewSummary"]
        return {**{name: found.get(name) for name in PRODUCT}, "Description": found.get("ShortDescription")}

    def _add(self, at: At, product: str, artifact: Properties, token: str) -> None:
        at.call(
            SERVICE,
            "CreateProvisioningArtifact",
            ProductId=product,
            Parameters=_artifact(artifact),
            IdempotencyToken=token,
        )


class _Tie(ResourceType):
    """Two things that hang together: nothing of it changes in place. Ref is their ids with `|` between."""

    parts: tuple[str, str]
    associate: str
    disassociate: str

    def create(self, at: At, properties: Properties) -> str:
        more = {"PrincipalType": properties["PrincipalType"]} if "PrincipalType" in properties else {}
        at.call(SERVICE, self.associate, **{name: properties[name] for name in self.parts}, **more)
        return "|".join(str(properties[name]) for name in self.parts)

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        at.call(SERVICE, self.disassociate, **{name: properties[name] for name in self.parts})


class PortfolioProductAssociation(_Tie):
    name = "AWS::ServiceCatalog::PortfolioProductAssociation"
    parts = ("PortfolioId", "ProductId")
    associate, disassociate = "AssociateProductWithPortfolio", "DisassociateProductFromPortfolio"


class PortfolioPrincipalAssociation(_Tie):
    name = "AWS::ServiceCatalog::PortfolioPrincipalAssociation"
    parts = ("PortfolioId", "PrincipalARN")
    associate, disassociate = "AssociatePrincipalWithPortfolio", "DisassociatePrincipalFromPortfolio"


class TagOptionAssociation(_Tie):
    name = "AWS::ServiceCatalog::TagOptionAssociation"
    parts = ("TagOptionId", "ResourceId")
    associate, disassociate = "AssociateTagOptionWithResource", "DisassociateTagOptionFromResource"


class _Constraint(ResourceType):
    kind: str

    def _parameters(self, properties: Properties) -> str:
        raise NotImplementedError

    def create(self, at: At, properties: Properties) -> str:
        made = at.call(
            SERVICE,
            "CreateConstraint",
            PortfolioId=properties["PortfolioId"],
            ProductId=properties["ProductId"],
            Type=self.kind,
            Parameters=self._parameters(properties),
            Description=properties.get("Description"),
            IdempotencyToken=at.token,
        )
        return str(made["ConstraintDetail"]["ConstraintId"])

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        parameters = self._parameters(properties)
        at.call(
            SERVICE, "UpdateConstraint", Id=physical, Description=properties.get("Description"), Parameters=parameters
        )

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        at.call(SERVICE, "DeleteConstraint", Id=physical)


class LaunchRoleConstraint(_Constraint):
    name = "AWS::ServiceCatalog::LaunchRoleConstraint"
    kind = "LAUNCH"

    def _parameters(self, properties: Properties) -> str:
        return json.dumps({name: properties[name] for name in ("RoleArn", "LocalRoleName") if name in properties})


class LaunchTemplateConstraint(_Constraint):
    name = "AWS::ServiceCatalog::LaunchTemplateConstraint"
    kind = "TEMPLATE"

    def _parameters(self, properties: Properties) -> str:
        rules = json.loads(properties["Rules"])
        return json.dumps(rules if "Rules" in rules else {"Rules": rules})


class LaunchNotificationConstraint(_Constraint):
    name = "AWS::ServiceCatalog::LaunchNotificationConstraint"
    kind = "NOTIFICATION"

    def _parameters(self, properties: Properties) -> str:
        return json.dumps({"NotificationArns": properties["NotificationArns"]})


class ResourceUpdateConstraint(_Constraint):
    name = "AWS::ServiceCatalog::ResourceUpdateConstraint"
    kind = "RESOURCE_UPDATE"

    def _parameters(self, properties: Properties) -> str:
        allowed = properties["TagUpdateOnProvisionedProduct"]
        return json.dumps({"Version": "2.0", "Properties": {"TagUpdateOnProvisionedProduct": allowed}})


class TagOption(ResourceType):
    name = "AWS::ServiceCatalog::TagOption"

    def create(self, at: At, properties: Properties) -> str:
        told = {name: properties[name] for name in ("Key", "Value")}
        made = at.call(SERVICE, "CreateTagOption", **told)["TagOptionDetail"]["Id"]
        if properties.get("Active") is False:
            at.call(SERVICE, "UpdateTagOption", Id=made, Active=False)
        return str(made)

    def find(self, at: At, properties: Properties) -> str | None:
        told = {name: properties[name] for name in ("Key", "Value")}
        found = at.call(SERVICE, "ListTagOptions", Filters=told)["TagOptionDetails"]
        return str(found[0]["Id"]) if found else None

    def custom_name(self, properties: Properties) -> str | None:
        # One that is there already is another's.
        return f"{properties.get('Key')}={properties.get('Value')}"

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        at.call(SERVICE, "UpdateTagOption", Id=physical, Active=properties.get("Active", True))

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        at.call(SERVICE, "DeleteTagOption", Id=physical)

    def read(self, at: At, physical: str, properties: Properties) -> dict[str, Any] | None:
        return dict(at.call(SERVICE, "DescribeTagOption", Id=physical)["TagOptionDetail"])


class CloudFormationProvisionedProduct(ResourceType):
    """A product that a stack launches. GetAtt Outputs.X is an output of its stack."""

    name = "AWS::ServiceCatalog::CloudFormationProvisionedProduct"
    named_by = "ProvisionedProductName"

    def _name(self, at: At, properties: Properties) -> str:
        return str(properties.get("ProvisionedProductName") or at.name(128))

    def _wanted(self, at: At, properties: Properties) -> dict[str, Any]:
        names = ("ProductId", "ProductName", "ProvisioningArtifactId", "ProvisioningArtifactName", "PathId", "PathName")
        told = {name: properties.get(name) for name in names}
        if told["ProvisioningArtifactId"] is None and told["ProvisioningArtifactName"] is None:
            which = {"Name": told["ProductName"]} if told["ProductId"] is None else {"Id": told["ProductId"]}
            told["ProvisioningArtifactId"] = at.call(SERVICE, "DescribeProduct", **which)["ProvisioningArtifacts"][-1][
                "Id"
            ]
        return {
            **told,
            "ProvisioningParameters": properties.get("ProvisioningParameters"),
            "ProvisioningPreferences": properties.get("ProvisioningPreferences"),
            "Tags": properties.get("Tags"),
        }

    def create(self, at: At, properties: Properties) -> str:
        made = at.call(
            SERVICE,
            "ProvisionProduct",
            ProvisionedProductName=self._name(at, properties),
            **self._wanted(at, properties),
            NotificationArns=properties.get("NotificationArns"),
            ProvisionToken=at.token,
        )
        return str(made["RecordDetail"]["ProvisionedProductId"])

    def find(self, at: At, properties: Properties) -> str | None:
        name = self._name(at, properties)
        found = existing(at.call, service=SERVICE, operation="DescribeProvisionedProduct", Name=name)
        return None if found is None else str(found["ProvisionedProductDetail"]["Id"])

    def ready(self, at: At, physical: str, properties: Properties) -> bool:
        found = at.call(SERVICE, "DescribeProvisionedProduct", Id=physical)["ProvisionedProductDetail"]
        if found["Status"] == "UNDER_CHANGE":
            return False
        if found["Status"] != "AVAILABLE":
            raise Refused(
                "NotStabilized", f"The product {found['Name']} is {found['Status']}: {found.get('StatusMessage')}"
            )
        return True

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        if differs(properties, before, "NotificationArns", "ProvisionedProductName"):
            raise NotUpdatable(self.name, ", ".join(changed(properties, before)))
        at.call(
            SERVICE,
            "UpdateProvisionedProduct",
            ProvisionedProductId=physical,
            **self._wanted(at, properties),
            UpdateToken=_token(at, [properties, before]),
        )

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        found = at.call(SERVICE, "DescribeProvisionedProduct", Id=physical)["ProvisionedProductDetail"]
        if found["Status"] != "UNDER_CHANGE":
            at.call(SERVICE, "TerminateProvisionedProduct", ProvisionedProductId=physical, TerminateToken=at.token)

    def is_gone(self, at: At, physical: str) -> bool:
        found = existing(at.call, service=SERVICE, operation="DescribeProvisionedProduct", Id=physical)
        if found is None:
            return True
        detail = found["ProvisionedProductDetail"]
        if detail["Status"] in ("ERROR", "TAINTED"):
            raise Refused(
                "NotStabilized", f"The product {detail['Name']} cannot be deleted: {detail.get('StatusMessage')}"
            )
        return False

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        found = at.call(SERVICE, "DescribeProvisionedProduct", Id=physical)["ProvisionedProductDetail"]
        outputs = at.call(SERVICE, "GetProvisionedProductOutputs", ProvisionedProductId=physical)["Outputs"]
        told = {each["OutputKey"]: each["OutputValue"] for each in outputs}
        return {
            "ProvisionedProductId": physical,
            "RecordId": found["LastProvisioningRecordId"],
            "CloudformationStackArn": told.pop("CloudformationStackARN", ""),
            **{f"Outputs.{key}": value for key, value in told.items()},
        }


def _token(at: At, asked: Any) -> str:
    """What makes a repeated request the same request, where a resource has many."""
    text = json.dumps(asked, sort_keys=True, default=str)
    return hashlib.sha256(f"{at.token} {text}".encode()).hexdigest()


def _artifact(given: Properties) -> dict[str, Any]:
    """An artifact as the API has it: templates may leave its type out."""
    return {"Type": "CLOUD_FORMATION_TEMPLATE", **given}


TYPES = (
    CloudFormationProduct,
    CloudFormationProvisionedProduct,
    LaunchNotificationConstraint,
    LaunchRoleConstraint,
    LaunchTemplateConstraint,
    Portfolio,
    PortfolioPrincipalAssociation,
    PortfolioProductAssociation,
    ResourceUpdateConstraint,
    TagOption,
    TagOptionAssociation,
)
