"""SageMaker's MLflow tracking servers."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    op.create_table(
        "mlflow_tracking_servers",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("account", "region", "name", "id", "status")),
        sa.Column("failure", sa.Text()),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("created", "changed")),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("account", "region", "name", name=op.f("pk_mlflow_tracking_servers")),
        sa.UniqueConstraint("id", name=op.f("uq_mlflow_tracking_servers_id")),
    )
