"""What is sent to Ray for a work, and what is made of the lines that come back."""

import importlib.metadata
import json
import os
import socket
import subprocess
import sys
import zipfile
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from studiolo.containers.folder import INTERRUPT, WorkFolder
from studiolo.containers.image import Environment, Tools
from studiolo.containers.ray import parcel, wire
from studiolo.containers.ray.carry import Telling, runner_variables
from studiolo.containers.ray.cluster import Cluster, RayJob
from studiolo.containers.ray.follower import Hearing
from studiolo.containers.work import INTERRUPTED, RUNNING, STOPPED, Instance, Metric, Report, Stage, Work
from studiolo.logs import LogWriter

SCRIPT = Environment("3.11", ("scikit-learn",))


def work(folder: Path, *command: str) -> Work:
    return Work(
        id="1",
        kind="training",
        name="job",
        account="000000000000",
        region="eu-central-1",
        role="role",
        instances=(Instance("algo-1", command or ("train",), {}, {}, str(folder / "here.log")),),
        inputs=(),
        outputs=(),
        seconds=60.0,
        environment=SCRIPT,
    )


@given(messages=st.lists(st.lists(st.text(), min_size=1)), longest=st.integers(1, 20), cut=st.integers(1, 50))
def test_messages_arrive_however_what_was_printed_is_cut(messages: list[list[str]], longest: int, cut: int) -> None:
    reading, writing = os.pipe()
    try:
        printed = ""
        for message in messages:
            with mock.patch.object(wire, "LONGEST", longest):
                wire.tell(writing, *message)
            printed += os.read(reading, 1 << 16).decode()
    finally:
        os.close(reading)
        os.close(writing)
    heard = wire.Messages()
    pieces = [printed[start : start + cut] for start in range(0, len(printed), cut)]
    assert [message for piece in pieces for message in heard.read(piece)] == messages


def test_a_line_that_something_else_printed_is_no_message() -> None:
    printed = 'pip says hello\n@={"no": "message"}\n@=["say", 1]\n@=torn\n@=["say","ours"]\n'
    assert [kind for kind, *_ in wire.Messages().read(printed)] == ["", "", "", "", wire.SAY]


def test_what_a_node_keeps_of_a_work_is_kept_here_too(tmp_path: Path) -> None:
    there, here = WorkFolder(tmp_path / "there"), WorkFolder(tmp_path / "here")
    for folder in (there, here):
        folder.path.mkdir()
    sent, printed = work(tmp_path), tmp_path / "printed"
    with printed.open("wb") as file, LogWriter(tmp_path / "there.log") as log:
        telling = Telling(there, {"algo-1": tmp_path / "there.log"}, file.fileno())
        log.write("first\nsec")
        telling.tell()
        log.write("ond é\n")
        there.measure([Metric("loss", 0.5, 1.0)])
        there.tell(Report(stages=(Stage(RUNNING, 1.0),), ended=2.0, outcome=STOPPED))
        telling.tell()
        telling.tell()
    hearing = Hearing(sent, here)
    hearing.hear(printed.read_text())
    assert (tmp_path / "here.log").read_bytes() == (tmp_path / "there.log").read_bytes()
    assert here.report() == there.report()
    assert here.measured(0)[0] == [Metric("loss", 0.5, 1.0)]
    assert hearing.ended


def test_a_work_that_was_stopped_because_its_instances_were_taken_away_is_interrupted(tmp_path: Path) -> None:
    folder = WorkFolder(tmp_path / "work")
    folder.ask(INTERRUPT)
    report = json.dumps([wire.REPORT, json.dumps(Report(ended=1.0, outcome=STOPPED).to_json())])
    Hearing(work(tmp_path), folder).hear(f"{wire.ENDS}{report}\n")
    heard = folder.report()
    assert heard is not None
    assert heard.outcome == INTERRUPTED


