"""Requests for Python modules as pip names them, kept to what may come to a session: packages from an index or the web.

uv reads them as the account that runs Studiolo, beside its other files. A request that names a file would show it to
whoever may ask for a session, and to the package that is built meanwhile.
"""

import re
from collections.abc import Iterator

from packaging.requirements import InvalidRequirement, Requirement

from studiolo.domain import Invalid

INSTALLER_OPTIONS = (
    "--upgrade",
    "--no-deps",
    "--no-index",
    "--index-url",
    "--extra-index-url",
    "--find-links",
    "--pre",
)
"""pip's options that uv has too; those in VALUED have a value."""

VALUED = ("--index-url", "--extra-index-url", "--find-links")

S3 = ("s3://", "s3a://")

WEB = ("https://", "http://", "git+https://")
ARCHIVES = (".whl", ".zip", ".tar", ".gz", ".tgz", ".bz2", ".tbz", ".xz", ".txz", ".zst", ".lz", ".lzma")
"""How names end that uv takes for files."""

HASH = re.compile(r"\s--hash[=\s]\S+")
COMMENT = re.compile(r"(^|\s)#.*")


def checked(request: str) -> str:
    """The request itself. Raises Invalid unless it is a package by its name, or by an address on the web."""
    plain = HASH.sub("", f" {request}").strip()
    if plain.startswith(WEB) and not re.search(r"\s", plain.partition(";")[0].strip()):
        return request
    try:
        wanted = Requirement(plain)
    except InvalidRequirement:
        raise _refused(request) from None
    if wanted.url is not None and not wanted.url.startswith(WEB):
        raise _refused(request)
    if wanted.url is None and wanted.name.lower().endswith(ARCHIVES):
        raise _refused(request)
    return request


def listed(text: str) -> Iterator[str]:
    """The requests, and the options that lead to indexes, of a file of requirements, without its comments.

    Raises Invalid for other options, such as those that name further files.
    """
    for line in re.sub(r"\\\r?\n", " ", text).splitlines():
        request = COMMENT.sub("", line).strip()
        if not request:
            continue
        if not request.startswith("-"):
            yield checked(request)
            continue
        option, _, value = request.replace("=", " ", 1).partition(" ")
        if option not in (*VALUED, "--no-index"):
            raise Invalid(f"A file of requirements may not say here: {request}")
        yield f"{option} {on_web(option, value.strip())}" if option in VALUED else option


def on_web(option: str, address: str) -> str:
    """The address that an option leads to. Raises Invalid unless it is one on the web."""
    if not address.startswith(WEB) or re.search(r"\s", address):
        raise Invalid(f"{option} takes an address that begins with https:// or http://, and not: {address}")
    return address


def _refused(request: str) -> Invalid:
    return Invalid(
        f"{request} is no package of an index, and no address on the web: "
        "files come from S3 (s3://bucket/name-1.0-py3-none-any.whl), not from the machine that Studiolo runs on."
    )
