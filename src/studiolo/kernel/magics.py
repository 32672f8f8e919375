"""The magics that a notebook sends along with its code: `%matplot`, `%plotly`, `%sql` and `%%scala`."""

from io import BytesIO
from typing import Any

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_cell_magic, line_magic, magics_class
from IPython.display import HTML, Image, display

from studiolo.kernel.engine import NoScala


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
