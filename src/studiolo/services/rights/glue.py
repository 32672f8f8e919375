"""What the operations of AWS Glue need.

After "Actions, resources, and condition keys for AWS Glue" (Service Authorization Reference) and "Specifying AWS Glue
resource ARNs" (Glue Developer Guide): what is done to a resource must be allowed on all above it, and what deletes it on
all below it too. GetDatabases and GetConnections ask for the catalog alone: the policies that the Athena User Guide shows
("Configure access to databases and tables in the AWS Glue Data Catalog") name one database beside it.
"""

from collections.abc import Mapping, Sequence

from studiolo.aws.arns import parse_arn
from studiolo.domain import Scope
from studiolo.identity import Policies
from studiolo.services.call import Call
from studiolo.services.rights.rows import Parameters, Rights, table

TABLE = """
    BatchCreatePartition                catalog  database/{DatabaseName}  table/{DatabaseName}/{TableName}
    BatchDeleteConnection               catalog  connection/{ConnectionNameList}
    BatchDeletePartition                catalog  database/{DatabaseName}  table/{DatabaseName}/{TableName}
    BatchDeleteTable                    catalog  database/{DatabaseName}  table/{DatabaseName}/{TablesToDelete}
    BatchDeleteTableVersion             catalog  database/{DatabaseName}  table/{DatabaseName}/{TableName}
    BatchGetPartition                   catalog  database/{DatabaseName}  table/{DatabaseName}/{TableName}
    BatchUpdatePartition                catalog  database/{DatabaseName}  table/{DatabaseName}/{TableName}
    CancelStatement                     session/{SessionId}
    CreateCatalog                       catalog  catalog/{Name}
    CreateClassifier                    *
    CreateConnection                    catalog
    CreateConnection?Tags               @glue:TagResource  connection/{ConnectionInput.Name}
    CreateDatabase                      catalog  database/{DatabaseInput.Name}
    CreateDatabase?Tags                 @glue:TagResource  database/{DatabaseInput.Name}
    CreatePartition                     catalog  database/{DatabaseName}  table/{DatabaseName}/{TableName}
    CreatePartitionIndex                catalog  database/{DatabaseName}  table/{DatabaseName}/{TableName}
    CreateSession                       session/{Id}
    CreateSession?Tags                  @glue:TagResource  session/{Id}
    CreateTable                         catalog  database/{DatabaseName}  table/{DatabaseName}/{TableInput.Name}  table/{DatabaseName}/{Name}
    CreateUserDefinedFunction           catalog  database/{DatabaseName}
    DeleteCatalog                       catalog
    DeleteClassifier                    *
    DeleteColumnStatisticsForPartition  catalog  database/{DatabaseName}  table/{DatabaseName}/{TableName}
    DeleteColumnStatisticsForTable      catalog  database/{DatabaseName}  table/{DatabaseName}/{TableName}
    DeleteConnection                    catalog  connection/{ConnectionName}
    DeleteDatabase                      catalog  database/{Name}  table/{Name}/*  userDefinedFunction/{Name}/*
    DeletePartition                     catalog  database/{DatabaseName}  table/{DatabaseName}/{TableName}
    DeletePartitionIndex                catalog  database/{DatabaseName}  table/{DatabaseName}/{TableName}
    DeleteResourcePolicy                catalog
    DeleteSession                       session/{Id}
    DeleteTable                         catalog  database/{DatabaseName}  table/{DatabaseName}/{Name}
    DeleteTableVersion                  catalog  database/{DatabaseName}  table/{DatabaseName}/{TableName}
    DeleteUserDefinedFunction           catalog  database/{DatabaseName}  userDefinedFunction/{DatabaseName}/{FunctionName}
    GetCatalog                          catalog
    GetCatalogImportStatus              catalog
    GetCatalogs                         catalog
    GetClassifier                       *
    GetClassifiers                      *
    GetColumnStatisticsForPartition     catalog  database/{DatabaseName}  table/{DatabaseName}/{TableName}
    GetColumnStatisticsForTable         catalog  database/{DatabaseName}  table/{DatabaseName}/{TableName}
    GetConnection                       catalog  connection/{Name}
    GetConnections                      catalog
    GetDashboardUrl                     session/{ResourceId}
    GetDataCatalogEncryptionSettings    catalog
    GetDatabase                         catalog  database/{Name}
    GetDatabases                        catalog
    GetPartition                        catalog  database/{DatabaseName}  table/{DatabaseName}/{TableName}
    GetPartitionIndexes                 catalog  database/{DatabaseName}  table/{DatabaseName}/{TableName}
    GetPartitions                       catalog  database/{DatabaseName}  table/{DatabaseName}/{TableName}
    GetResourcePolicies                 catalog
    GetResourcePolicy                   catalog
    GetSession                          session/{Id}
    GetSessionEndpoint                  session/{SessionId}
    GetStatement                        session/{SessionId}
    GetSystemLogsForSession             session/{Id}
    GetTable                            catalog  database/{DatabaseName}  table/{DatabaseName}/{Name}
    GetTableVersion                     catalog  database/{DatabaseName}  table/{DatabaseName}/{TableName}
    GetTableVersions                    catalog  database/{DatabaseName}  table/{DatabaseName}/{TableName}
    GetTables                           catalog  database/{DatabaseName}  table/{DatabaseName}/*
    GetTags                             ={ResourceArn}
    GetUnfilteredPartitionMetadata      @glue:GetPartition   catalog  database/{DatabaseName}  table/{DatabaseName}/{TableName}
    GetUnfilteredPartitionsMetadata     @glue:GetPartitions  catalog  database/{DatabaseName}  table/{DatabaseName}/{TableName}
    GetUnfilteredTableMetadata          @glue:GetTable       catalog  database/{DatabaseName}  table/{DatabaseName}/{Name}
    GetUserDefinedFunction              catalog  database/{DatabaseName}  userDefinedFunction/{DatabaseName}/{FunctionName}
    GetUserDefinedFunctions             catalog  database/{DatabaseName:*}  userDefinedFunction/{DatabaseName:*}/*
    ListSessions                        *
    ListStatements                      session/{SessionId}
    PutDataCatalogEncryptionSettings    catalog
    PutResourcePolicy                   catalog
    RunStatement                        session/{SessionId}
    SearchTables                        catalog  database/*  table/*/*
    StopSession                         session/{Id}
    TagResource                         ={ResourceArn}
    TestConnection                      connection/{ConnectionName}
    UntagResource                       ={ResourceArn}
    UpdateCatalog                       catalog
    UpdateClassifier                    *
    UpdateColumnStatisticsForPartition  catalog  database/{DatabaseName}  table/{DatabaseName}/{TableName}
    UpdateColumnStatisticsForTable      catalog  database/{DatabaseName}  table/{DatabaseName}/{TableName}
    UpdateConnection                    catalog  connection/{Name}  connection/{ConnectionInput.Name}
    UpdateDatabase                      catalog  database/{Name}
    UpdatePartition                     catalog  database/{DatabaseName}  table/{DatabaseName}/{TableName}
    UpdateTable                         catalog  database/{DatabaseName}  table/{DatabaseName}/{TableInput.Name}  table/{DatabaseName}/{Name}
    UpdateUserDefinedFunction           catalog  database/{DatabaseName}  userDefinedFunction/{DatabaseName}/{FunctionName}  userDefinedFunction/{DatabaseName}/{FunctionInput.FunctionName}
"""  # noqa: E501 (a table)

