"""Lake Formation: settings, locations, grants, filters, LF-tags, opt-ins and governed views."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    _table("lake_settings", (), "document")
    _table("lake_locations", ("arn",), "document")
    _table("lake_grants", ("principal", "resource"), "database", "table", "document")
    _table("lake_filters", ("database", "table", "name"), "document")
    _table("lake_opt_ins", ("principal", "resource"), "document")
    _table("lake_tags", ("key",), "document")
    _table("lake_tagged", ("database", "table", "column", "key"), "value")
    _table("lake_expressions", ("name",), "document")
    moment = sa.Column("made", sa.BigInteger(), nullable=False)
    _table("lake_views", ("id",), "database", "table", further=[moment])
    further = [
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
    ]
    _table("lake_view_files", ("view", "key"), "source", "etag", further=further)


def _table(name: str, keys: tuple[str, ...], *texts: str, further: "list[sa.Column[int]] | tuple[()]" = ()) -> None:
    primary = ["catalog", "region", *keys]
    op.create_table(
        name,
        *(sa.Column(each, sa.Text(), nullable=False) for each in (*primary, *texts)),
        *further,
        sa.PrimaryKeyConstraint(*primary, name=op.f(f"pk_{name}")),
    )
