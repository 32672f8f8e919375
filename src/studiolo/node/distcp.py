"""`s3-dist-cp` and `hadoop distcp`: objects and files, copied from one place to another by several threads.

Patterns, grouping, sizes and names are as "S3DistCp (s3-dist-cp)" in the EMR Release Guide has them.
"""

import argparse
import gzip
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, cast

import boto3
from botocore.config import Config

from studiolo.node.places import Place, Written, place

THREADS = 8
MIB = 1024 * 1024

CODECS: Mapping[str, str] = {"gz": "gz", "gzip": "gz", "lzo": "lzo", "lzop": "lzo", "snappy": "snappy"}
"""By the ending of a file's name how it is compressed, which is the ending of what becomes of it."""

KEPT, PLAIN, GZIP = ("keep",), ("none",), ("gz", "gzip")


class CannotCopy(Exception):
    """Why nothing is copied, in a sentence."""


@dataclass(frozen=True)
class File:
    """A file by its path below the source, and by the whole of it, on which patterns are tried; size: bytes."""

    name: str
    path: str
    size: int


def options(arguments: Sequence[str]) -> argparse.Namespace:
    """The options that are carried out; another one ends the program, which names it."""
    parser = argparse.ArgumentParser("s3-dist-cp", allow_abbrev=False)
    for name in ("src", "dest"):
        parser.add_argument(f"--{name}", required=True)
    for name in ("srcPattern", "srcPrefixesFile", "groupBy", "s3Endpoint", "storageClass"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--outputCodec", choices=(*KEPT, *PLAIN, *GZIP), default="keep", type=str.lower)
    parser.add_argument("--targetSize", type=int)
    parser.add_argument("--multipartUploadChunkSize", type=int)
    for flag in ("deleteOnSuccess", "disableMultipartUpload", "s3ServerSideEncryption"):
        parser.add_argument(f"--{flag}", action="store_true")
    return parser.parse_args(list(arguments))


def grouped(files: Sequence[File], pattern: str | None, target: int | None, codec: str) -> dict[str, list[File]]:
    """The files by the name of what is made of them: each of its own, or joined by what the groups of `pattern` match.

    What is joined lies where the first of its files would. target: MiB after which a joined file is complete, and a next
    one begins; then they are numbered. Raises CannotCopy.
    """
    groups: dict[str, list[File]] = {}
    for file in files:
        if of := _group(file, pattern):
            groups.setdefault(of, []).append(file)
    made: dict[str, list[File]] = {}
    for of, members in groups.items():
        parts = divided(members, None if pattern is None else target)
        ending = _ending(members, codec)
        for number, part in enumerate(parts):
            name = named(of.rpartition("/")[2], str(number) if len(parts) > 1 else "", ending)
            folder = part[0].name.rpartition("/")[0]
            made.setdefault(f"{folder}/{name}" if folder else name, []).extend(part)
    return made


def _group(file: File, pattern: str | None) -> str:
    """Of what a file becomes a part; empty where the pattern leaves it out."""
    if pattern is None:
        return file.name or PurePosixPath(file.path).name
    found = re.fullmatch(pattern, file.path)
    return "" if found is None else "".join(part or "" for part in found.groups())


def divided(files: Sequence[File], target: int | None) -> list[list[File]]:
    """The files in parts, of which each is complete with the file that brings it to `target` MiB."""
    parts: list[list[File]] = [[]]
    size = 0
    for file in files:
        if target is not None and size >= target * MIB:
            parts.append([])
            size = 0
        parts[-1].append(file)
        size += file.size
    return parts


def named(group: str, number: str, ending: str) -> str:
    """The name of what is made: a number, and an ending by which a reader knows how it is compressed, come last."""
    bare, _, last = group.rpartition(".")
    stem = bare if bare and (last.lower() in CODECS or (ending and last == ending)) else group
    return f"{stem}{number}.{ending}" if ending else f"{stem}{number}"


def _ending(files: Sequence[File], codec: str) -> str:
    """What the name of that which becomes of the files ends with. Raises CannotCopy."""
    endings = {PurePosixPath(file.path).suffix.removeprefix(".") for file in files}
    codecs = {CODECS.get(ending.lower(), "") for ending in endings}
    if (foreign := codecs - {"", "gz"}) and (codec not in KEPT or len(files) > 1):
        raise CannotCopy(
            f"Files that are compressed with {' and '.join(sorted(foreign))} can be copied as they are alone."
        )
    if codec in GZIP:
        return "gz"
    if codec in PLAIN:
        return "" if len(endings) > 1 or codecs != {""} else endings.pop()
    if len(codecs) > 1:
        raise CannotCopy("Cannot keep compression scheme for input files with different compression schemes.")
    return codecs.pop()


def copy(arguments: Sequence[str]) -> int:
    """Copy; the exit status."""
    try:
        return _copy(options(arguments))
    except CannotCopy as error:
        sys.stderr.write(f"java.lang.RuntimeException: {error}\n")
        return 1


def _copy(asked: argparse.Namespace) -> int:
    client = boto3.client("s3", config=Config(s3={"addressing_style": "path"}, max_pool_connections=THREADS * 2))
    written = Written(asked.storageClass, encrypted=asked.s3ServerSideEncryption)
    source, target = place(asked.src, client), place(asked.dest, client, written)
    prefixes = _lines(place(asked.srcPrefixesFile, client)) if asked.srcPrefixesFile else [asked.src]
    found = [file for prefix in prefixes for file in listed(asked.src, prefix, place(prefix, client))]
    if asked.srcPattern:
        found = [file for file in found if re.fullmatch(asked.srcPattern, file.path)]
    if not found:
        sys.stderr.write(f"java.io.FileNotFoundException: No files to copy: {asked.src}\n")
        return 1
    made = grouped(found, asked.groupBy, asked.targetSize, asked.outputCodec)
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(THREADS) as pool:

        def carry(number: int, name: str, parts: Sequence[File]) -> None:
            file = Path(folder) / str(number)
            _join(source, parts, file, asked.outputCodec)
            target.put(file, name)
            file.unlink()

        done = [pool.submit(carry, number, name, parts) for number, (name, parts) in enumerate(made.items())]
        for future in done:
            future.result()
        if asked.deleteOnSuccess:
            for file in {part for parts in made.values() for part in parts}:
                source.delete(file.name)
    sys.stderr.write(f"s3-dist-cp: {sum(map(len, made.values()))} files became {len(made)} at {asked.dest}\n")
    return 0


def listed(src: str, prefix: str, at: Place) -> Iterator[File]:
    """The files at a place whose URL is `prefix`, which is `src` or below it. Raises CannotCopy."""
    base = src.rstrip("/")
    for name, size in at.list():
        path = f"{prefix.rstrip('/')}/{name}" if name else prefix
        if path != base and not path.startswith(f"{base}/"):
            raise CannotCopy(f"{prefix} is not below {src}: --srcPrefixesFile has places of the source.")
        yield File(path[len(base) :].lstrip("/"), path, size)


def _lines(at: Place) -> list[str]:
    """The lines of a file."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "lines"
        at.fetch("", file)
        return [line for line in map(str.strip, file.read_text().splitlines()) if line]


def _join(source: Place, files: Sequence[File], into: Path, codec: str) -> None:
    piece = into.with_suffix(".part")
    with into.open("wb") as joined, ExitStack() as ends:
        out: IO[bytes] = joined
        if codec in GZIP:
            out = cast(
                "IO[bytes]", ends.enter_context(gzip.GzipFile(fileobj=joined, mode="wb", compresslevel=6, mtime=0))
            )
        for file in files:
            source.fetch(file.name, piece)
            with _opened(piece, file, codec) as content:
                shutil.copyfileobj(content, out, MIB)
            piece.unlink()


def _opened(piece: Path, file: File, codec: str) -> IO[bytes]:
    """What a file has, not compressed where it is to be written anew."""
    compressed = PurePosixPath(file.path).suffix.removeprefix(".").lower() in CODECS
    return cast("IO[bytes]", gzip.open(piece)) if compressed and codec not in KEPT else piece.open("rb")
