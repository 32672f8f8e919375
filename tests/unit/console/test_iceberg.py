"""How the console opens an Iceberg table whose metadata somebody else has written."""

from pathlib import Path
from typing import Any

import pytest
from pyarrow import fs
from pyiceberg.io.pyarrow import PyArrowFileIO
from pyiceberg.partitioning import UNPARTITIONED_PARTITION_SPEC
from pyiceberg.schema import Schema
from pyiceberg.table.metadata import new_table_metadata
from pyiceberg.table.sorting import UNSORTED_SORT_ORDER

from studiolo.console.iceberg import iceberg_table
from studiolo.console.reading import Store
from studiolo.console.samples import snapshots

PLACE = "s3://lake/table/0.metadata.json"


def test_what_a_table_s_metadata_says_of_endpoints_and_of_files_elsewhere_is_not_heeded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = {"s3.endpoint": "http://elsewhere", "s3.proxy-uri": "http://elsewhere", "py-io-impl": "os.popen"}
    metadata = new_table_metadata(
        Schema(), UNPARTITIONED_PARTITION_SPEC, UNSORTED_SORT_ORDER, "s3://lake/table", theirs
    )
    (tmp_path / "lake" / "table").mkdir(parents=True)
    (tmp_path / "lake" / "table" / "0.metadata.json").write_text(metadata.model_dump_json())

    def store(self: Any, netloc: str | None) -> fs.FileSystem:
        return fs.SubTreeFileSystem(str(tmp_path), fs.LocalFileSystem())

    monkeypatch.setattr(PyArrowFileIO, "_initialize_s3_fs", store)
    store = Store("http://s3", "us-east-1", "AKIA", "secret", None)
    table = {"Parameters": {"metadata_location": PLACE}}
    assert snapshots(store, table) == []
    files = iceberg_table(store, PLACE).io
    assert files.properties["s3.endpoint"] == "http://s3"
    assert "s3.proxy-uri" not in files.properties
    for location in ("file:///etc/hostname", "/etc/hostname", "hdfs://elsewhere/key"):
        with pytest.raises(ValueError, match="S3's alone"):
            files.new_input(location).exists()
