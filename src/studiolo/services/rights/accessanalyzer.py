"""What the operations of AWS IAM Access Analyzer need."""

from studiolo.services.rights.rows import Rights, table

TABLE = """
    ValidatePolicy  *
"""

RIGHTS = Rights("access-analyzer", table("access-analyzer", TABLE))
