"""`python -m studiolo.kernel.submit FOLDER`: what spark-submit does with an application, without the JVM it begins with.

`launch.json` in the folder says what to start: `{"conf": Spark's settings, "driver": as `Driver` has it, "arguments":
those of spark-submit, "output" and "error": files of log streams, or null}`. What the application prints is kept in
`journal/stdout` and `journal/stderr`, and how it ended in `journal/result.json`, whether or not a server is there.

With `"waiting": true` a JVM is made ready for an application to come: the file `waiting` is there when it is. On SIGINT
`claim.json` says what the application is, in the same words, and by what settings.
"""

import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, BinaryIO

from studiolo.kernel.carried import carry, of_s3
from studiolo.kernel.doors import closed, dashboard
from studiolo.kernel.driver import LAUNCH, MODULES, SUBMIT, as_user, class_path, heap, java_options, sharing
from studiolo.logs import LogWriter

READY = "studiolo.Ready"
BEGIN = b"studiolo.Ready: begin\n"
"""Where the output of an application begins, in a JVM that was kept ready for it."""

LAST_WORDS = 5.0
"""Seconds to wait for the rest of what an application printed that has ended."""

KEPT = 64 * 1024 * 1024
"""Most bytes kept of each stream; its log stream has all."""

NOTE = b"\n[What came after these 64 MiB was not kept.]\n"


def main(folder: Path) -> int:
    """Run the application until it ends. The exit status is its own."""
    launch = json.loads((folder / "launch.json").read_text())
    kept = launch.get("waiting", False)
    settings = folder / "spark.conf"
    arguments = ["--properties-file", str(settings), *launch["arguments"]]
    if not kept:
        _lay_out(folder, launch, settings)
    claimed = threading.Event()
    signal.signal(signal.SIGINT, lambda *_: claimed.set())
    java = subprocess.Popen(
        command(launch, [READY, str(folder / "waiting")] if kept else [SUBMIT, *arguments]),
        env={**os.environ, "SPARK_HOME": launch["driver"]["spark"], "SPARK_ENV_LOADED": "1"},
        stdin=subprocess.PIPE if kept else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    signal.signal(signal.SIGTERM, lambda *_: java.terminate())
    assert java.stdout is not None
    assert java.stderr is not None

    def follow(stream: BinaryIO, name: str, log: str) -> None:
        if kept:
            # What the JVM prints before it is somebody's.
            for _ in iter(stream.readline, BEGIN):
                if java.poll() is not None:
                    return
        _pump(stream, folder / "journal" / name, launch[log])

    pumps = [
        threading.Thread(target=follow, daemon=True, args=(stream, name, log))
        for stream, name, log in ((java.stdout, "stdout", "output"), (java.stderr, "stderr", "error"))
    ]
    for pump in pumps:
        pump.start()
    if kept:
        assert java.stdin is not None
        _tell(java.stdin, [text for pair in closed(_first_job(folder)).items() for text in pair])

        def ended() -> None:
            java.wait()
            claimed.set()

        threading.Thread(target=ended, daemon=True).start()
        claimed.wait()
        if java.poll() is not None:
            return 1
        launch |= json.loads((folder / "claim.json").read_text())
        _lay_out(folder, launch, settings)
        _tell(java.stdin, ["--properties-file", str(settings), *launch["arguments"]])
        java.stdin.close()
    signal.signal(signal.SIGINT, lambda *_: java.terminate())
    status = java.wait()
    for pump in pumps:
        # What the application started may live on, and hold them open.
        pump.join(LAST_WORDS)
    part = folder / "journal" / "result.part"
    part.write_text(json.dumps({"status": status}))
    part.rename(folder / "journal" / "result.json")
    return status if status >= 0 else 128 - status


def _lay_out(folder: Path, launch: Mapping[str, Any], settings: Path) -> None:
    """Write the application's settings, and where its pages are."""
    settings.touch(0o600)
    conf = closed(launch["conf"])
    if conf.get("spark.ui.port") == "0":
        conf["spark.ui.port"] = str(_free_port())
    settings.write_text(properties(conf))
    # Others are the server's own, for executors elsewhere.
    files, archives = (",".join(of_s3(conf.get(f"spark.{of}", ""))) for of in ("files", "archives"))
    carry(files, archives, Path.cwd())
    (folder / "addresses.json").write_text(json.dumps({"ui": _pages(conf), "connect": None}))


def _first_job(folder: Path) -> dict[str, str]:
    """The settings of the job by which a JVM that is kept ready has Spark's classes."""
    return {
        "spark.app.name": "ready",
        "spark.master": "local[1]",
        "spark.ui.enabled": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.sql.catalogImplementation": "in-memory",
        "spark.sql.shuffle.partitions": "1",
        "spark.sql.warehouse.dir": f"file:{folder / 'warehouse'}",
    }


def _tell(pipe: IO[bytes], texts: Sequence[str]) -> None:
    """Tell Ready.java a list of texts."""
    words = [text.encode() for text in texts]
    pipe.write(struct.pack(">i", len(words)) + b"".join(struct.pack(">i", len(word)) + word for word in words))
    pipe.flush()


def _free_port() -> int:
    """A port for Spark's pages, which nothing tells of that Spark has chosen itself."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _pages(conf: Mapping[str, str]) -> str | None:
    """The URL by which the application's pages open, while it runs."""
    there = conf.get("spark.ui.enabled", "true") == "true"
    return dashboard(conf, f"http://127.0.0.1:{conf.get('spark.ui.port', '4040')}" if there else None)


def command(launch: Mapping[str, Any], main: Sequence[str]) -> list[str]:
    """Java's command line, with a class and its arguments; of Spark's settings those it must have before it starts."""
    driver, conf = launch["driver"], {name: value for name, value in launch["conf"].items() if name.startswith(LAUNCH)}
    front = [conf["spark.driver.extraClassPath"]] if "spark.driver.extraClassPath" in conf else []
    archive = [] if front else sharing(driver["archive"])
    return [
        driver["java"],
        *("-cp", os.pathsep.join([*front, class_path(Path(driver["spark"]), driver["jars"])])),
        *archive,
        *driver["options"],
        heap(conf),
        *MODULES,
        *java_options(conf),
        *as_user(driver),
        *main,
    ]


def properties(conf: Mapping[str, str]) -> str:
    """Settings in the form of Java's properties."""
    return "".join(f"{_escaped(name)}={_escaped(value)}\n" for name, value in conf.items())


def _escaped(text: str) -> str:
    plain = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "=": "\\=", ":": "\\:", " ": "\\ ", "#": "\\#"}
    return "".join(plain.get(each) or _as_java(each) for each in text)


def _as_java(letter: str) -> str:
    if " " < letter <= "~":
        return letter
    units = letter.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))


def _pump(reading: BinaryIO, file: Path, stream: str | None) -> None:
    """Keep what comes in the file, and in the log stream if there is one; a full disk must not end who prints."""
    log = None if stream is None else LogWriter(Path(stream))
    room = KEPT
    with file.open("ab", buffering=0) as kept:
        for line in iter(lambda: reading.readline(1024 * 1024), b""):
            try:
                if room > 0:
                    kept.write(line if len(line) <= room else line[:room] + NOTE)
                room -= len(line)
                if log is not None:
                    log.write(line.decode(errors="replace"))
            except OSError:
                room = 0
    if log is not None:
        log.close()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
