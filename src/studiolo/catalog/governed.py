"""What of the catalog Lake Formation has a say about, and not IAM alone."""

from dataclasses import replace

from studiolo.catalog.subject import DATABASE, TABLE, Subject, document, require_database, require_table, within
from studiolo.catalog.tables import databases, tables
from studiolo.domain import Scope


class Governed(Subject):
    """Marks databases and tables."""

    def govern(self, scope: Scope, database: str, table: str | None, governed: bool) -> None:
        """Let Lake Formation have a say about a database, or a table of it, or IAM alone. Raises NotFound.

        Of a resource link it is the link: what it leads to has a mark of its own.
        """
        database = database.lower()
        with self._state.transaction() as tx:
            if table is None:
                known = DATABASE.validate_json(require_database(tx, scope, database, lock="change").document)
                kept = document(DATABASE, replace(known, governed=governed))
                tx.execute(databases.update().where(within(databases, scope, name=database)).values(document=kept))
                return
            row = require_table(tx, scope, database, table.lower(), lock=True, follow=False)
            kept = document(TABLE, replace(TABLE.validate_json(row.document), governed=governed))
            tx.execute(tables.update().where(tables.c.id == row.id).values(document=kept))
