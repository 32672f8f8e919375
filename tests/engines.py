"""A container engine, where one runs containers here, and an image for it that no registry has to be asked for."""

import json
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

IMAGE = "studiolo-tests/contract:1"
PACKAGES = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six.py", "urllib3")
TRAIN = """#!/py/bin/python3
import json, os, signal, sys, time
asked = json.load(open("/opt/ml/input/config/hyperparameters.json"))
print("arguments", sys.argv[1:], "region", os.environ["AWS_REGION"], flush=True)
if "fail" in asked:
    open("/opt/ml/output/failure", "w").write(asked["fail"])
    sys.exit(3)
if "last" in asked:
    if asked["last"] == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    else:
        signal.signal(signal.SIGTERM, lambda *_: (open("/opt/ml/model/model", "w").write("stopped"), sys.exit(0)))
    print("lasting", flush=True)
    while True:
        time.sleep(0.1)
sys.path.append("/packages")
import boto3
s3 = boto3.client("s3")
print("caller", boto3.client("sts").get_caller_identity()["Arn"], flush=True)
s3.put_object(Bucket=asked["bucket"], Key="from-the-container", Body=b"hello")
print("rmse=0.25;", flush=True)
rows = open("/opt/ml/input/data/train/rows.csv").read().count("\\n")
open("/opt/ml/model/model", "w").write(str(rows))
"""
SERVE = """#!/py/bin/python3
from http.server import BaseHTTPRequestHandler, HTTPServer
import os, signal, sys, urllib.request
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer(b"")
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        request = urllib.request.Request(os.environ["AWS_CONTAINER_CREDENTIALS_FULL_URI"],
            headers={"Authorization": os.environ["AWS_CONTAINER_AUTHORIZATION_TOKEN"]})
        keys = urllib.request.urlopen(request).status
        self.answer(body + b" by " + open("/opt/ml/model/model", "rb").read() + b" with keys %d" % keys)
    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
HTTPServer(("127.0.0.1", 8080), Handler).serve_forever()
"""


def engine() -> str | None:
    """The program of an engine that runs the image, which is made once."""
    for program in ("docker", "podman"):
        if shutil.which(program) and _asked(program, "version"):
            made = _asked(program, "image", "inspect", IMAGE) or _import(program)
            if made and _asked(program, "run", "--rm", "--network", "host", IMAGE, "python3", "-c", ""):
                return program
    return None


def containers(program: str) -> list[str]:
    """The names of those that are there, running or not, of Studiolo's."""
    words = [program, "ps", "--all", "--filter", "label=studiolo", "--format", "{{.Names}}"]
    return subprocess.run(words, capture_output=True, text=True, check=True, timeout=60).stdout.split()


def _import(program: str) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "image.tar"
        with tarfile.open(archive, "w", dereference=True) as tar:
            for source, name in _files():
                tar.add(source, name, filter=_wanted)
            for name, text in {"train": TRAIN, "serve": SERVE}.items():
                script = Path(folder) / name
                script.write_text(text)
                script.chmod(0o755)
                tar.add(script, f"py/bin/{name}")
        changes = ["--change", "ENV PATH=/py/bin", "--change", f"LABEL test={json.dumps('contract')}"]
        return _asked(program, "import", *changes, str(archive), IMAGE)


def _files() -> Iterator[tuple[Path, str]]:
    """This Python, what it is linked with, and boto3."""
    base, version = Path(sys.base_prefix), f"python3.{sys.version_info.minor}"
    yield base / "bin" / version, "py/bin/python3"
    yield base / "lib" / version, f"py/lib/{version}"
    linked = [base / "bin" / version, *(base / "lib" / version / "lib-dynload").glob("*.so")]
    printed = subprocess.run(["ldd", *map(str, linked)], capture_output=True, text=True, check=False).stdout
    for library in sorted({word for word in printed.split() if word.startswith("/") and not word.endswith(":")}):
        yield Path(library), library.lstrip("/")
    for package in PACKAGES:
        yield Path(sysconfig.get_path("purelib")) / package, f"packages/{package}"


def _wanted(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    parts = entry.name.split("/")
    if {"__pycache__", "test", "site-packages", "idlelib", "ensurepip"} & set(parts):
        return None
    # Of botocore's data only what is about all services, and what the container calls.
    if parts[:3] == ["packages", "botocore", "data"] and entry.isdir() and parts[3:] and parts[3] not in ("s3", "sts"):
        return None
    return entry


def _asked(program: str, *words: str) -> bool:
    with tempfile.TemporaryFile() as said:
        try:
            command = [program, *words]
            return subprocess.run(command, stdout=said, stderr=said, timeout=300, check=False).returncode == 0
        except subprocess.TimeoutExpired:
            return False
