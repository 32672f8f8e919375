"""What the serving program of compiled models takes and answers; the model itself is a sum of each row here."""

import io
import json
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from studiolo.domain import Invalid
from studiolo.ml.compilation.compiled import About, Compiled, Input, fitted
from studiolo.ml.compilation.serving import Arrays, Scripted, Trees, _functions


class Sum:
    """A model as `Compiled` has it: of rows of 3 numbers, the sums; or, of several outputs, the greatest too."""

    about = About()
    inputs = (Input("rows", (None, 3), np.float32),)

    def __init__(self, *outputs: str) -> None:
        self.outputs = outputs or ("sum",)

    def feed(self, arrays: Any) -> Any:
        return {each.name: fitted(each, arrays[each.name]) for each in self.inputs}

    def predict(self, feed: Any) -> Any:
        sums = feed["rows"].sum(axis=1)
        return sums if len(self.outputs) == 1 else [sums, feed["rows"].max(axis=1)]


def model(*outputs: str) -> Compiled:
    return cast(Compiled, Sum(*outputs))


def npy(value: Any) -> bytes:
    stream = io.BytesIO()
    np.save(stream, value)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b"[[1, 2, 3], [4, 5, 6]]"),
        ("application/json; charset=utf-8", b'{"instances": [[1, 2, 3], [4, 5, 6]]}'),
        ("application/json", b'{"rows": [[1, 2, 3], [4, 5, 6]]}'),
        ("text/csv", b"1,2,3\r\n4,5,6\n"),
        ("application/x-npy", npy(np.array([[1, 2, 3], [4, 5, 6]]))),
    ],
)
def test_arrays_come_as_json_csv_and_numpy_s_files(kind: str, body: bytes) -> None:
    assert Arrays(model())(kind.encode(), b"*/*", body) == (200, b"application/json", b"[6.0, 15.0]")


def test_arrays_are_answered_as_what_is_accepted() -> None:
    invoke = Arrays(model())
    assert invoke(b"text/csv", b"text/csv", b"1,2,3\n4,5,6") == (200, b"text/csv", b"6.0\n15.0\n")
    status, _, body = invoke(b"text/csv", b"application/x-npy", b"1,2,3")
    assert (status, np.load(io.BytesIO(body)).tolist()) == (200, [6.0])
    assert invoke(b"text/csv", b"image/png", b"1,2,3")[0] == 406


def test_one_row_needs_no_second_bracket() -> None:
    assert Arrays(model())(b"application/json", b"", b"[1, 2, 3]")[2] == b"[6.0]"


def test_several_outputs_are_answered_by_name_and_only_as_json() -> None:
    invoke = Arrays(model("sum", "most"))
    assert json.loads(invoke(b"text/csv", b"", b"1,2,3")[2]) == {"sum": [6.0], "most": [3.0]}
    status, _, body = invoke(b"text/csv", b"text/csv", b"1,2,3")
    assert (status, "set Accept to application/json" in body.decode()) == (400, True)


@pytest.mark.parametrize(
    ("kind", "body", "words"),
    [
        (b"application/json", b"{", "not JSON"),
        (b"application/json", b"[" * 10_000, "not JSON"),
        (b"application/json", b'[["a", 2, 3]]', "not an array of float32"),
        (b"application/json", b'{"other": [1]}', "the model's inputs are rows"),
        (b"text/csv", b"1,2\n", "has the shape [1, 2]; the model takes [any, 3]"),
        (b"text/csv", b"1,2,3\n4,5\n", "Line 2 of the CSV body has 2 columns"),
        (b"text/csv", b"1,2,x\n", "Line 1 of the CSV body is not numbers"),
        (b"application/x-npy", b"PK", "not a file of NumPy"),
        (b"application/x-npz", npy(np.zeros(3)), "no archive of arrays"),
    ],
)
def test_what_no_model_can_take_is_refused_in_a_sentence(kind: bytes, body: bytes, words: str) -> None:
    status, _, answer = Arrays(model())(kind, b"", body)
    assert (status, words in json.loads(answer)["message"].replace("The model's", "the model's")) == (400, True), answer


def test_a_model_of_xgboost_answers_as_the_built_in_algorithm_does() -> None:
    invoke = Trees(model())
    assert invoke(b"text/csv", b"*/*", b"1,2,3\n4,5,6\n") == (200, b"text/csv", b"6.0\n15.0\n")
    assert invoke(b"text/libsvm", b"", b"0 0:1 1:2 2:3")[2] == b"6.0\n"
    status, _, body = invoke(b"application/json", b"application/json", b'{"instances": [{"features": [1, 2, 3]}]}')
    assert (status, json.loads(body)) == (200, {"predictions": [{"score": 6.0}]})
    assert invoke(b"application/jsonlines", b"application/jsonlines", b"[1, 2, 3]\n")[2] == b'{"score": 6.0}\n'


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        (b"text/csv", b"", 400),
        (b"text/csv", b"1,2\n", 400),
        (b"text/libsvm", b"0 3:1", 400),
        (b"text/libsvm", b"0 a:1", 400),
        (b"image/png", b"", 415),
    ],
)
def test_rows_that_do_not_fit_the_trees_are_refused(kind: bytes, body: bytes, status: int) -> None:
    assert Trees(model())(kind, b"", body)[0] == status


def test_the_user_s_functions_take_the_place_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "about_a_sum.py").write_text(
        "def model_fn(folder): raise RuntimeError\n"
        "def input_fn(body, content_type): return [[float(each) for each in body.split('+')]]\n"
        "def predict_fn(data, model): return 2 * model(data)\n"
        "def output_fn(found, accept): return f'twice {found[0]}', 'text/plain'\n"
    )
    monkeypatch.setenv("SAGEMAKER_PROGRAM", "about_a_sum.py")
    monkeypatch.setattr("sys.path", [*__import__("sys").path])
    functions = _functions(tmp_path)
    assert Scripted(model(), functions)(b"text/plain", b"*/*", b"1+2+3") == (200, b"text/plain", b"twice 12.0")
    failing = {"input_fn": lambda body, kind: {}[kind]}
    assert Scripted(model(), failing)(b"text/plain", b"", b"")[0] == 500
    assert Scripted(model(), {})(b"text/csv", b"text/csv", b"1,2,3") == (200, b"text/csv", b"6.0\n")


def test_a_module_that_cannot_be_imported_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "needs_more.py").write_text("import nothing_of_that_name")
    monkeypatch.setenv("SAGEMAKER_PROGRAM", "needs_more.py")
    monkeypatch.setattr("sys.path", [*__import__("sys").path])
    with pytest.raises(Invalid, match="needs_more.py of the model's code cannot be imported: ModuleNotFoundError"):
        _functions(tmp_path)
