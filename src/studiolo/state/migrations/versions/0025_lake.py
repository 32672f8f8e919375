"""Lake Formation: how many rows a file of a governed view has, of Iceberg tables."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0023"


def upgrade() -> None:
    op.add_column("lake_view_files", sa.Column("rows", sa.BigInteger()))
