"""The few classes of our own that Spark needs, compiled once into the data folder.

They are compiled by Janino, which Spark itself compiles generated code with: no JDK is needed. In each driver that
would cost 0.4 s.
"""

import hashlib
import zipfile
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from studiolo.domain import Conflict
from studiolo.runtimes.jars import made_once

TARGET = 8
"""The oldest Java that a runtime may have."""


FAILED = "Studiolo's classes for Spark could not be compiled"


class NotCompiled(Conflict):
    """Our classes could not be compiled, with Java's reason."""


def compiled(names: Sequence[str], servlet: str, java_home: Path, class_path: Sequence[Path], folder: Path) -> Path:
    """The jar with these classes of `driver/`; compiled if it is not there yet.

    Each knows those before it.
    `servlet` is the package of servlets that Spark uses. Raises NotCompiled.
    """
    sources = [_source(name).replace("javax.servlet", servlet) for name in names]
    content = "\n".join([*sources, *(str(path) for path in class_path)])
    name = hashlib.sha256(content.encode()).hexdigest()[:16]
    # Executors elsewhere are given jars by their names: no two may have one name.
    jar = f"studiolo-{name}.jar"
    return made_once(folder, name, lambda part: _compile(sources, java_home, class_path, part / jar)) / jar


def _source(name: str) -> str:
    return files("studiolo.runtimes").joinpath(f"driver/{name}.java").read_text()


def _compile(sources: Sequence[str], java_home: Path, class_path: Sequence[Path], jar: Path) -> None:
    # Imported here: it is needed once in the life of a data folder.
    from py4j.java_gateway import JavaGateway
    from py4j.protocol import Py4JError

    try:
        gateway = JavaGateway.launch_gateway(
            java_path=str(java_home / "bin" / "java"),
            classpath=":".join(str(path) for path in class_path),
            die_on_exit=True,
            enable_auth=True,
        )
        try:
            with zipfile.ZipFile(jar, "w") as archive:
                before = None
                for source in sources:
                    compiler = gateway.jvm.org.codehaus.janino.SimpleCompiler()
                    compiler.setTargetVersion(TARGET)
                    if before is not None:
                        compiler.setParentClassLoader(before)
                    compiler.cook(source)
                    before = compiler.getClassLoader()
                    for name, code in compiler.getBytecodes().items():
                        archive.writestr(f"{name.replace('.', '/')}.class", code)
        except Py4JError as error:
            # Java is asked for the words of an error of its own when they are read.
            raise NotCompiled(f"{FAILED}: {error}") from error
        finally:
            gateway.shutdown()
            # It ends with its input. What it prints is read, and closed, by a thread of py4j's.
            gateway.java_process.stdin.close()
            gateway.java_process.wait()
    except (OSError, ValueError, Py4JError) as error:
        raise NotCompiled(f"{FAILED}: {error}") from error
