"""Studiolo's own packages, for a Python that it is not installed for."""

from pathlib import Path

import studiolo

OWN = ("studiolo", "awsglue", "awsgluedq", "awsglueml")


def own_packages(folder: Path) -> Path:
    """The folder, with Studiolo's own packages and none beside: links to where they are installed.

    The packages that lie around them are for the Python that Studiolo runs on, and a session may run on another one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    installed = Path(studiolo.__file__).parents[1]
    for name in OWN:
        link, part = folder / name, folder / f"{name}.part"
        if not link.is_symlink() or link.readlink() != installed / name:
            part.unlink(missing_ok=True)
            part.symlink_to(installed / name)
            part.rename(link)
    return folder
