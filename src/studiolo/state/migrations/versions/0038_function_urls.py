"""Function URLs: addresses at which functions are called by plain HTTP."""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0036"


def upgrade() -> None:
    op.create_table(
        "function_urls",
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("account", "region", "name", "qualifier", "id", "auth")
        ),
        sa.Column("cors", sa.JSON()),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("created", "modified")),
        sa.PrimaryKeyConstraint("account", "region", "name", "qualifier", name=op.f("pk_function_urls")),
        sa.UniqueConstraint("id", name=op.f("uq_function_urls_id")),
    )
