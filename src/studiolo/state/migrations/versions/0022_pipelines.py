"""Pipelines of SageMaker with their versions, executions and steps; experiments, trials and their components."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0017"


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


def _columns(names: tuple[str, ...], kind: Any, *, nullable: bool = False) -> "list[sa.Column[Any]]":
    return [sa.Column(name, kind(), nullable=nullable) for name in names]
