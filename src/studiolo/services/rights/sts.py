"""What the operations of AWS STS need: AssumeRole is decided with its role's trust policy, where the role is known."""

from studiolo.domain import Scope
from studiolo.services.call import Call
from studiolo.services.rights.rows import Parameters, Rights, table

TABLE = """
    AssumeRole                  ={RoleArn}
    AssumeRoleWithSAML          ={RoleArn}
    AssumeRoleWithWebIdentity   ={RoleArn}
    DecodeAuthorizationMessage  *
    GetAccessKeyInfo            *
    GetCallerIdentity           *
    GetFederationToken          federated-user/{Name}
    GetFederationToken?Tags     @sts:TagSession  federated-user/{Name}
    GetSessionToken             *
"""


def _place(call: Call, _parameters: Parameters) -> Scope:
    return Scope(call.scope.account, "")


RIGHTS = Rights("sts", table("sts", TABLE), place=_place)
