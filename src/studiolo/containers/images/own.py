"""Images of a person's own, by the file that says what each is: `images.json` in the data folder.

    {"churn": {"requirements": "churn/requirements.txt", "python": "3.11"}, "team/forecast:2": {"folder": "forecast"}}

A name is that of a repository, with or without its registry and tag. `requirements` is a file of requirements, on which
scripts run as in the image of a framework; `folder` has a requirements.txt and the programs `train` and `serve`, as a
Dockerfile would copy them. Paths are relative to the file's folder.
"""

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError, model_validator

from studiolo.domain import Invalid


class OwnImage(BaseModel):
    """What one image is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    requirements: Path | None = None
    folder: Path | None = None
    python: str = ""

    @model_validator(mode="after")
    def _one_of_both(self) -> "OwnImage":
        if (self.requirements is None) == (self.folder is None):
            raise ValueError("give either requirements or folder")
        return self


_FILE = TypeAdapter(dict[str, OwnImage])


def own_image(file: Path, uri: str) -> OwnImage | None:
    """What the file says of an image; None where it, or the file, is not there. Raises Invalid for a file that is wrong.

    It is read each time: who changes it need not start anything anew.
    """
    try:
        known: Mapping[str, OwnImage] = _FILE.validate_json(file.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        reason = error.errors()[0] if isinstance(error, ValidationError) else {"loc": (), "msg": str(error)}
        where = ".".join(map(str, reason["loc"]))
        raise Invalid(f"{file} cannot be used: {where + ': ' if where else ''}{reason['msg']}.") from error
    found = next((known[name] for name in _names(uri) if name in known), None)
    if found is None:
        return None
    given = found.requirements or found.folder
    assert given is not None
    place = file.parent / given.expanduser()
    if not (place.is_file() if found.requirements else place.is_dir()):
        raise Invalid(f"{file} says that the image '{uri}' is {place}, which is not there.")
    return found.model_copy(update={"requirements" if found.requirements else "folder": place})


def _names(uri: str) -> list[str]:
    """The names by which an image may be listed, the most exact one first."""
    registry, _, path = uri.partition("/")
    short = path if path and ("." in registry or ":" in registry) else uri
    return [name for full in (uri, short) for name in (full, full.partition("@")[0], _untagged(full))]


def _untagged(name: str) -> str:
    head, slash, last = name.partition("@")[0].rpartition("/")
    return f"{head}{slash}{last.partition(':')[0]}"
