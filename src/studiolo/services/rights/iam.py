"""What the operations of AWS IAM need.

After "Actions, resources, and condition keys for AWS Identity and Access Management" (Service Authorization Reference).
The resource of what is there has its path, which a request does not tell.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from studiolo.aws.arns import parse_arn
from studiolo.domain import DomainError, Scope
from studiolo.services.call import Call
from studiolo.services.rights.rows import Parameters, Rights, conditions, table

TABLE = """
    AddClientIDToOpenIDConnectProvider         ={OpenIDConnectProviderArn}
    AddRoleToInstanceProfile                   instance-profile/{InstanceProfileName}
    AddRoleToInstanceProfile                   @iam:PassRole  role/{RoleName}
    AddUserToGroup                             group/{GroupName}
    AttachGroupPolicy                          group/{GroupName}
    AttachRolePolicy                           role/{RoleName}
    AttachUserPolicy                           user/{UserName:@caller}
    ChangePassword                             user/{UserName:@caller}
    CreateAccessKey                            user/{UserName:@caller}
    CreateAccountAlias                         *
    CreateGroup                                group{Path:/}{GroupName}
    CreateInstanceProfile                      instance-profile{Path:/}{InstanceProfileName}
    CreateInstanceProfile?Tags                 @iam:TagInstanceProfile  instance-profile{Path:/}{InstanceProfileName}
    CreateLoginProfile                         user/{UserName:@caller}
    CreateOpenIDConnectProvider                oidc-provider/{Url}
    CreateOpenIDConnectProvider?Tags           @iam:TagOpenIDConnectProvider  oidc-provider/{Url}
    CreatePolicy                               policy{Path:/}{PolicyName}
    CreatePolicy?Tags                          @iam:TagPolicy  policy{Path:/}{PolicyName}
    CreatePolicyVersion                        ={PolicyArn}
    CreateRole                                 role{Path:/}{RoleName}
    CreateRole?Tags                            @iam:TagRole  role{Path:/}{RoleName}
    CreateSAMLProvider                         saml-provider/{Name}
    CreateSAMLProvider?Tags                    @iam:TagSAMLProvider  saml-provider/{Name}
    CreateServiceLinkedRole                    role/aws-service-role/{AWSServiceName}/*
    CreateServiceSpecificCredential            user/{UserName:@caller}
    CreateUser                                 user{Path:/}{UserName}
    CreateUser?Tags                            @iam:TagUser  user{Path:/}{UserName}
    CreateVirtualMFADevice                     mfa{Path:/}{VirtualMFADeviceName}
    CreateVirtualMFADevice?Tags                @iam:TagMFADevice  mfa{Path:/}{VirtualMFADeviceName}
    DeactivateMFADevice                        user/{UserName:@caller}
    DeleteAccessKey                            user/{UserName:@caller}
    DeleteAccountAlias                         *
    DeleteAccountPasswordPolicy                *
    DeleteGroup                                group/{GroupName}
    DeleteGroupPolicy                          group/{GroupName}
    DeleteInstanceProfile                      instance-profile/{InstanceProfileName}
    DeleteLoginProfile                         user/{UserName:@caller}
    DeleteOpenIDConnectProvider                ={OpenIDConnectProviderArn}
    DeletePolicy                               ={PolicyArn}
    DeletePolicyVersion                        ={PolicyArn}
    DeleteRole                                 role/{RoleName}
    DeleteRolePermissionsBoundary              role/{RoleName}
    DeleteRolePolicy                           role/{RoleName}
    DeleteSAMLProvider                         ={SAMLProviderArn}
    DeleteSSHPublicKey                         user/{UserName:@caller}
    DeleteServerCertificate                    server-certificate/{ServerCertificateName}
    DeleteServiceLinkedRole                    role/{RoleName}
    DeleteServiceSpecificCredential            user/{UserName:@caller}
    DeleteSigningCertificate                   user/{UserName:@caller}
    DeleteUser                                 user/{UserName:@caller}
    DeleteUserPermissionsBoundary              user/{UserName:@caller}
    DeleteUserPolicy                           user/{UserName:@caller}
    DeleteVirtualMFADevice                     ={SerialNumber}
    DetachGroupPolicy                          group/{GroupName}
    DetachRolePolicy                           role/{RoleName}
    DetachUserPolicy                           user/{UserName:@caller}
    EnableMFADevice                            user/{UserName:@caller}
    GenerateCredentialReport                   *
    GenerateServiceLastAccessedDetails         ={Arn}
    GetAccessKeyLastUsed                       user/*
    GetAccountAuthorizationDetails             *
    GetAccountPasswordPolicy                   *
    GetAccountSummary                          *
    GetContextKeysForCustomPolicy              *
    GetContextKeysForPrincipalPolicy           ={PolicySourceArn}
    GetCredentialReport                        *
    GetGroup                                   group/{GroupName}
    GetGroupPolicy                             group/{GroupName}
    GetInstanceProfile                         instance-profile/{InstanceProfileName}
    GetLoginProfile                            user/{UserName:@caller}
    GetMFADevice                               user/{UserName:@caller}
    GetOpenIDConnectProvider                   ={OpenIDConnectProviderArn}
    GetPolicy                                  ={PolicyArn}
    GetPolicyVersion                           ={PolicyArn}
    GetRole                                    role/{RoleName}
    GetRolePolicy                              role/{RoleName}
    GetSAMLProvider                            ={SAMLProviderArn}
    GetSSHPublicKey                            user/{UserName:@caller}
    GetServerCertificate                       server-certificate/{ServerCertificateName}
    GetServiceLastAccessedDetails              *
    GetServiceLastAccessedDetailsWithEntities  *
    GetServiceLinkedRoleDeletionStatus         *
    GetUser                                    user/{UserName:@caller}
    GetUserPolicy                              user/{UserName:@caller}
    ListAccessKeys                             user/{UserName:@caller}
    ListAccountAliases                         *
    ListAttachedGroupPolicies                  group/{GroupName}
    ListAttachedRolePolicies                   role/{RoleName}
    ListAttachedUserPolicies                   user/{UserName:@caller}
    ListEntitiesForPolicy                      ={PolicyArn}
    ListGroupPolicies                          group/{GroupName}
    ListGroups                                 *
    ListGroupsForUser                          user/{UserName:@caller}
    ListInstanceProfileTags                    instance-profile/{InstanceProfileName}
    ListInstanceProfiles                       *
    ListInstanceProfilesForRole                role/{RoleName}
    ListMFADeviceTags                          ={SerialNumber}
    ListMFADevices                             user/{UserName:@caller}
    ListOpenIDConnectProviderTags              ={OpenIDConnectProviderArn}
    ListOpenIDConnectProviders                 *
    ListPolicies                               *
    ListPoliciesGrantingServiceAccess          ={Arn}
    ListPolicyTags                             ={PolicyArn}
    ListPolicyVersions                         ={PolicyArn}
    ListRolePolicies                           role/{RoleName}
    ListRoleTags                               role/{RoleName}
    ListRoles                                  *
    ListSAMLProviderTags                       ={SAMLProviderArn}
    ListSAMLProviders                          *
    ListSSHPublicKeys                          user/{UserName:@caller}
    ListServerCertificateTags                  server-certificate/{ServerCertificateName}
    ListServerCertificates                     *
    ListServiceSpecificCredentials             user/{UserName:@caller}
    ListSigningCertificates                    user/{UserName:@caller}
    ListUserPolicies                           user/{UserName:@caller}
    ListUserTags                               user/{UserName:@caller}
    ListUsers                                  *
    ListVirtualMFADevices                      *
    PutGroupPolicy                             group/{GroupName}
    PutRolePermissionsBoundary                 role/{RoleName}
    PutRolePolicy                              role/{RoleName}
    PutUserPermissionsBoundary                 user/{UserName:@caller}
    PutUserPolicy                              user/{UserName:@caller}
    RemoveClientIDFromOpenIDConnectProvider    ={OpenIDConnectProviderArn}
    RemoveRoleFromInstanceProfile              instance-profile/{InstanceProfileName}
    RemoveUserFromGroup                        group/{GroupName}
    ResetServiceSpecificCredential             user/{UserName:@caller}
    ResyncMFADevice                            user/{UserName:@caller}
    SetDefaultPolicyVersion                    ={PolicyArn}
    SimulateCustomPolicy                       *
    SimulatePrincipalPolicy                    ={PolicySourceArn}
    TagInstanceProfile                         instance-profile/{InstanceProfileName}
    TagMFADevice                               ={SerialNumber}
    TagOpenIDConnectProvider                   ={OpenIDConnectProviderArn}
    TagPolicy                                  ={PolicyArn}
    TagRole                                    role/{RoleName}
    TagSAMLProvider                            ={SAMLProviderArn}
    TagServerCertificate                       server-certificate/{ServerCertificateName}
    TagUser                                    user/{UserName:@caller}
    UntagInstanceProfile                       instance-profile/{InstanceProfileName}
    UntagMFADevice                             ={SerialNumber}
    UntagOpenIDConnectProvider                 ={OpenIDConnectProviderArn}
    UntagPolicy                                ={PolicyArn}
    UntagRole                                  role/{RoleName}
    UntagSAMLProvider                          ={SAMLProviderArn}
    UntagServerCertificate                     server-certificate/{ServerCertificateName}
    UntagUser                                  user/{UserName:@caller}
    UpdateAccessKey                            user/{UserName:@caller}
    UpdateAccountPasswordPolicy                *
    UpdateAssumeRolePolicy                     role/{RoleName}
    UpdateGroup                                group/{GroupName}
    UpdateLoginProfile                         user/{UserName:@caller}
    UpdateOpenIDConnectProviderThumbprint      ={OpenIDConnectProviderArn}
    UpdateRole                                 role/{RoleName}
    UpdateRoleDescription                      role/{RoleName}
    UpdateSAMLProvider                         ={SAMLProviderArn}
    UpdateSSHPublicKey                         user/{UserName:@caller}
    UpdateServerCertificate                    server-certificate/{ServerCertificateName}
    UpdateServiceSpecificCredential            user/{UserName:@caller}
    UpdateSigningCertificate                   user/{UserName:@caller}
    UpdateUser                                 user/{UserName:@caller}
    UploadSSHPublicKey                         user/{UserName:@caller}
    UploadServerCertificate                    server-certificate{Path:/}{ServerCertificateName}
    UploadSigningCertificate                   user/{UserName:@caller}
"""

KEYS = """
    AttachGroupPolicy,AttachRolePolicy,AttachUserPolicy,DetachGroupPolicy,DetachRolePolicy,DetachUserPolicy  iam:PolicyARN  PolicyArn
    CreateRole,CreateUser,PutRolePermissionsBoundary,PutUserPermissionsBoundary  iam:PermissionsBoundary  PermissionsBoundary
    CreateServiceLinkedRole  iam:AWSServiceName  AWSServiceName
    AddRoleToInstanceProfile  iam:PassedToService  'ec2.amazonaws.com'
"""  # noqa: E501 (a table)

_BOUNDED = frozenset(
    {
        "AttachRolePolicy", "DeleteRole", "DeleteRolePermissionsBoundary", "DeleteRolePolicy", "DetachRolePolicy",
        "GetRole", "PutRolePolicy", "UpdateAssumeRolePolicy", "UpdateRole", "UpdateRoleDescription",
        "AttachUserPolicy", "DeleteUserPermissionsBoundary", "DeleteUserPolicy", "DetachUserPolicy", "PutUserPolicy",
    }
)  # fmt: skip
"""Operations on what has a permissions boundary already, which conditions may ask for."""


def _names(call: Call, resource: str, parameters: Parameters) -> Sequence[str]:
    """What is there, with its path; and what it is to be from now on, where it is given another name or path."""
    identity = call.identity
    kind, _, name = resource.partition("/")
    find: Callable[[str], Any] | None = {
        "role": lambda name: identity.roles.get(name),
        "user": lambda name: identity.users.get(name),
        "group": lambda name: identity.groups.get(name),
        "instance-profile": lambda name: identity.instance_profiles.get(name),
    }.get(kind)
    if find is None or "/" in name:
        return (resource,)
    try:
        known = parse_arn(find(name).arn).resource
    except DomainError:
        return (resource,)
    above, _, name = known.removeprefix(kind).rpartition("/")
    path = parameters.get("NewPath") or f"{above}/"
    renamed = parameters.get("NewUserName") or parameters.get("NewGroupName") or name
    return tuple(dict.fromkeys((known, f"{kind}{path}{renamed}")))


def _tags(call: Call, arn: str) -> Mapping[str, str]:
    identity = call.identity
    kind, _, name = parse_arn(arn).resource.partition("/")
    find: Callable[[str], Mapping[str, str]] | None = {
        "policy": lambda _: identity.policies.tags(arn),
        "role": lambda name: identity.roles.tags(name),
        "user": lambda name: identity.users.tags(name),
        "instance-profile": lambda name: identity.instance_profiles.tags(name),
        "mfa": lambda _: identity.devices.tags(arn),
        "oidc-provider": lambda _: identity.providers.tags(arn),
        "saml-provider": lambda _: identity.providers.tags(arn),
    }.get(kind)
    return {} if find is None else find(name.rpartition("/")[2])


def _known(call: Call, operation: str, parameters: Parameters) -> Mapping[str, str]:
    identity = call.identity
    if operation not in _BOUNDED:
        return {}
    try:
        if "RoleName" in parameters:
            boundary = identity.roles.get(parameters["RoleName"]).settings.boundary
        else:
            boundary = identity.users.get(parameters.get("UserName", "")).boundary
    except DomainError:
        return {}
    return {} if boundary is None else {"iam:PermissionsBoundary": boundary}


def _place(call: Call, _parameters: Parameters) -> Scope:
    return Scope(call.scope.account, "")


RIGHTS = Rights("iam", table("iam", TABLE), conditions(KEYS), names=_names, tags=_tags, known=_known, place=_place)
