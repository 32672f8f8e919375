"""What stands in the rail, from top to bottom. A further page is a further row."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """A page of the rail: its heading and its address below the console's."""

    name: str
    path: str


MENU = (
    Entry("Overview", "/"),
    Entry("Storage", "/storage"),
    Entry("Catalog", "/catalog"),
    Entry("Sessions", "/sessions"),
    Entry("Clusters", "/clusters"),
    Entry("Serverless", "/serverless"),
    Entry("Training", "/training"),
    Entry("Tuning", "/tuning"),
    Entry("Processing", "/processing"),
    Entry("Pipelines", "/pipelines"),
    Entry("Notebook jobs", "/notebook-jobs"),
    Entry("Models", "/models"),
    Entry("Registry", "/registry"),
    Entry("Endpoints", "/endpoints"),
    Entry("Studio", "/studio"),
    Entry("Stacks", "/stacks"),
    Entry("Products", "/products"),
    Entry("Logs", "/logs"),
    Entry("Metrics", "/metrics"),
    Entry("Usage", "/usage"),
    Entry("Identity", "/identity"),
)


PANELS = (
    ("Catalog", "Storage"),
    ("Clusters", "Serverless", "Products"),
    ("Sessions",),
    ("Training", "Tuning", "Processing", "Notebook jobs"),
    ("Endpoints", "Models", "Registry"),
)
"""Entries that are one panel beside a notebook. Those of none of them are one more, to which links lead."""


def panel_of(path: str) -> tuple[Entry, ...]:
    """The entries of the panel that a page belongs to."""
    here = current(path).name
    rest = tuple(entry.name for entry in MENU if not any(entry.name in names for names in PANELS))
    names = next((names for names in PANELS if here in names), rest)
    return tuple(entry for entry in MENU if entry.name in names)


def current(path: str) -> Entry:
    """The entry that a page belongs to."""
    below = [entry for entry in MENU if entry.path != "/" and (path + "/").startswith(entry.path + "/")]
    return max(below, key=lambda entry: len(entry.path), default=MENU[0])
