"""The magics that a notebook sends along with its code, `%matplot`, `%plotly`, `%json`, `%table`, `%sql` and `%%scala`;
and `%%sql_rows`, by which the server runs a statement that is SQL.
"""

import base64
import json
import math
from datetime import date, datetime, timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any

from IPython.core.error import UsageError
from IPython.core.magic import Magics, cell_magic, line_cell_magic, line_magic, magics_class
from IPython.display import HTML, Image, display

from studiolo.kernel.engine import NoScala

MOST_ROWS = 1000
"""Rows of an answer to SQL, as Livy's `livy.rsc.sql.num-rows` has it."""


TABLE = "application/vnd.livy.table.v1+json"
TYPES: dict[type, str] = {
    bool: "BOOLEAN_TYPE", int: "BIGINT_TYPE", float: "DOUBLE_TYPE", str: "STRING_TYPE", Decimal: "DECIMAL_TYPE",
    datetime: "TIMESTAMP_TYPE", date: "DATE_TYPE", dict: "MAP_TYPE", list: "ARRAY_TYPE", tuple: "ARRAY_TYPE",
}  # fmt: skip
"""How Livy calls the types of a table's columns."""
NULL = "NULL_TYPE"


@magics_class
class SessionMagics(Magics):
    """What sessions add to IPython's own magics."""

    shell: Any

    @line_magic
    def matplot(self, line: str) -> None:
        """`%matplot plt` shows every open figure, `%matplot figure` that one, as a picture; then it is closed."""
        import matplotlib.pyplot as plt

        asked = self._value(line, "%matplot plt")
        figures = [asked] if hasattr(asked, "savefig") and asked is not plt else map(plt.figure, plt.get_fignums())
        for figure in figures:
            picture = BytesIO()
            figure.savefig(picture, format="png", bbox_inches="tight")
            plt.close(figure)
            display(Image(picture.getvalue(), format="png"))

    @line_magic
    def json(self, line: str) -> None:
        """`%json value`, as Livy has it: shows the value as JSON."""
        display({"application/json": _as_json(self._value(line, "%json value"))}, raw=True)

    @line_magic
    def table(self, line: str) -> None:
        """`%table rows`, as Livy has it: shows a list of rows, each a list, a dict or a Row, as a table of its own form."""
        display({TABLE: _as_table(self._value(line, "%table rows"))}, raw=True)

    @line_magic
    def plotly(self, line: str) -> None:
        """`%plotly figure` shows a Plotly figure; the browser fetches Plotly's script from its network."""
        figure = self._value(line, "%plotly figure")
        if not hasattr(figure, "to_html"):
            raise UsageError(f"%plotly takes a Plotly figure, and {line.strip()} is a {type(figure).__name__}.")
        display(HTML(figure.to_html(full_html=False, include_plotlyjs="cdn")))

    @line_cell_magic
    def sql(self, line: str, cell: str | None = None) -> None:
        """`%sql query`, or `%%sql` with the query below it: prints the first rows of what Spark answers."""
        query = line if cell is None else cell
        self.shell.user_ns["spark"].sql(query.strip().rstrip(";")).show()

    @cell_magic
    def sql_rows(self, _line: str, cell: str) -> None:
        """Shows the first rows of what Spark answers to the query: as a table, and as JSON with their schema."""
        found = self.shell.user_ns["spark"].sql(cell.strip().rstrip(";"))
        rows = [[_as_json(value) for value in row] for row in found.take(MOST_ROWS)]
        answer = {"schema": json.loads(found.schema.json()), "data": rows}
        text = "\n".join("\t".join(str(value) for value in row) for row in [found.columns, *rows])
        display({"application/json": answer, "text/plain": text}, raw=True)

    @line_cell_magic
    def scala(self, line: str, cell: str | None = None) -> None:
        """`%scala code`, or `%%scala` with the code below it: runs in a Scala REPL of the session's own."""
        try:
            self.shell.kernel.engine.scala(line if cell is None else cell)
        except NoScala:
            raise UsageError("Scala statements need Apache Spark: this session is on another engine.") from None

    def _value(self, line: str, usage: str) -> Any:
        if not line.strip():
            raise UsageError(f"Say what to show: {usage}")
        return self.shell.ev(line.strip())


def _as_table(value: Any) -> dict[str, Any]:
    """Rows as Livy tells them. Raises UsageError where a column has values of several types."""
    rows = [_fields(row) for row in (value if isinstance(value, (list, tuple)) else [value])]
    types: dict[str, str] = {}
    for row in rows:
        for name, each in row.items():
            found = NULL if each is None else TYPES.get(type(each), "STRING_TYPE")
            if NULL not in (found, types.setdefault(name, found)) and types[name] != found:
                raise UsageError(f"%table: column {name} has values of several types.")
            types[name] = found if types[name] == NULL else types[name]
    headers = [{"name": name, "type": of} for name, of in types.items()]
    return {"headers": headers, "data": [[_as_json(row.get(name)) for name in types] for row in rows]}


def _fields(row: Any) -> dict[str, Any]:
    """A row by the names of its columns, which are numbers where it has none."""
    if hasattr(row, "asDict"):
        return dict(row.asDict())
    if isinstance(row, dict):
        return {str(name): each for name, each in row.items()}
    return {str(number): each for number, each in enumerate(row if isinstance(row, (list, tuple)) else [row])}


def _as_json(value: Any) -> Any:
    """A value of a row; what JSON has no form for is a text."""
    if isinstance(value, dict):
        return {str(name): _as_json(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        names = getattr(value, "__fields__", None)
        values = [_as_json(each) for each in value]
        return values if names is None else dict(zip(names, values, strict=True))
    if isinstance(value, Decimal):
        # A number where it loses nothing of it.
        return float(value) if Decimal(repr(float(value))) == value else str(value)
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode()
    if isinstance(value, float) and not math.isfinite(value):
        return json.dumps(value)
    if isinstance(value, (date, datetime, timedelta)):
        return str(value)
    return value
