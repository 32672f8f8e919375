"""What the operations of AWS Service Catalog need.

After "Actions, resources, and condition keys for AWS Service Catalog" (Service Authorization Reference). Portfolios and
products have ARNs of the service `catalog`; what is not of one of them is asked of `*`. What is launched is asked of the
launch role, or of who launches it, by CloudFormation.
"""

from collections.abc import Mapping

from studiolo.aws.arns import parse_arn
from studiolo.services.call import Call
from studiolo.services.rights.rows import Rights, table

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


def _tags(call: Call, arn: str) -> Mapping[str, str]:
    kind, _, identifier = parse_arn(arn).resource.partition("/")
    products = call.studio.products
    found = products.portfolios.get if kind == "portfolio" else products.offers.get
    return found(call.scope, identifier).tags


RIGHTS = Rights("catalog", table("servicecatalog", TABLE), tags=_tags)
