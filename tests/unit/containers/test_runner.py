"""A job's runner around a user's program: what the program leaves is taken, where it leads elsewhere it is not."""

import errno
import gzip
import io
import json
import os
import shutil
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import CredentialRetrievalError

from studiolo.containers import room, runner
from studiolo.containers.folder import WorkFolder
from studiolo.containers.runner import Run
from studiolo.containers.work import Input, Instance, Output, Report, Work
from studiolo.recordio import read_payloads
from tests.unit.containers.store import Store

SECRET = "the root key"


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Store:
    store = Store({"in/train/rows.csv": b"1,2"})
    monkeypatch.setattr(runner, "own_client", lambda: store)
    return store


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    """The runner takes signals; the test's own come back."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def carried_out(data: Path, *codes: str, **changes: Any) -> Report:
    """What has become of a work of a host for each code, in which BASE is its /opt/ml."""
    (data / "credentials.json").write_text(SECRET)
    folder = WorkFolder(data / "ml/jobs/1")
    work = Work(
        id="1",
        kind="training",
        name="job",
        account="000000000000",
        region="eu-central-1",
        role="role",
        instances=tuple(
            Instance(
                f"algo-{number}",
                ("{python}", "-c", f"BASE = '/opt/ml'\nimport os, shutil, sys\nfrom pathlib import Path\n{code}"),
                {"FROM_THE_WORK": "/opt/ml/model"},
                {"input/config/hyperparameters.json": "{}"},
                str(data / f"log-{number}"),
            )
            for number, code in enumerate(codes, 1)
        ),
        inputs=(Input("train", "/opt/ml/input/data/train", "s3://in/train/"),),
        outputs=(
            Output("model", "/opt/ml/model", "s3://out/model.tar.gz", ("completed",), packed=True, even_empty=True),
            Output("output", "/opt/ml/output/data", "s3://out/output.tar.gz", ("completed", "failed"), packed=True),
        ),
        seconds=60,
        folders=("model", "output/data"),
    )
    folder.create(replace(work, **changes), data)
    Run(folder).carry_out()
    report = folder.report()
    assert report is not None
    return report


def logged(data: Path, host: int = 1) -> list[str]:
    return [json.loads(line)[2] for line in (data / f"log-{host}").read_text().splitlines()]


def test_what_the_program_leaves_is_uploaded(store: Store, tmp_path: Path) -> None:
    job = carried_out(tmp_path, "Path(BASE, 'model/weights').write_text('1'); Path(BASE, 'output/data/log').touch()")
    assert (job.outcome, job.outputs) == (
        "completed",
        {"model": "s3://out/model.tar.gz", "output": "s3://out/output.tar.gz"},
    )
    assert store.names("out/model.tar.gz") == ["weights"]
    assert store.names("out/output.tar.gz") == ["log"]


def test_the_log_begins_with_what_is_to_be_noted(store: Store, tmp_path: Path) -> None:
    carried_out(tmp_path, "print('one')", notes=("a variable was left out",))
    assert logged(tmp_path) == ["a variable was left out", "one"]


@pytest.mark.parametrize("left", ["model", "output/data", "output"])
def test_a_link_in_the_place_of_a_folder_gives_nothing_of_the_server_away(
    store: Store, tmp_path: Path, left: str
) -> None:
    (tmp_path / "data").mkdir()
    job = carried_out(tmp_path, f"shutil.rmtree(f'{{BASE}}/{left}'); os.symlink({str(tmp_path)!r}, f'{{BASE}}/{left}')")
    assert job.outcome == "failed"
    assert "link, which is not followed" in (job.reason or "")
    assert SECRET.encode() not in b"".join(store.objects.values())


def test_a_link_in_the_place_of_the_reason_of_a_failure_is_not_read(store: Store, tmp_path: Path) -> None:
    secret = str(tmp_path / "credentials.json")
    job = carried_out(tmp_path, f"os.symlink({secret!r}, f'{{BASE}}/output/failure'); sys.exit('why it failed')")
    assert job.reason == "AlgorithmError: why it failed, exit code: 1"


def test_a_role_that_may_not_read_fails_the_job(store: Store, tmp_path: Path) -> None:
    store.denied = {"GetObject"}
    job = carried_out(tmp_path, "")
    assert job.reason == (
        "ClientError: Data download failed:Unable to download object s3://in/train/rows.csv (AccessDenied: Access Denied)"
    )


def test_a_role_that_may_not_write_fails_the_job_which_says_what_is_lost(store: Store, tmp_path: Path) -> None:
    store.denied = {"PutObject"}
    job = carried_out(tmp_path, "Path(BASE, 'model/weights').touch()")
    assert job.outcome == "failed"
    assert "Artifact upload failed:s3://out/model.tar.gz cannot be written" in (job.reason or "")
    assert "/opt/ml/model is lost" in (job.reason or "")
    assert "AccessDenied" in (job.reason or "")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "ClientError: No space left on device"),
        (CredentialRetrievalError(provider="container-role", error_msg="gone"), "ClientError: The job's role can no"),
        (RuntimeError("a fault of ours"), "InternalServerError: RuntimeError: a fault of ours"),
    ],
)
def test_what_a_person_can_mend_is_no_internal_error(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, said: str
) -> None:
    def fails(*_asked: object, **_more: object) -> None:
        raise error

    monkeypatch.setattr(store, "download_file", fails)
    job = carried_out(tmp_path, "")
    assert (job.reason or "").startswith(said)


def test_a_reason_has_the_program_s_names_for_its_files(store: Store, tmp_path: Path) -> None:
    places = "os.path.realpath(BASE) + ' of ' + os.environ['HOME']"
    job = carried_out(tmp_path, f"Path(BASE, 'output/failure').write_text({places}); sys.exit(1)")
    assert str(tmp_path) not in (job.reason or "")


def test_a_failed_algorithm_is_told_of_before_what_could_not_be_written(store: Store, tmp_path: Path) -> None:
    store.denied = {"PutObject"}
    job = carried_out(tmp_path, "Path(BASE, 'output/data/log').touch(); sys.exit('why it failed')")
    assert (job.reason or "").startswith("AlgorithmError: why it failed, exit code: 1. Artifact upload failed:")


def test_what_leads_out_of_its_folder_is_left_out_and_named(store: Store, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    secret = str(tmp_path / "credentials.json")
    code = f"""
