"""AWS Service Catalog: portfolios and products for administrators, launching them for everybody else."""

from studiolo.services.servicecatalog import constraints, launching, portfolios, products, provisioned, tag_options
from studiolo.services.servicecatalog.service import servicecatalog

__all__ = ["constraints", "launching", "portfolios", "products", "provisioned", "servicecatalog", "tag_options"]
