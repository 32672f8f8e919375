"""Lambda's functions, with their versions, aliases, layers and waiting events; requests of custom resources."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    scope = ("account", "region")
    op.create_table(
        "functions",
        *_columns((*scope, "name", "revision"), sa.Text),
        *_columns(("settings", "code", "state", "tags"), sa.JSON),
        *_columns(("modified",), sa.BigInteger),
        *_columns(("published",), sa.Integer),
        *_columns(("reserved",), sa.Integer, nullable=True),
        sa.PrimaryKeyConstraint(*scope, "name", name=op.f("pk_functions")),
    )
    op.create_table(
        "function_versions",
        *_columns((*scope, "name", "revision"), sa.Text),
        *_columns(("number",), sa.Integer),
        *_columns(("settings", "code"), sa.JSON),
        *_columns(("modified",), sa.BigInteger),
        sa.PrimaryKeyConstraint(*scope, "name", "number", name=op.f("pk_function_versions")),
    )
    op.create_table(
        "function_aliases",
        *_columns((*scope, "name", "alias", "version", "description", "revision"), sa.Text),
        *_columns(("weights",), sa.JSON),
        sa.PrimaryKeyConstraint(*scope, "name", "alias", name=op.f("pk_function_aliases")),
    )
    op.create_table(
        "function_event_configs",
        *_columns((*scope, "name", "qualifier"), sa.Text),
        *_columns(("retries", "age"), sa.Integer, nullable=True),
        *_columns(("on_success", "on_failure"), sa.Text, nullable=True),
        *_columns(("modified",), sa.BigInteger),
        sa.PrimaryKeyConstraint(*scope, "name", "qualifier", name=op.f("pk_function_event_configs")),
    )
    op.create_table(
        "function_layers",
        *_columns((*scope, "name", "description"), sa.Text),
        *_columns(("number", "deleted"), sa.Integer),
        *_columns(("code", "told"), sa.JSON),
        *_columns(("created",), sa.BigInteger),
        sa.PrimaryKeyConstraint(*scope, "name", "number", name=op.f("pk_function_layers")),
    )
    op.create_table(
        "function_events",
        *_columns(("id", *scope, "name"), sa.Text),
        *_columns(("qualifier",), sa.Text, nullable=True),
        *_columns(("payload",), sa.LargeBinary),
        *_columns(("attempts",), sa.Integer),
        *_columns(("created", "due"), sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_function_events")),
    )
    op.create_index(op.f("ix_function_events_due"), "function_events", ["due"])
    op.create_table(
        "custom_requests",
        *_columns(("id", "token", "stack", "logical", "operation", "kind", "physical", "state"), sa.Text),
        *_columns(("generation",), sa.Integer),
        *_columns(("asked", "deadline"), sa.BigInteger),
        *_columns(("answer",), sa.JSON, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_custom_requests")),
        sa.UniqueConstraint("token", name=op.f("uq_custom_requests_token")),
    )
    op.create_index(op.f("ix_custom_requests_stack"), "custom_requests", ["stack"])


def _columns(names: tuple[str, ...], kind: Any, *, nullable: bool = False) -> "list[sa.Column[Any]]":
    return [sa.Column(name, kind(), nullable=nullable) for name in names]
