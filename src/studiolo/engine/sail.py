"""What makes a session on Sail this session's: variables that Sail reads when it starts, and its Python's path."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from studiolo.engine.materials import Material
from studiolo.engine.model import Wanted
from studiolo.engine.plan import CATALOG

CATALOG_NAME = "spark_catalog"
"""Of the Data Catalog, as Spark calls its own."""


def sail_environment(wanted: Wanted, client: Mapping[str, str]) -> dict[str, str]:
    """The variables of Sail's process, given those of AWS clients: from these it has the role's key, for all it does.

    Sail reads S3 and the Data Catalog as any client of the one endpoint, so the role's policies hold. Unlike
    Spark it sorts, joins and aggregates in a share of memory of its own, and on disk what does not fit.
    """
    size = wanted.size
    variables = {
        **client,
        "SAIL_EXECUTION__DEFAULT_PARALLELISM": str(size.cores),
        "SAIL_RUNTIME__MEMORY_POOL__TYPE": "fair",
        "SAIL_RUNTIME__MEMORY_POOL__FAIR__MAX_SIZE": str(size.heap * 1024 * 1024),
    }
    if wanted.timeout is not None:
        # A client's temporary views last as long as the session may, however long it pauses.
        variables["SAIL_SPARK__SESSION_TIMEOUT_SECS"] = str(int(wanted.timeout.total_seconds()))
    if in_data_catalog(wanted):
        place = f'region="{client["AWS_REGION"]}", endpoint_url="{client["AWS_ENDPOINT_URL"]}"'
        variables["SAIL_CATALOG__LIST"] = f'[{{type="glue", name="{CATALOG_NAME}", {place}}}]'
    return variables


def in_data_catalog(wanted: Wanted) -> bool:
    """Whether the session's tables are those of the Data Catalog."""
    return wanted.conf.get(CATALOG) != "in-memory"


def on_path(material: Material, client: Mapping[str, str]) -> Material:
    """The material with its Python files, and the plugin of AWS clients, where an interpreter that starts looks: Sail's
    takes none while it runs.
    """
    files = [file.parent if file.suffix == ".py" else file for file in material.py_files]
    return replace(material, path=(*material.path, *files, Path(client["PYTHONPATH"])), py_files=())