_FOLDED = ("catalog/", "database/", "table/", "userDefinedFunction/")
"""The names of these are kept in lower case, whatever the case they are asked for in."""


def _names(_call: Call, resource: str, parameters: Parameters) -> Sequence[str]:
    """The resource within the catalog that a request is about: the account's own, or one below it."""
    if resource.startswith(_FOLDED):
        resource = resource.lower().replace("userdefinedfunction/", "userDefinedFunction/", 1)
    catalog = str(parameters.get("CatalogId") or "").partition(":")[2].lower()
    kind, below, rest = resource.partition("/")
    if not catalog or kind == "session":
        return (resource,)
    return (f"{kind}/{catalog}/{rest}",) if below else (resource, f"{resource}/{catalog}")


def _behind(call: Call, action: str, resource: str, parameters: Parameters) -> Sequence[str]:
    """The ARNs of what a resource link leads to, and of what is in a database that is to be deleted."""
    account, _, catalog = str(parameters.get("CatalogId") or call.scope.account).lower().partition(":")
    if not resource.startswith(("database/", "table/")):
        return ()
    scope = Scope(f"{account}:{catalog}" if catalog else account, call.scope.region)
    return call.studio.catalog.behind(scope, action, resource.lower())


def _place(call: Call, parameters: Parameters) -> Scope:
    account = str(parameters.get("CatalogId") or call.scope.account).partition(":")[0]
    return Scope(account, call.scope.region)


def _tags(call: Call, arn: str) -> Mapping[str, str]:
    kind, _, name = parse_arn(arn).resource.partition("/")
    if kind == "session":
        return call.studio.sessions.session(call.scope, name).asked.tags
    return call.studio.catalog.tags(call.scope, f"{kind}/{name}")


def _policy(call: Call, parameters: Parameters) -> Policies | None:
    place = _place(call, parameters)
    document = call.studio.governed.resource_policy(place)
    return None if document is None else call.studio.identity.compiled(document, "catalog")


RIGHTS = Rights("glue", table("glue", TABLE), names=_names, tags=_tags, policy=_policy, place=_place, behind=_behind)
