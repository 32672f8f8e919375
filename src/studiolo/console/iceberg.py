"""An Iceberg table as a person may read it: PyIceberg, held to S3 and to the person's own keys.

What a table's metadata, which anybody may have written, says of endpoints, keys, or classes to read with is not heeded:
PyIceberg's own way to open it would let the metadata send the person's signed requests elsewhere.
"""

from pyarrow import fs
from pyiceberg.catalog.noop import NoopCatalog
from pyiceberg.io.pyarrow import PyArrowFileIO
from pyiceberg.serializers import FromInputFile
from pyiceberg.table import StaticTable

from studiolo.console.reading import Store


class ObjectsAlone(PyArrowFileIO):
    """Files of S3: no path of this machine, nor of another kind of store."""

    def _initialize_fs(self, scheme: str, netloc: str | None = None) -> fs.FileSystem:
        if scheme not in ("s3", "s3a", "s3n"):
            raise ValueError(f"The table's metadata names a file of {scheme}: the console reads S3's alone.")
        return super()._initialize_fs(scheme, netloc)


def iceberg_table(store: Store, location: str) -> StaticTable:
    """The table of the metadata file at `location`. Raises OSError, ValueError."""
    files = ObjectsAlone(
        {
            "s3.endpoint": store.endpoint,
            "s3.access-key-id": store.key,
            "s3.secret-access-key": store.secret,
            "s3.region": store.region,
            **({"s3.session-token": store.token} if store.token else {}),
        }
    )
    metadata = FromInputFile.table_metadata(files.new_input(location))
    return StaticTable(("console", location), metadata, location, files, NoopCatalog("console"))
