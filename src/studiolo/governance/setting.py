"""Data lake settings: administrators, what new databases and tables have, and which engines are trusted to filter."""

from dataclasses import replace
from functools import lru_cache

from sqlalchemy import select

from studiolo.domain import Invalid, Scope
from studiolo.governance.model import GRANTABLE, IAM_ALLOWED, Kind, Settings
from studiolo.governance.subject import SETTINGS, Shelf, Subject, put
from studiolo.governance.tables import settings
from studiolo.identity import Principal

MOST_ADMINS = 30
_NONE = Settings()


class DataLakeSettings(Subject):
    """The settings of one catalog."""

    def __init__(self, shelf: Shelf) -> None:
        super().__init__(shelf)
        self._used = lru_cache(maxsize=1)(self._read_use)

    @property
    def in_use(self) -> bool:
        """Whether anything of any catalog was ever governed: until then nothing need be asked."""
        return self._used(self._shelf.revision)

    def _read_use(self, _revision: int) -> bool:
        with self._shelf.state.reading() as connection:
            written = connection.execute(select(settings.c.document)).scalars()
            return any(SETTINGS.validate_json(each).in_use for each in written)

    def settings(self, scope: Scope) -> Settings:
        """The settings; those that AWS begins with where none were put."""
        found = self._shelf.documents(settings, SETTINGS, scope)
        return found[0] if found else _NONE

    def put_settings(self, scope: Scope, wanted: Settings) -> None:
        """Replace all settings. Raises Invalid."""
        if len(wanted.admins) > MOST_ADMINS:
            raise Invalid(f"There can be at most {MOST_ADMINS} data lake administrators.")
        for admin in (*wanted.admins, *wanted.read_only_admins):
            if admin == IAM_ALLOWED or not admin.startswith("arn:"):
                raise Invalid(f"Invalid principal, {admin}")
        # What databases have not, as SELECT in the example of Terraform's provider, is left out of what they begin with.
        known = GRANTABLE[Kind.DATABASE] | GRANTABLE[Kind.TABLE]
        for _, permissions in (*wanted.database_defaults, *wanted.table_defaults):
            if not known.issuperset(permissions):
                raise Invalid("Permissions modification is invalid.")
        before = self.settings(scope)
        self._keep_settings(scope, replace(wanted, iam_may_create=before.iam_may_create, in_use=before.in_use))

    def begin(self, scope: Scope) -> None:
        """Ask from now on whether things are governed."""
        known = self.settings(scope)
        if not known.in_use:
            self._keep_settings(scope, replace(known, in_use=True))

    def _keep_settings(self, scope: Scope, kept: Settings) -> None:
        with self._shelf.changing() as tx:
            put(tx, settings, scope, SETTINGS, kept)

    def is_admin(self, scope: Scope, principal: Principal) -> bool:
        """Whether somebody may grant everything, and see all metadata: the root user, and administrators."""
        return is_root_of(scope, principal) or principal.identity_arn in self.settings(scope).admins

    def sees_all(self, scope: Scope, principal: Principal) -> bool:
        """Whether somebody may see all metadata and permissions."""
        return self.is_admin(scope, principal) or principal.identity_arn in self.settings(scope).read_only_admins


def is_root_of(scope: Scope, principal: Principal) -> bool:
    """Whether somebody is the root user of the account that has a catalog."""
    return principal.is_root and principal.account == scope.account.partition(":")[0]