os.chdir("/opt/ml/model")
os.symlink({secret!r}, "key")
os.mkfifo("pipe")
Path("real").write_text("1")
os.symlink("real", "same")
"""
    job = carried_out(tmp_path, code)
    assert job.outcome == "completed"
    assert store.names("out/model.tar.gz") == ["real", "same"]
    assert [line.split()[0] for line in logged(tmp_path)] == ["/opt/ml/model/key", "/opt/ml/model/pipe"]


def test_each_host_has_its_own_files_and_finds_the_others_by_name(store: Store, tmp_path: Path) -> None:
    store.objects["in/train/more.csv"] = b"3,4"
    listen = "import socket; waiting = socket.create_server(('algo-1', 0)); Path(BASE, 'model/port')"
    first = f"{listen}.write_text(str(waiting.getsockname()[1])); print(socket.gethostbyname('algo-2'))"
    second = "print(*os.listdir(f'{BASE}/input/data/train')); Path(BASE, 'model/second').touch()"
    given = Input("train", "/opt/ml/input/data/train", "s3://in/train/", sharded=True)
    job = carried_out(tmp_path, first, second, inputs=(given,))
    assert job.outcome == "completed"
    assert store.names("out/model.tar.gz") == ["port", "second"]
    assert (logged(tmp_path, 1), logged(tmp_path, 2)) == (["127.0.0.2"], ["rows.csv"])


def test_the_host_that_failed_says_why(store: Store, tmp_path: Path) -> None:
    waits = "import time; print('waits', flush=True); time.sleep(600)"
    fails = "Path(BASE, 'output/failure').write_text('no gradient'); sys.exit(137)"
    assert carried_out(tmp_path, waits, fails).reason == "AlgorithmError: no gradient, exit code: 137"


READS = """
for epoch in range(2):
    while not os.path.exists(f"{BASE}/input/data/train_{epoch}"):
        pass
    with open(f"{BASE}/input/data/train_{epoch}", "rb") as pipe:
        print(pipe.read().hex())
