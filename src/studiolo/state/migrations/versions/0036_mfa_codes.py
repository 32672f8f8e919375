"""MFA devices: the step of the last code that was taken, for each counts once."""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"


def upgrade() -> None:
    op.add_column("iam_mfa_devices", sa.Column("used", sa.BigInteger()))
