"""Hive's methods about the metastore itself, and those whose true answer is that there is nothing."""

from collections.abc import Sequence
from typing import Any

from fb303.ttypes import fb_status
from hive_metastore import ttypes as hive

from studiolo import __version__
from studiolo.metastore.caller import Caller
from studiolo.metastore.room import House, Room, plain

SETTINGS = {
    "hive.exec.default.partition.name": "__HIVE_DEFAULT_PARTITION__",
    "hive.metastore.integral.jdo.pushdown": "true",
    "hive.metastore.try.direct.sql": "true",
    "metastore.batch.retrieve.max": "300",
    "hive.metastore.batch.retrieve.max": "300",
}
"""What Hive's metastore answers of its own settings, where that is true here too."""

OF_A_CLIENT = ("hive.metastore.expression.proxy", "metastore.expression.proxy")
"""What clients say about themselves: with which class their expressions would be read (Hive's MSCK)."""

PREFIXES = ("hive.", "metastore.")


class Reception(Room):
    """Who asks, what this is, and what it does not keep."""

    def __init__(self, house: House, caller: Caller) -> None:
        super().__init__(house)
        self._caller = caller

    def set_ugi(self, user_name: str | None, group_names: Sequence[str] | None) -> list[str]:
        """The user name is the caller's token; clients show what is answered, which is the groups."""
        self._caller.introduce(user_name or "")
        return [name for name in group_names or () if name != user_name]

    def getMetaConf(self, key: str) -> str:  # noqa: N802 (the interface's name)
        return SETTINGS.get(key, "")

    def setMetaConf(self, key: str, _value: str) -> None:  # noqa: N802
        if key not in OF_A_CLIENT:
            raise hive.MetaException(f"Studiolo's metastore does not have the setting {key}.")

    def get_config_value(self, name: str | None, default_value: str) -> str:
        if name == "hive.metastore.warehouse.dir":
            return self._house.warehouse.root(self._scope)
        if name and not name.startswith(PREFIXES):
            raise hive.ConfigValSecurityException(f"For security reasons, the config key {name} cannot be accessed")
        return SETTINGS.get(name or "", default_value)

    def get_metastore_db_uuid(self) -> str:
        return f"studiolo-{self._scope.account}-{self._scope.region}"

    def getName(self) -> str:  # noqa: N802
        return "Studiolo Hive Metastore"

    def getVersion(self) -> str:  # noqa: N802
        return __version__

    def getStatus(self) -> int:  # noqa: N802
        return int(fb_status.ALIVE)

    def getStatusDetails(self) -> str:  # noqa: N802
        return ""

    def getCounters(self) -> dict[str, int]:  # noqa: N802
        return {}

    def getCounter(self, _key: str) -> int:  # noqa: N802
        return 0

    def getOptions(self) -> dict[str, str]:  # noqa: N802
        return {}

    def getOption(self, _key: str) -> str:  # noqa: N802
        return ""

    def reinitialize(self) -> None:
        """There is nothing to read anew."""

    def shutdown(self) -> None:
        """What clients say as they close their connection: the metastore stays."""

    def flushCache(self) -> None:  # noqa: N802
        """There is no cache."""

    def get_primary_keys(self, request: Any) -> Any:
        self._require(request)
        return hive.PrimaryKeysResponse(primaryKeys=[])

    def get_foreign_keys(self, request: Any) -> Any:
        return hive.ForeignKeysResponse(foreignKeys=[])

    def get_unique_constraints(self, request: Any) -> Any:
        self._require(request)
        return hive.UniqueConstraintsResponse(uniqueConstraints=[])

    def get_not_null_constraints(self, request: Any) -> Any:
        self._require(request)
        return hive.NotNullConstraintsResponse(notNullConstraints=[])

    def get_default_constraints(self, request: Any) -> Any:
        self._require(request)
        return hive.DefaultConstraintsResponse(defaultConstraints=[])

    def get_check_constraints(self, request: Any) -> Any:
        self._require(request)
        return hive.CheckConstraintsResponse(checkConstraints=[])

    def get_all_table_constraints(self, _request: Any) -> Any:
        # Of tables that are not there, too: Hive asks for those of a VALUES clause.
        kinds = ("primaryKeys", "foreignKeys", "uniqueConstraints", "notNullConstraints", "defaultConstraints")
        none = hive.SQLAllTableConstraints(**{kind: [] for kind in (*kinds, "checkConstraints")})
        return hive.AllTableConstraintsResponse(allTableConstraints=none)

    def get_all_materialized_view_objects_for_rewriting(self) -> list[Any]:
        return []

    def get_materialized_views_for_rewriting(self, _db_name: str) -> list[str]:
        return []

    def get_role_names(self) -> list[str]:
        return []

    def list_roles(self, _principal_name: str, _principal_type: int) -> list[Any]:
        return []

    def get_privilege_set(self, _object: Any, _user_name: str, _group_names: Sequence[str]) -> Any:
        return hive.PrincipalPrivilegeSet(userPrivileges={}, groupPrivileges={}, rolePrivileges={})

    def list_privileges(self, _principal_name: str, _principal_type: int, _object: Any) -> list[Any]:
        return []

    def get_current_notificationEventId(self) -> Any:  # noqa: N802
        return hive.CurrentNotificationEventId(eventId=0)

    def get_next_notification(self, _rqst: Any) -> Any:
        return hive.NotificationEventResponse(events=[])

    def get_notification_events_count(self, _rqst: Any) -> Any:
        return hive.NotificationEventsCountResponse(eventsCount=0)

    def fire_listener_event(self, _rqst: Any) -> Any:
        """What Hive tells of an INSERT: nobody listens."""
        return hive.FireEventResponse(eventIds=[])

    def get_role_grants_for_principal(self, _request: Any) -> Any:
        return hive.GetRoleGrantsForPrincipalResponse(principalGrants=[])

    def get_principals_in_role(self, _request: Any) -> Any:
        return hive.GetPrincipalsInRoleResponse(principalGrants=[])

    def get_all_token_identifiers(self) -> list[str]:
        return []

    def get_master_keys(self) -> list[str]:
        return []

    def get_open_txns(self) -> Any:
        return hive.GetOpenTxnsResponse(txn_high_water_mark=0, open_txns=[], abortedBits=b"")

    def get_open_txns_req(self, _request: Any) -> Any:
        return self.get_open_txns()

    def get_open_txns_info(self) -> Any:
        return hive.GetOpenTxnsInfoResponse(txn_high_water_mark=0, open_txns=[])

    def show_compact(self, _rqst: Any) -> Any:
        return hive.ShowCompactResponse(compacts=[])

    def get_all_resource_plans(self, _request: Any) -> Any:
        return hive.WMGetAllResourcePlanResponse(resourcePlans=[])

    def get_active_resource_plan(self, _request: Any) -> Any:
        return hive.WMGetActiveResourcePlanResponse()

    def get_runtime_stats(self, _rqst: Any) -> list[Any]:
        return []

    def get_dataconnectors(self) -> list[str]:
        return []

    def get_all_stored_procedures(self, _request: Any) -> list[str]:
        return []

    def get_all_packages(self, _request: Any) -> list[str]:
        return []

    def get_file_metadata(self, _req: Any) -> Any:
        return hive.GetFileMetadataResult(metadata={}, isSupported=False)

    def get_file_metadata_by_expr(self, _req: Any) -> Any:
        return hive.GetFileMetadataByExprResult(metadata={}, isSupported=False)

    def put_file_metadata(self, _req: Any) -> Any:
        return hive.PutFileMetadataResult()

    def cache_file_metadata(self, _req: Any) -> Any:
        return hive.CacheFileMetadataResult(isSupported=False)

    def clear_file_metadata(self, _req: Any) -> Any:
        return hive.ClearFileMetadataResult()

    def _require(self, request: Any) -> None:
        self._catalog.table(self._scope, plain(request.db_name), request.tbl_name)