"""


def piped(store: Store, tmp_path: Path, **given: Any) -> list[bytes]:
    """What a program reads of an input in its first two epochs."""
    train = Input("train", "/opt/ml/input/data/train", **{"uri": "s3://in/train/", "mode": "Pipe", **given})
    assert carried_out(tmp_path, READS, inputs=(train,)).outcome == "completed"
    return [bytes.fromhex(line) for line in logged(tmp_path)]


def test_a_pipe_has_all_objects_in_each_epoch(store: Store, tmp_path: Path) -> None:
    store.objects |= {"in/train/b": b"x" * 100_000, "in/train/c": b"end"}
    assert piped(store, tmp_path) == [b"x" * 100_000 + b"end" + b"1,2"] * 2


def test_a_pipe_unpacks_and_wraps_each_object_as_a_record(store: Store, tmp_path: Path) -> None:
    store.objects = {"in/train/a": gzip.compress(b"one"), "in/train/b": gzip.compress(b"three")}
    [first, second] = piped(store, tmp_path, gzip=True, wrapped=True)
    assert first == second
    assert list(read_payloads(io.BytesIO(first))) == [b"one", b"three"]


def test_a_pipe_brings_the_attributes_of_an_augmented_manifest_and_what_they_refer_to(
    store: Store, tmp_path: Path
) -> None:
    lines = [{"image-ref": "s3://in/train/rows.csv", "cat": n, "unlisted": {}} for n in range(2)]
    store.objects["in/manifest"] = "\n".join(map(json.dumps, lines)).encode()
    source = {"uri": "s3://in/manifest", "source": "AugmentedManifestFile", "attributes": ("cat", "image-ref")}
    [first, _second] = piped(store, tmp_path, wrapped=True, **source)
    assert list(read_payloads(io.BytesIO(first))) == [b"0", b"1,2", b"1", b"1,2"]


def test_a_pipe_whose_object_is_gone_fails_the_job(store: Store, tmp_path: Path) -> None:
    store.objects["in/manifest"] = b'{"a-ref": "s3://in/gone"}'
    given = Input(
        "train", "/opt/ml/input/data/train", "s3://in/manifest", "AugmentedManifestFile", "Pipe", attributes=("a-ref",)
    )
    code = "import time; open(f'{BASE}/input/data/train_0', 'rb').read(); time.sleep(600)"
    job = carried_out(tmp_path, code, inputs=(given,))
    assert (
        job.reason
        == "ClientError: Data download failed:Unable to download object s3://in/gone (NoSuchKey: no such key)"
    )


def test_an_output_that_is_the_folder_of_an_input_has_its_files_too(store: Store, tmp_path: Path) -> None:
    same = Output("same", "/opt/ml/input/data/train", "s3://out/same", ("completed",))
    job = carried_out(tmp_path, "Path('/opt/ml/input/data/train/more').touch()", outputs=(same,))
    assert job.outputs == {"same": "s3://out/same"}
    assert {key for key in store.objects if key.startswith("out/")} == {"out/same/rows.csv", "out/same/more"}


def test_a_file_whose_name_is_no_text_is_told_as_the_program_s_to_mend(store: Store, tmp_path: Path) -> None:
    same = Output("same", "/opt/ml/output/data", "s3://out/same", ("completed",))
    job = carried_out(tmp_path, r"open(b'/opt/ml/output/data/\xff', 'w')", outputs=(same,))
    assert (job.reason or "").startswith("ClientError: Artifact upload failed:A file's name below /opt/ml/output/data")


@pytest.mark.parametrize("packed", [True, False])
def test_a_file_with_more_holes_than_the_disk_has_room_for_is_not_uploaded(
    store: Store, tmp_path: Path, packed: bool
) -> None:
    output = Output("out", "/opt/ml/output/data", "s3://out/out", ("completed",), packed=packed)
    size = shutil.disk_usage(tmp_path).total
    code = f"os.truncate(os.open('/opt/ml/output/data/sparse', os.O_CREAT | os.O_RDWR), {size})"
    job = carried_out(tmp_path, code, outputs=(output,))
    assert (job.reason or "").startswith("ClientError: Artifact upload failed:The files there have ")
    assert not [key for key in store.objects if key.startswith("out/")]


KEPT = Output("checkpoints", "/opt/ml/checkpoints", "s3://out/kept", ("completed", "failed"), continuous=True)


def test_checkpoints_are_brought_and_written_while_the_program_runs(store: Store, tmp_path: Path) -> None:
    store.objects["out/kept/1"] = b"from an earlier job"
    code = f"""
