"""What a caller must be allowed to do for each method: the actions that the same call of Glue's API asks for.

Where Hive has one method for two calls of Glue's, it is the call that AWS's own client of the Data Catalog for Hive
makes: the policies that AWS documents for EMR let the same work through here.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Any

from studiolo.metastore.translators import properties

OPEN = frozenset(["set_ugi", "getName", "getStatus", "getVersion", "shutdown"])
"""What anybody may ask who can connect: to say who one is, whether the metastore is there, and to go."""

NEEDS: dict[tuple[str, ...], tuple[str, ...]] = {
    # What tells nothing of the catalog is for every caller that has said who it is.
    (): (
        "getMetaConf setMetaConf get_config_value get_metastore_db_uuid getStatusDetails getCounter getCounters",
        "getOption getOptions flushCache reinitialize get_catalog get_catalogs get_dataconnectors",
        "get_current_notificationEventId get_next_notification get_notification_events_count fire_listener_event",
        "partition_name_has_valid_characters partition_name_to_spec partition_name_to_vals",
        "get_all_materialized_view_objects_for_rewriting get_materialized_views_for_rewriting",
        "get_role_names list_roles get_privilege_set list_privileges get_role_grants_for_principal",
        "get_principals_in_role get_master_keys get_all_token_identifiers get_runtime_stats",
        "get_open_txns get_open_txns_info get_open_txns_req show_compact get_active_resource_plan",
        "get_all_resource_plans get_all_packages get_all_stored_procedures",
        "get_file_metadata get_file_metadata_by_expr put_file_metadata cache_file_metadata clear_file_metadata",
        # The caller's own locks, which it was let to take.
        "check_lock heartbeat unlock",
    ),
    ("glue:GetDatabase",): ("get_database get_database_req",),
    ("glue:GetDatabases",): ("get_databases get_databases_req get_all_databases",),
    ("glue:CreateDatabase",): ("create_database create_database_req",),
    ("glue:UpdateDatabase",): ("alter_database alter_database_req",),
    # As in Glue's API it takes the tables along; their files need the rights in S3.
    ("glue:DeleteDatabase",): ("drop_database drop_database_req",),
    ("glue:GetTable",): (
        "get_table get_table_req get_table_objects_by_name get_fields get_fields_req get_schema get_schema_req",
        "get_fields_with_environment_context get_schema_with_environment_context",
        "get_primary_keys get_foreign_keys get_unique_constraints get_not_null_constraints get_default_constraints",
        "get_check_constraints get_all_table_constraints",
    ),
    # Locks say which tables there are.
    ("glue:GetTables",): (
        "get_tables get_all_tables get_tables_by_type get_table_names_by_filter show_locks",
    ),
    ("glue:GetDatabases", "glue:GetTables"): ("get_table_meta",),
    ("glue:CreateTable",): (
        "create_table create_table_req create_table_with_constraints create_table_with_environment_context",
        "translate_table_dryrun",
    ),
    # Emptying a table changes it, and a lock keeps others from changing it: Glue's API has neither.
    ("glue:UpdateTable",): ("alter_table truncate_table truncate_table_req lock",),
    ("glue:DeleteTable",): ("drop_table drop_table_req drop_table_with_environment_context",),
    ("glue:GetPartition",): (
        "get_partition get_partition_req get_partition_by_name get_partition_with_auth",
    ),
    ("glue:BatchGetPartition",): ("get_partitions_by_names get_partitions_by_names_req",),
    ("glue:GetPartitions",): (
        "get_partitions get_partitions_req get_partitions_pspec get_partitions_with_auth get_partitions_with_specs",
        "get_partitions_by_filter get_partitions_by_filter_req get_part_specs_by_filter get_num_partitions_by_filter",
        "get_partitions_by_expr get_partitions_spec_by_expr",
        "get_partitions_ps get_partitions_ps_with_auth get_partitions_ps_with_auth_req",
        "get_partition_names get_partition_names_req get_partition_names_ps get_partition_names_ps_req",
        "fetch_partition_names_req get_partition_values",
    ),
    ("glue:CreatePartition",): (
        "add_partition add_partition_with_environment_context append_partition append_partition_req",
        "append_partition_with_environment_context append_partition_by_name",
        "append_partition_by_name_with_environment_context",
    ),
    ("glue:BatchCreatePartition",): ("add_partitions add_partitions_req add_partitions_pspec",),
    ("glue:UpdatePartition",): (
        "alter_partition alter_partition_with_environment_context alter_partitions alter_partitions_req",
        "alter_partitions_with_environment_context rename_partition rename_partition_req",
    ),
    ("glue:DeletePartition",): (
        "drop_partition drop_partition_req drop_partition_with_environment_context drop_partition_by_name",
        "drop_partition_by_name_with_environment_context",
    ),
    ("glue:BatchDeletePartition",): ("drop_partitions_req",),
    ("glue:GetColumnStatisticsForTable",): ("get_table_column_statistics get_table_statistics_req",),
    ("glue:GetColumnStatisticsForPartition",): (
        "get_partition_column_statistics get_partitions_statistics_req get_aggr_stats_for",
    ),
    ("glue:DeleteColumnStatisticsForTable",): ("delete_table_column_statistics",),
    ("glue:DeleteColumnStatisticsForPartition",): ("delete_partition_column_statistics",),
    ("glue:GetUserDefinedFunction",): ("get_function",),
    ("glue:GetUserDefinedFunctions",): ("get_functions get_functions_req get_all_functions",),
    ("glue:CreateUserDefinedFunction",): ("create_function",),
    ("glue:UpdateUserDefinedFunction",): ("alter_function",),
    ("glue:DeleteUserDefinedFunction",): ("drop_function",),
}  # fmt: skip
"""The methods of each set of actions, in words of any number."""


def _updated_statistics(*known: Any) -> set[str]:
    tables = {each.statsDesc.isTblLevel for each in known}
    return {f"glue:UpdateColumnStatisticsFor{'Table' if of_table else 'Partition'}" for of_table in tables}


def _altered(cascade: bool) -> set[str]:
    return {"glue:UpdateTable", "glue:UpdatePartition"} if cascade else {"glue:UpdateTable"}


def _cascades(context: Any) -> bool:
    return properties(context).get("CASCADE", "").lower() == "true"


DEPENDING: dict[str, Callable[..., Collection[str]]] = {
    "get_table_objects_by_name_req": lambda req: {"glue:GetTables" if req.tblNames is None else "glue:GetTable"},
    "alter_table_with_cascade": lambda _database, _name, _table, cascade: _altered(cascade),
    "alter_table_with_environment_context": lambda _database, _name, _table, context: _altered(_cascades(context)),
    "alter_table_req": lambda req: _altered(_cascades(req.environmentContext)),
    "update_table_column_statistics": _updated_statistics,
    "update_table_column_statistics_req": lambda req: _updated_statistics(*req.colStats),
    "update_partition_column_statistics": _updated_statistics,
    "update_partition_column_statistics_req": lambda req: _updated_statistics(*req.colStats),
    "set_aggr_stats_for": lambda req: _updated_statistics(*req.colStats),
    "delete_column_statistics_req": lambda req: {
        f"glue:DeleteColumnStatisticsFor{'Table' if req.tableLevel else 'Partition'}"
    },
}
"""Methods that do one thing or another, as their arguments say."""

_OF_EACH = {name: actions for actions, lines in NEEDS.items() for line in lines for name in line.split()}


def needs(method: str, arguments: Sequence[Any]) -> Collection[str]:
    """The actions that a call needs. Raises KeyError for a method that no row here names: it cannot be called."""
    depending = DEPENDING.get(method)
    return _OF_EACH[method] if depending is None else depending(*arguments)
