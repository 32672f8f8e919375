"""What the operations of AWS STS need: AssumeRole is decided with its role's trust policy, where the role is known."""

from studiolo.services.rights.rows import Rights, table

TABLE = """
    AssumeRole                  ={RoleArn}
    AssumeRoleWithSAML          ={RoleArn}
    AssumeRoleWithWebIdentity   ={RoleArn}
    DecodeAuthorizationMessage  *
    GetAccessKeyInfo            *
    GetCallerIdentity           *
    GetFederationToken          *
    GetSessionToken             *
"""

RIGHTS = Rights("sts", table("sts", TABLE))
