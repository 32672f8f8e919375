"""The persistent application interfaces of EMR's clusters."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.create_table(
        "cluster_interfaces",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("id", "account", "region", "cluster", "author")),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cluster_interfaces")),
    )
