"""How the answers of function URLs come."""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"


def upgrade() -> None:
    op.add_column("function_urls", sa.Column("mode", sa.Text(), nullable=False, server_default="BUFFERED"))
