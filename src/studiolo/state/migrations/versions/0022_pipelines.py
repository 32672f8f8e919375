"""Pipelines of SageMaker with their versions, executions and steps; experiments, trials and their components."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    owned = ("account", "region")
    op.create_table(
        "pipelines",
        *_columns((*owned, "name"), sa.Text),
        *_columns(("created", "changed"), sa.BigInteger),
        *_columns(("last_run",), sa.BigInteger, nullable=True),
        *_columns(("version",), sa.Integer),
        *_columns(("settings",), sa.JSON),
        sa.PrimaryKeyConstraint(*owned, "name", name=op.f("pk_pipelines")),
    )
    op.create_table(
        "pipeline_versions",
        *_columns((*owned, "pipeline"), sa.Text),
        *_columns(("number",), sa.Integer),
        *_columns(("created",), sa.BigInteger),
        *_columns(("definition",), sa.Text),
        sa.PrimaryKeyConstraint(*owned, "pipeline", "number", name=op.f("pk_pipeline_versions")),
    )
    op.create_table(
        "pipeline_executions",
        *_columns(("id", *owned, "pipeline"), sa.Text),
        *_columns(("version",), sa.Integer),
        *_columns(("token",), sa.Text),
        *_columns(("created", "changed"), sa.BigInteger),
        *_columns(("status",), sa.Text),
        *_columns(("settings",), sa.JSON),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pipeline_executions")),
    )
    op.create_index(op.f("ix_pipeline_executions_pipeline"), "pipeline_executions", ["pipeline"])
    op.create_index(op.f("ix_pipeline_executions_status"), "pipeline_executions", ["status"])
    op.create_table(
        "pipeline_steps",
        *_columns(("execution", "name"), sa.Text),
        *_columns(("number",), sa.Integer),
        *_columns(("status",), sa.Text),
        *_columns(("started",), sa.BigInteger),
        *_columns(("cache_key",), sa.Text, nullable=True),
        *_columns(("run",), sa.JSON),
        sa.PrimaryKeyConstraint("execution", "name", name=op.f("pk_pipeline_steps")),
    )
    op.create_index(op.f("ix_pipeline_steps_cache_key"), "pipeline_steps", ["cache_key"])
    _experiments(owned)


def _experiments(owned: tuple[str, ...]) -> None:
    op.create_table(
        "experiment_entities",
        *_columns((*owned, "kind", "name"), sa.Text),
        *_columns(("parent", "source"), sa.Text, nullable=True),
        *_columns(("created", "changed"), sa.BigInteger),
        *_columns(("details",), sa.JSON),
        sa.PrimaryKeyConstraint(*owned, "kind", "name", name=op.f("pk_experiment_entities")),
    )
    op.create_index(op.f("ix_experiment_entities_source"), "experiment_entities", ["source"])
    op.create_table(
        "trial_component_links",
        *_columns((*owned, "trial", "component"), sa.Text),
        sa.PrimaryKeyConstraint(*owned, "trial", "component", name=op.f("pk_trial_component_links")),
    )
    op.create_index(op.f("ix_trial_component_links_component"), "trial_component_links", ["component"])
    op.create_table(
        "trial_component_metrics",
        *_columns(("number",), sa.Integer),
        *_columns((*owned, "component", "metric"), sa.Text),
        *_columns(("time",), sa.BigInteger),
        *_columns(("step",), sa.Integer, nullable=True),
        *_columns(("value",), sa.Float),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_trial_component_metrics")),
    )
    op.create_index("ix_trial_component_metrics_component", "trial_component_metrics", ["component", "metric"])


def _columns(names: tuple[str, ...], kind: Any, *, nullable: bool = False) -> "list[sa.Column[Any]]":
    return [sa.Column(name, kind(), nullable=nullable) for name in names]
