"""What the operations of AWS Service Catalog need.

After "Actions, resources, and condition keys for AWS Service Catalog" (Service Authorization Reference). Portfolios and
products have ARNs of the service `catalog`; what is not of one of them is asked of `*`. What is launched is asked of the
launch role, or of who launches it, by CloudFormation.
"""

from collections.abc import Mapping

from studiolo.aws.arns import parse_arn
from studiolo.domain import Invalid
from studiolo.products import Missing
from studiolo.services.call import Call
from studiolo.services.rights.rows import Parameters, Rights, table

TABLE = """
    AssociatePrincipalWithPortfolio      portfolio/{PortfolioId}
    AssociateProductWithPortfolio        product/{ProductId}
    AssociateTagOptionWithResource       *
    CreateConstraint                     product/{ProductId}
    CreatePortfolio                      portfolio/*
    CreateProduct                        product/*
    CreateProvisioningArtifact           product/{ProductId}
    CreateTagOption                      *
    DeleteConstraint                     *
    DeletePortfolio                      portfolio/{Id}
    DeleteProduct                        product/{Id}
    DeleteProvisioningArtifact           product/{ProductId}
    DeleteTagOption                      *
    DescribeConstraint                   *
    DescribePortfolio                    portfolio/{Id}
    DescribeProduct                      product/{Id:*}
    DescribeProductAsAdmin               product/{Id:*}
    DescribeProductView                  *
    DescribeProvisionedProduct           *
    DescribeProvisioningArtifact         product/{ProductId:*}
    DescribeProvisioningParameters       product/{ProductId:*}
    DescribeRecord                       *
    DescribeTagOption                    *
    DisassociatePrincipalFromPortfolio   portfolio/{PortfolioId}
    DisassociateProductFromPortfolio     product/{ProductId}
    DisassociateTagOptionFromResource    *
    GetProvisionedProductOutputs         *
    ListAcceptedPortfolioShares          *
    ListConstraintsForPortfolio          *
    ListLaunchPaths                      product/{ProductId}
    ListPortfolios                       *
    ListPortfoliosForProduct             *
    ListPrincipalsForPortfolio           *
    ListProvisioningArtifacts            product/{ProductId}
    ListRecordHistory                    *
    ListResourcesForTagOption            *
    ListTagOptions                       *
    ProvisionProduct                     product/{ProductId:*}
    ScanProvisionedProducts              *
    SearchProducts                       *
    SearchProductsAsAdmin                *
    SearchProvisionedProducts            *
    TerminateProvisionedProduct          *
    UpdateConstraint                     *
    UpdatePortfolio                      portfolio/{Id}
    UpdateProduct                        product/{Id}
    UpdateProvisionedProduct             *
    UpdateProvisioningArtifact           product/{ProductId}
    UpdateTagOption                      *
"""

LISTS = frozenset({"ListRecordHistory", "ScanProvisionedProducts", "SearchProvisionedProducts"})
OF_LAUNCHED = {
    "DescribeProvisionedProduct": ("Id", "Name"),
    "DescribeRecord": ("Id",),
    "GetProvisionedProductOutputs": ("ProvisionedProductId", "ProvisionedProductName"),
    "TerminateProvisionedProduct": ("ProvisionedProductId", "ProvisionedProductName"),
    "UpdateProvisionedProduct": ("ProvisionedProductId", "ProvisionedProductName"),
}
"""What is asked about one provisioned product, and the parameters that name it: its id and its name, or a record's id."""


def _tags(call: Call, arn: str) -> Mapping[str, str]:
    kind, _, identifier = parse_arn(arn).resource.partition("/")
    products = call.studio.products
    found = products.portfolios.get if kind == "portfolio" else products.offers.get
    return found(call.scope, identifier).tags


def _known(call: Call, operation: str, parameters: Parameters) -> Mapping[str, str]:
    """Whether what was launched is the caller's own: as the account's, the role's or user's, or that very session's."""
    if operation in LISTS:
        asked = parameters.get("AccessLevelFilter") or {}
        return {f"servicecatalog:{asked.get('Key', 'User').lower()}Level": asked.get("Value", "self")}
    if operation not in OF_LAUNCHED:
        return {}
    named = OF_LAUNCHED[operation]
    provisioning = call.studio.products.provisioning
    try:
        levels = provisioning.levels(call.scope, call.principal, *(parameters.get(name) for name in named))
    except (Missing, Invalid):
        return {}
    return {f"servicecatalog:{level.lower()}Level": "self" for level in levels}


RIGHTS = Rights("catalog", table("servicecatalog", TABLE), tags=_tags, known=_known)
