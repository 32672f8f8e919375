"""What Hive's interface has and Studiolo's metastore has not, with what its clients are told."""

REFUSALS: dict[str, tuple[str, ...]] = {
    "it has no transactions (ACID tables)": (
        "abort_txn abort_txns add_dynamic_partitions add_write_notification_log add_write_notification_log_in_batch",
        "allocate_table_write_ids commit_txn get_all_write_event_info get_latest_txnid_in_conflict",
        "get_lock_materialization_rebuild get_max_allocated_table_write_id get_valid_write_ids heartbeat_txn_range",
        "heartbeat_lock_materialization_rebuild open_txns repl_tbl_writeid_state seed_txn_id seed_write_id",
        "update_transaction_statistics",
    ),
    "it compacts nothing: that is for ACID tables": (
        "compact compact2 find_next_compact find_next_compact2 get_latest_committed_compaction_info mark_cleaned",
        "mark_compacted mark_failed mark_refused remove_compaction_metrics_data set_hadoop_jobid",
        "find_columns_with_stats update_compaction_metrics_data update_compactor_state",
    ),
    "who may do what is told by the roles of AWS's API": (
        "create_role drop_role grant_privileges grant_revoke_privileges grant_revoke_role grant_role",
        "refresh_privileges revoke_privileges revoke_role",
    ),
    "its clients say who they are by a token for a user name": (
        "add_master_key add_token cancel_delegation_token get_delegation_token get_token remove_master_key",
        "remove_token renew_delegation_token update_master_key",
    ),
    "the Data Catalog has no constraints": (
        "add_check_constraint add_default_constraint add_foreign_key add_not_null_constraint add_primary_key",
        "add_unique_constraint drop_constraint",
    ),
    "it has one catalog": ("alter_catalog create_catalog drop_catalog",),
    "the Data Catalog has no connectors to other databases": (
        "alter_dataconnector create_dataconnector drop_dataconnector get_dataconnector_req",
    ),
    "schemas are kept in the tables, not in a registry": (
        "add_schema_version add_serde alter_ischema create_ischema drop_ischema drop_schema_version get_ischema",
        "get_schema_all_versions get_schema_latest_version get_schema_version get_schemas_by_cols get_serde",
        "map_schema_version_to_serde set_schema_version_state",
    ),
    "workloads are not managed": (
        "alter_resource_plan alter_wm_pool alter_wm_trigger create_or_drop_wm_trigger_to_pool_mapping",
        "create_or_update_wm_mapping create_resource_plan create_wm_pool create_wm_trigger drop_resource_plan",
        "drop_wm_mapping drop_wm_pool drop_wm_trigger get_resource_plan get_triggers_for_resourceplan",
        "validate_resource_plan",
    ),
    "it keeps no types, procedures and packages": (
        "add_package create_stored_procedure create_type drop_package drop_stored_procedure drop_type find_package",
        "get_stored_procedure get_type get_type_all",
    ),
    "it schedules and replicates nothing": (
        "add_replication_metrics cm_recycle get_replication_metrics get_scheduled_query scheduled_query_maintenance",
        "scheduled_query_poll scheduled_query_progress",
    ),
    "materialized views are not kept up to date": ("get_materialization_invalidation_info update_creation_metadata",),
    "partitions do not change tables": ("exchange_partition exchange_partitions",),
    "it marks no events": ("isPartitionMarkedForEvent markPartitionForEvent",),
    "its settings are Studiolo's": ("setOption",),
    "it changes no table on the way out": ("get_tables_ext",),
    "it keeps no statistics of its own work, nor of Hive's": ("add_runtime_stats aliveSince getCpuProfile",),
}
"""The methods of each reason, in words of any number."""


def reasons() -> dict[str, str]:
    """Why a method is refused, by its name."""
    return {name: reason for reason, lines in REFUSALS.items() for line in lines for name in line.split()}
