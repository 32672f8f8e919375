"""The pages: each a function that makes it of boto3 calls, and a template."""

from studiolo.console.pages import (
    catalog,
    clusters,
    endpoints,
    identity,
    logs,
    metrics,
    models,
    notebooks,
    overview,
    pipelines,
    processing,
    products,
    registry,
    serverless,
    sessions,
    stacks,
    storage,
    studio,
    training,
    tuning,
    usage,
)
from studiolo.console.pages.page import Page

PAGES: tuple[Page, ...] = (
    *overview.PAGES,
    *storage.PAGES,
    *catalog.PAGES,
    *sessions.PAGES,
    *clusters.PAGES,
    *serverless.PAGES,
    *training.PAGES,
    *tuning.PAGES,
    *processing.PAGES,
    *pipelines.PAGES,
    *notebooks.PAGES,
    *models.PAGES,
    *registry.PAGES,
    *endpoints.PAGES,
    *studio.PAGES,
    *stacks.PAGES,
    *products.PAGES,
    *logs.PAGES,
    *metrics.PAGES,
    *usage.PAGES,
    *identity.PAGES,
)

__all__ = ["PAGES", "Page"]
