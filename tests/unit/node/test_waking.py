"""Which commands on a node wake HDFS and YARN, and what they are told."""

import json
import socket
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from studiolo.node.waking import NAMENODE, NotThere, needs_hdfs, wait, wake
from tests.unit.node.test_submit import FACTS


@pytest.mark.parametrize(
    ("line", "needed"),
    [
        ("-ls", True),
        ("-ls /", True),
        ("-ls s3://bucket/", False),
        ("-put here.txt /in/here.txt", True),
        ("-put here.txt s3://bucket/here.txt", False),
        ("-get s3://bucket/x x", False),
        ("-get /x x", True),
        ("-cp s3://bucket/x /x", True),
        ("-mkdir -p hdfs:///in", True),
        ("-help", False),
    ],
)
def test_files_of_other_places_leave_hdfs_asleep(line: str, needed: bool) -> None:
    assert needs_hdfs(line.split()) is needed


def told(folder: Path, state: str) -> None:
    part = folder / "part"
    part.write_text(json.dumps({"applications": {"Hadoop": state}}))
    part.replace(folder / "report.json")


def test_a_command_knocks_and_begins_when_they_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told(tmp_path, "dormant")
    with socket.create_server(("127.0.0.1", 0)) as door:
        monkeypatch.setenv(NAMENODE, f"127.0.0.1:{door.getsockname()[1]}")
        waking = threading.Thread(target=wake, args=[replace(FACTS, folder=str(tmp_path))])
        waking.start()
        with door.accept()[0]:
            told(tmp_path, "starting")
            assert waking.is_alive()
            told(tmp_path, "running")
            waking.join(20)
    assert not waking.is_alive()


def test_a_command_is_told_why_they_do_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAMENODE, "127.0.0.1:1")
    facts = replace(FACTS, folder=str(tmp_path))
    with pytest.raises(NotThere, match="after the cluster's bootstrap actions"):
        wake(facts)
    told(tmp_path, "failed: it ended with status 1, and last said: No jars.")
    with pytest.raises(NotThere, match="do not run: it ended with status 1, and last said: No jars."):
        wake(facts)
    wait(facts)
