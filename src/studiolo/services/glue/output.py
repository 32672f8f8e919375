"""AWS Glue: what a statement showed, in both words of it.

Stock clients know `TextPlain`. The notebook kernel of aws-glue-sessions has a model of its own: one `Result` of one
`MimeType`, with `StdOut` and `StdErr` beside it; `TextPlain` alone it takes for what was printed. Of a statement that
raised an error it shows the error's name and value, and nothing of the rest.
"""

import html
from collections.abc import Mapping
from typing import Any

from studiolo.engine import Output, Statement

PICTURES = ("image/png", "image/jpeg")
"""Forms that Jupyter carries in base64."""

FORMS = (*PICTURES, "text/html", "image/svg+xml", "text/markdown", "text/latex")
"""The forms that notebooks show, the best first."""


def as_data(output: Output) -> dict[str, str]:
    """StatementOutputData."""
    shown = [form for form in map(_best, output.displays) if form is not None]
    text = {"TextPlain": output.text}
    if not shown and not output.stderr:
        return text
    mime, result = _one(shown)
    streams = {"StdOut": output.stdout if shown else output.text, "StdErr": output.stderr}
    return {**text, "MimeType": mime, "Result": result, **streams}


def error_value(statement: Statement, origin: str | None) -> str | None:
    """What the error says, if there was one; for notebooks (sessions with a RequestOrigin) also what the cell had
    printed before it.
    """
    output = statement.output
    printed = "\n".join(filter(None, (output.text, output.stderr)))
    if output.error_value is None or origin is None or statement.state != "AVAILABLE" or not printed:
        return output.error_value
    return f"{output.error_value}\n\nThe cell had printed:\n{printed}"


def _best(display: Mapping[str, Any]) -> tuple[str, str] | None:
    return next(((form, display[form]) for form in FORMS if form in display), None)


def _one(shown: list[tuple[str, str]]) -> tuple[str, str]:
    """All that was shown as one result: several become a page, one below the other."""
    if not shown:
        return "text/plain", ""
    if len(shown) > 1:
        return "text/html", "\n".join(f"<div>{_as_html(*each)}</div>" for each in shown)
    form, value = shown[0]
    return (f"{form};base64" if form in PICTURES else form), value


def _as_html(form: str, value: str) -> str:
    if form in PICTURES:
        return f'<img src="data:{form};base64,{value.strip()}">'
    return value if form in ("text/html", "image/svg+xml") else f"<pre>{html.escape(value)}</pre>"