import time
assert os.listdir("/opt/ml/checkpoints") == ["1"]
Path("/opt/ml/checkpoints/deep").mkdir()
Path("/opt/ml/checkpoints/deep/2").write_text("new")
os.symlink({str(tmp_path / "credentials.json")!r}, "/opt/ml/checkpoints/key")
time.sleep(600)
"""
    upload = store.upload_fileobj

    def seen(file: Any, bucket: str, key: str) -> None:
        upload(file, bucket, key)
        os.kill(os.getpid(), signal.SIGINT)

    store.upload_fileobj = seen  # type: ignore[method-assign]
    back = Input("checkpoints", "/opt/ml/checkpoints", "s3://out/kept", optional=True)
    job = carried_out(tmp_path, code, inputs=(back,), outputs=(KEPT,))
    assert job.outcome == "stopped"
    assert {key: value for key, value in store.objects.items() if key.startswith("out/")} == {
        "out/kept/1": b"from an earlier job",
        "out/kept/deep/2": b"new",
    }


def test_an_instance_that_is_taken_away_leaves_its_checkpoints_and_no_model(store: Store, tmp_path: Path) -> None:
    code = """
import signal, time
def leave(*_):
    Path("/opt/ml/checkpoints/last").write_text("1")
    sys.exit(0)
signal.signal(signal.SIGTERM, leave)
Path("/opt/ml/model/weights").touch()
time.sleep(600)
"""
    job = carried_out(
        tmp_path,
        code,
        interrupted_after=1.0,
        folders=("model", "checkpoints"),
        outputs=(
            replace(KEPT, when=("interrupted",)),
            Output("model", "/opt/ml/model", "s3://out/model.tar.gz", ("completed", "stopped"), packed=True),
        ),
    )
    assert (job.outcome, job.outputs) == ("interrupted", {"checkpoints": "s3://out/kept"})
    assert store.objects["out/kept/last"] == b"1"


def test_a_program_that_fills_the_disk_is_ended(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)
    left = iter([usage, usage._replace(free=0)])
    monkeypatch.setattr(room.shutil, "disk_usage", lambda _folder: next(left))
    job = carried_out(tmp_path, "import time; time.sleep(600)", inputs=())
    assert (job.reason or "").startswith("ClientError: No space left on device")


def test_the_message_of_all_hosts_is_kept(store: Store, tmp_path: Path) -> None:
    says = "Path(BASE, 'output').mkdir(exist_ok=True); Path(BASE, 'output/message').write_text('{}')"
    job = carried_out(tmp_path, says.format("one "), says.format("two"), message="output/message")
    assert (job.outcome, job.message) == ("completed", "one two")


def test_a_message_that_is_no_text_fails_the_job(store: Store, tmp_path: Path) -> None:
    says = r"Path(BASE, 'output/message').write_bytes(b'\xff')"
    job = carried_out(tmp_path, says, message="output/message")
    assert (job.reason or "").startswith("ClientError: /opt/ml/output/message is not encoded as UTF-8")


def test_a_stage_that_is_asked_to_stop_before_its_program_begins_runs_nothing(store: Store, tmp_path: Path) -> None:
    WorkFolder(tmp_path / "ml/jobs/1").ask("stop")
    job = carried_out(tmp_path, "print('ran')")
    assert (job.outcome, [stage.name for stage in job.stages]) == ("stopped", ["downloading"])
