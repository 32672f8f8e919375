"""How the answers of function URLs come."""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"


def upgrade() -> None:
    op.add_column("function_urls", sa.Column("mode", sa.Text(), nullable=False, server_default="BUFFERED"))
