"""Code that reads what a page shows."""

import ast

from hypothesis import given
from hypothesis import strategies as st

from studiolo.console.snippets import of_object, of_table

PARQUET = {"InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"}


def test_a_table_is_read_by_what_reads_its_format() -> None:
    hive = {"DatabaseName": "air", "Name": "hourly", "StorageDescriptor": {**PARQUET, "Location": "s3://lake/hourly"}}
    assert [name for name, _ in of_table(hive)] == ["Spark", "awswrangler", "pandas"]
    iceberg = {"DatabaseName": "air", "Name": "daily", "Parameters": {"table_type": "ICEBERG"}}
    assert [name for name, _ in of_table(iceberg)] == ["Spark", "PyIceberg"]


@given(st.text(st.characters(codec="utf-8"), min_size=1), st.sampled_from(["", ".csv", ".json", ".parquet", ".orc"]))
def test_whatever_an_object_is_called_its_name_stays_a_text_of_the_code(key: str, suffix: str) -> None:
    for _, code in of_object("lake", key + suffix):
        tree = ast.parse("\n".join(line for line in code.split("\n") if not line.startswith("%pip")))
        texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
        assert any(str(text).endswith(key + suffix) for text in texts)
