"""A statement's output, as stock clients and as the notebook kernel of aws-glue-sessions read it."""

from typing import Any

import pytest

from studiolo.aws.models import operation_model
from studiolo.domain import now
from studiolo.engine import Output, Statement
from studiolo.services.glue.output import as_data, error_value


def test_plain_text_is_all_that_is_said() -> None:
    assert as_data(Output("ok", text="42", stdout="42")) == {"TextPlain": "42"}


def test_what_went_to_stderr_stands_beside_it() -> None:
    data = as_data(Output("ok", text="42", stdout="42", stderr="careful"))
    assert (data["TextPlain"], data["StdOut"], data["StdErr"], data["Result"]) == ("42", "42", "careful", "")


@pytest.mark.parametrize(
    ("display", "mime", "result"),
    [
        ({"text/plain": "<Figure>", "image/png": "iVBO"}, "image/png;base64", "iVBO"),
        ({"text/plain": "   a", "text/html": "<table>"}, "text/html", "<table>"),
        ({"text/html": "<b>", "image/jpeg": "/9j/"}, "image/jpeg;base64", "/9j/"),
        ({"text/plain": "x", "text/markdown": "*x*"}, "text/markdown", "*x*"),
    ],
)
def test_what_is_shown_comes_in_its_best_form(display: dict[str, Any], mime: str, result: str) -> None:
    data = as_data(Output("ok", text="before\n…", stdout="before", displays=(display,)))
    assert (data["MimeType"], data["Result"], data["StdOut"]) == (mime, result, "before")
    assert data["TextPlain"] == "before\n…"


def test_several_are_shown_one_below_the_other() -> None:
    shown = ({"image/png": "iVBO\n"}, {"text/html": "<table>"}, {"text/latex": "$a<b$"})
    data = as_data(Output("ok", displays=shown))
    assert data["MimeType"] == "text/html"
    assert data["Result"].splitlines() == [
        '<div><img src="data:image/png;base64,iVBO"></div>',
        "<div><table></div>",
        "<div><pre>$a&lt;b$</pre></div>",
    ]


def test_a_form_that_notebooks_do_not_show_is_its_plain_text() -> None:
    display = {"text/plain": "Widget()", "application/vnd.widget+json": {"id": 1}}
    assert as_data(Output("ok", text="Widget()", displays=(display,))) == {"TextPlain": "Widget()"}


def test_the_wire_carries_the_members_that_only_the_notebook_kernel_knows() -> None:
    shape: Any = operation_model("glue", "GetStatement").output_shape
    data = shape.members["Statement"].members["Output"].members["Data"]
    assert set(data.members) == {"TextPlain", "Result", "MimeType", "StdOut", "StdErr"}


@pytest.mark.parametrize(
    ("origin", "output", "value"),
    [
        (None, {"text": "step 1"}, "wrong"),
        ("GluePySparkKernel", {}, "wrong"),
        (
            "GluePySparkKernel",
            {"text": "step 1", "stderr": "careful"},
            "wrong\n\nThe cell had printed:\nstep 1\ncareful",
        ),
    ],
)
def test_a_notebook_s_error_has_what_was_printed_before(origin: str | None, output: dict[str, str], value: str) -> None:
    failed = Output("error", error_name="ValueError", error_value="wrong", **output)
    assert error_value(Statement(0, "", "AVAILABLE", now(), failed), origin) == value


def test_a_notebook_s_cell_without_an_error_has_no_error_s_value() -> None:
    assert error_value(Statement(0, "", "AVAILABLE", now(), Output("ok", text="step 1")), "dbt") is None
