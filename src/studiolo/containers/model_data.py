"""The model that a program serves: an archive that is unpacked, objects as they are, or none at all."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from studiolo.archives import unpack_tar
from studiolo.containers.inputs import Share, download
from studiolo.containers.objects import Address
from studiolo.containers.work import Input


def bring_model(
    client: Any, uri: str, folder: Path, *, compressed: bool, proceed: Callable[[int], None] = lambda _size: None
) -> None:
    """Lay into the new `folder` what the URI names: a model.tar.gz, or the objects of a prefix; nothing where it is "".

    proceed: as of `download`. Raises ClientError and NotFound for what is not there or may not be read, Invalid for
    what cannot be unpacked.
    """
    if not uri:
        folder.mkdir(parents=True)
    elif compressed:
        address, archive = Address.of(uri), folder.with_name("model.tar.gz")
        archive.parent.mkdir(parents=True, exist_ok=True)
        client.download_file(address.bucket, address.key, str(archive), Callback=proceed)
        unpack_tar(archive, folder)
        archive.unlink()
    else:
        download(client, Input("model", str(folder), uri), folder, Share(), proceed)
