"""An Iceberg table as a person may read it: PyIceberg, held to S3 and to the person's own keys.

What a table's metadata, which anybody may have written, says of endpoints, keys, or classes to read with is not heeded:
PyIceberg's own way to open it would let the metadata send the person's signed requests elsewhere.
"""

from pyarrow import fs
from pyiceberg.catalog.noop import NoopCatalog
from pyiceberg.io.pyarrow import PyArrowFileIO
from pyiceberg.serializers import FromInputFile
from pyiceberg.table import StaticTable

from studiolo.console.people import Clients


class ObjectsAlone(PyArrowFileIO):
    """Files of S3: no path of this machine, nor of another kind of store."""

    def _initialize_fs(self, scheme: str, netloc: str | None = None) -> fs.FileSystem:
        if scheme not in ("s3", "s3a", "s3n"):
            raise ValueError(f"The table's metadata names a file of {scheme}: the console reads S3's alone.")
        return super()._initialize_fs(scheme, netloc)


def iceberg_table(person: Clients, location: str) -> StaticTable:
    """The table of the metadata file at `location`. Raises OSError, ValueError."""
    files = ObjectsAlone(
        {
            "s3.endpoint": person.s3_endpoint,
            "s3.access-key-id": person.key.id,
            "s3.secret-access-key": person.key.secret,
            "s3.region": person.region,
            **({"s3.session-token": person.key.token} if person.key.token else {}),
        }
    )
    metadata = FromInputFile.table_metadata(files.new_input(location))
    return StaticTable(("console", location), metadata, location, files, NoopCatalog("console"))
