"""What an application carries into the folder of its driver, as YARN and Kubernetes have it in deploy mode cluster.

`--files` lie there by their names, and `--archives` are unpacked: `s3://b/venv.tar.gz#environment` is the folder
`environment`, so that `./environment/bin/python` can be the driver's Python. Run as a program, it carries the files and
the archives of its two arguments into the folder where it is.
"""

import shutil
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path, PurePosixPath
from typing import Any

S3 = ("s3://", "s3a://", "s3n://")


def carry(files: str, archives: str, folder: Path) -> None:
    """Bring what two of Spark's lists name, which may be empty. What cannot be had is left to Spark, which says so."""
    for urls, unpacked in ((files, False), (archives, True)):
        for url in filter(None, map(str.strip, urls.split(","))):
            where, _, alias = url.partition("#")
            place = folder / PurePosixPath(alias or PurePosixPath(where).name).name
            if place.exists():
                continue
            with tempfile.TemporaryDirectory(dir=folder) as room:
                copy = Path(room) / PurePosixPath(where).name
                if not _fetch(where, copy):
                    continue
                if unpacked:
                    _unpack(copy, place)
                else:
                    shutil.move(copy, place)


def of_s3(urls: str) -> list[str]:
    """Those of one of Spark's lists that are objects of S3."""
    return [url for url in map(str.strip, urls.split(",")) if url.startswith(S3)]


def _fetch(url: str, into: Path) -> bool:
    """Whether there is a copy now."""
    if not url.startswith(S3):
        local = Path("/" + url.removeprefix("file:").lstrip("/")) if url.startswith("file:") else Path(url)
        if not local.is_file():
            return False
        shutil.copy(local, into)
        return True
    # Imported here: applications that carry nothing start without it.
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    client: Any = boto3.client("s3", config=Config(s3={"addressing_style": "path"}))
    bucket, _, key = url.partition("://")[2].partition("/")
    try:
        client.download_file(bucket, key, str(into))
    except (BotoCoreError, ClientError):
        return False
    return True


def _unpack(archive: Path, folder: Path) -> None:
    """Unpack an archive; what is none of those that Spark unpacks lies in the folder as it is."""
    folder.mkdir()
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as content:
            for member in content.infolist():
                place = Path(content.extract(member, folder))
                if mode := member.external_attr >> 16 & 0o777:
                    place.chmod(mode)
    elif tarfile.is_tarfile(archive):
        with tarfile.open(archive) as tar:
            # Environments have links to the machine's Python.
            tar.extraction_filter = getattr(tarfile, "tar_filter", lambda member, _: member)
            tar.extractall(folder)  # noqa: S202 (of the application, in the application's fence)
    else:
        shutil.move(archive, folder / archive.name)


if __name__ == "__main__":
    carry(sys.argv[1], sys.argv[2], Path.cwd())