def test_what_is_sent_names_studiolos_files_where_they_are_on_the_node(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = f"{parcel.OWN}containers/scripts/standalone.py"
    variables = {"AWS_REGION": "eu-central-1", "PYTHONPATH": f"{parcel.OWN}plugin", "HOME": "/home/somebody"}
    content = parcel.package(work(tmp_path, "{python}", script), variables, "submission")
    with zipfile.ZipFile(BytesIO(content)) as archive:
        text = archive.read(parcel.SENT).decode()
    assert str(tmp_path) not in text
    assert parcel.OWN not in text
    monkeypatch.setattr(parcel, "OWN", "/on/the/node/studiolo/")
    opened = parcel.opened(text)
    assert Work.from_json(opened["work"]).instances[0].command[1] == (
        "/on/the/node/studiolo/containers/scripts/standalone.py"
    )
    assert opened["variables"] == {"AWS_REGION": "eu-central-1", "PYTHONPATH": "/on/the/node/studiolo/plugin"}
    assert {"boto3", "uv"} <= set(opened["requirements"])


def test_the_keys_of_a_node_are_none_of_a_works() -> None:
    sent = {
        "PYTHONPATH": "/a",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:1/_studiolo/credentials",
        "AWS_ENDPOINT_URL_S3": "http://10.0.0.1:1",
        "AWS_REGION": "eu-west-1",
    }
    with mock.patch.dict(os.environ, AWS_ACCESS_KEY_ID="AKIAOFTHENODE", AWS_PROFILE="node"):
        variables = runner_variables(sent)
    assert {name for name in variables if name.startswith("AWS_")} == {*sent} - {"PYTHONPATH"}
    assert variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] != sent["AWS_CONTAINER_CREDENTIALS_FULL_URI"]


def test_what_needs_something_of_this_machine_stays_here(tmp_path: Path) -> None:
    sent = work(tmp_path)
    assert parcel.stays(sent) is None
    assert parcel.stays(replace(sent, tools=Tools({"smspark-submit": ("python",)}))) is not None
    assert parcel.stays(replace(sent, environment=replace(SCRIPT, folder="/some/folder"))) is not None
    algorithm = ("{python}", "-m", "studiolo.ml.algorithms.linear_learner", "train")
    assert parcel.stays(replace(work(tmp_path, *algorithm), environment=None)) is None
    notebook = ("{python}", "-m", "studiolo.containers.scripts.notebook")
    assert parcel.stays(replace(work(tmp_path, *notebook), environment=None)) is not None


def test_a_job_that_waited_for_a_core_until_ray_gave_it_up_had_no_place() -> None:
    answer = {"status": "FAILED", "message": "failed to start", "error_type": "JOB_SUPERVISOR_ACTOR_START_TIMEOUT"}
    assert RayJob.of(answer).had_no_place
    assert RayJob.of(answer).over
    assert not RayJob.of({"status": "RUNNING", "message": None}).over


def test_jobs_are_begun_although_the_cluster_does_not_answer() -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        assert Cluster(f"http://127.0.0.1:{unheard.getsockname()[1]}").cores() == 1


OPTIONAL = {"backports-zstd", "certifi"}
"""What botocore and urllib3 import where it is there."""


def test_a_node_has_all_that_what_runs_there_imports() -> None:
    told = "import json, sys; print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    runs = "import studiolo.containers.ray.carry, studiolo.containers.runner"

    def imported(code: str) -> set[str]:
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        return set(json.loads(done.stdout))

    def named(lines: list[str]) -> set[str]:
        required = map(Requirement, lines)
        return {
            canonicalize_name(one.name) for one in required if one.marker is None or one.marker.evaluate({"extra": ""})
        }

    of = importlib.metadata.packages_distributions()
    modules = imported(f"{runs}; {told}") - imported(told)
    needed = {canonicalize_name(name) for module in modules for name in of.get(module, ())} - {"studiolo"}
    there, more = set[str](), named(parcel.requirements())
    while more:
        there |= more
        more = named([line for name in more for line in importlib.metadata.requires(name) or ()]) - there
    assert needed - OPTIONAL <= there
