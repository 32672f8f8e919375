"""Opt-ins: for whom Lake Formation decides about what is otherwise left to IAM (hybrid access mode)."""

from dataclasses import replace

from studiolo.domain import Invalid, NotFound, Scope
from studiolo.governance.model import Kind, OptIn
from studiolo.governance.setting import DataLakeSettings
from studiolo.governance.subject import OPT_IN, of, put
from studiolo.governance.tables import opt_ins


class OptIns(DataLakeSettings):
    """The opt-ins of one catalog."""

    def opt_in(self, scope: Scope, wanted: OptIn) -> None:
        """Let Lake Formation decide for a principal about a database's tables, or a table. Raises Invalid."""
        if wanted.resource.kind not in (Kind.DATABASE, Kind.TABLE):
            raise Invalid("An opt-in is to a database or a table.")
        self.begin(scope)
        made = replace(wanted, modified=self._shelf.clock())
        with self._shelf.changing() as tx:
            put(tx, opt_ins, scope, OPT_IN, made, principal=made.principal, resource=made.resource.key)

    def opt_out(self, scope: Scope, wanted: OptIn) -> None:
        """Raises NotFound."""
        with self._shelf.changing() as tx:
            mine = of(opt_ins, scope, principal=wanted.principal, resource=wanted.resource.key)
            if tx.execute(opt_ins.delete().where(mine)).rowcount == 0:
                raise NotFound(f"{wanted.principal} has not opted in to this resource.")

    def opt_ins(self, scope: Scope) -> tuple[OptIn, ...]:
        """All of them."""
        return self._shelf.documents(opt_ins, OPT_IN, scope)

    def has_opted_in(self, scope: Scope, names: frozenset[str], database: str, table: str) -> bool:
        """Whether Lake Formation decides about a table for one of these principals, whatever IAM is left to decide."""
        return any(
            each.principal in names
            and each.resource.database == database
            and (each.resource.kind is Kind.DATABASE or each.resource.table in ("", table))
            for each in self.opt_ins(scope)
        )
