"""Lake Formation of one account: who may see what of the Data Catalog, and of the data that lie in registered locations.

What has not been given to it stays with IAM: a database or table is `governed` once the group IAM_ALLOWED_PRINCIPALS has
no longer ALL on it, and until then nothing here costs more than to look at that.
"""

from studiolo.catalog import Catalog, Table
from studiolo.domain import Clock, Scope
from studiolo.governance.access import Access
from studiolo.governance.listing import Listing
from studiolo.governance.shares import Shares
from studiolo.governance.subject import Shelf
from studiolo.identity import Identity
from studiolo.state import State


class Lake(Listing, Access, Shares):
    """A class for each subject. `scope` names a catalog, as the Data Catalog has it.

    strict: whether registered locations are closed to reads by rights that IAM alone gives.
    """

    def __init__(
        self, state: State, catalog: Catalog, identity: Identity, clock: Clock, *, strict: bool = False
    ) -> None:
        super().__init__(Shelf(state, catalog, identity, clock))
        self.strict = strict

    def table(self, scope: Scope, database: str, name: str) -> Table:
        """A table of the account, as it is. Raises NotFound, as well for a resource link to another account's."""
        return self._shelf.table(scope, database, name)
