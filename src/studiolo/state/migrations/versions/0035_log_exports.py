"""Export tasks of log groups, how far metric filters have come, and the checksums of parts of uploads."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0033"


def upgrade() -> None:
    op.create_table(
        "log_export_tasks",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("account", "region", "id")),
        sa.Column("name", sa.Text()),
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("group", "stream_prefix", "bucket", "prefix", "status")
        ),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("message", sa.Text()),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("completed", sa.BigInteger()),
        sa.PrimaryKeyConstraint("account", "region", "id", name=op.f("pk_log_export_tasks")),
    )
    op.add_column("log_metric_filters", sa.Column("positions", sa.JSON()))
    op.create_table(
        "upload_checksums",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("bucket", "upload")),
        sa.Column("number", sa.Integer(), nullable=False, autoincrement=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("name", "value")),
        sa.PrimaryKeyConstraint("bucket", "upload", "number", name=op.f("pk_upload_checksums")),
    )
