"""What the operations of AWS Lake Formation need.

After "Actions, resources, and condition keys for AWS Lake Formation" (Service Authorization Reference): no action of it
is for single resources. Of credentials the action is GetDataAccess.
"""

from studiolo.services.rights.rows import Rights, table

TABLE = """
    AddLFTagsToResource                    *
    BatchGrantPermissions                  *
    BatchRevokePermissions                 *
    CreateDataCellsFilter                  *
    CreateLFTag                            *
    CreateLFTagExpression                  *
    CreateLakeFormationOptIn               *
    DeleteDataCellsFilter                  *
    DeleteLFTag                            *
    DeleteLFTagExpression                  *
    DeleteLakeFormationOptIn               *
    DeregisterResource                     *
    DescribeResource                       *
    GetDataCellsFilter                     *
    GetDataLakePrincipal                   *
    GetDataLakeSettings                    *
    GetEffectivePermissionsForPath         *
    GetLFTag                               *
    GetLFTagExpression                     *
    GetResourceLFTags                      *
    GetTemporaryDataLocationCredentials    @lakeformation:GetDataAccess  *
    GetTemporaryGluePartitionCredentials   @lakeformation:GetDataAccess  *
    GetTemporaryGlueTableCredentials       @lakeformation:GetDataAccess  *
    GrantPermissions                       *
    ListDataCellsFilter                    *
    ListLFTagExpressions                   *
    ListLFTags                             *
    ListLakeFormationOptIns                *
    ListPermissions                        *
    ListResources                          *
    PutDataLakeSettings                    *
    RegisterResource                       *
    RemoveLFTagsFromResource               *
    RevokePermissions                      *
    SearchDatabasesByLFTags                *
    SearchTablesByLFTags                   *
    UpdateDataCellsFilter                  *
    UpdateLFTag                            *
    UpdateLFTagExpression                  *
    UpdateResource                         *
"""

RIGHTS = Rights("lakeformation", table("lakeformation", TABLE))
