"""One Spark for all tests of `awsglue`, and frames shaped as those of the public documentation."""

import json
import os
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from awsglue.context import GlueContext
from awsglue.dynamicframe import DynamicFrame
from studiolo.config import Settings
from studiolo.runtimes import Runtimes
from tests import conftest
from tests.conftest import Server

PERSONS = [
    {
        "family_name": "Collins",
        "name": "Mac Collins",
        "links": [{"note": "Wikipedia (de)", "url": "https://de.example.org/Mac"}],
        "gender": "male",
        "identifiers": [
            {"scheme": "bioguide", "identifier": "C000640"},
            {"scheme": "govtrack", "identifier": "402671"},
        ],
        "given_name": "Michael",
        "birth_date": "1944-10-15",
        "id": "0005af3a",
        "contact_details": [{"type": "fax", "value": "202-225-4160"}, {"type": "phone", "value": "202-225-3436"}],
    },
    {
        "family_name": "Huizenga",
        "name": "Bill Huizenga",
        "gender": "male",
        "identifiers": [],
        "given_name": "Bill",
        "birth_date": "1969-01-31",
        "id": "00aa2dc0",
        "death_date": "2020-01-01",
    },
    {
        "family_name": "Clawson",
        "name": "Curtis Clawson",
        "gender": "male",
        "given_name": "Curtis",
        "birth_date": "not known",
        "id": "00aca284",
        "contact_details": [{"type": "twitter", "value": "RepClawson"}],
    },
]
MEMBERSHIPS = [
    {"organization_id": "house", "role": "member", "person_id": "0005af3a", "start_date": "1993-01-05"},
    {"organization_id": "senate", "role": "member", "person_id": "0005af3a", "start_date": "1999-01-05"},
    {"organization_id": "house", "role": "member", "person_id": "00aa2dc0", "start_date": "2011-01-05"},
    {"organization_id": "house", "role": "member", "person_id": "nobody", "start_date": "2011-01-05"},
]
ORGANIZATIONS = [
    {"id": "house", "classification": "legislature", "name": "House of Representatives", "seats": 435},
    {"id": "senate", "classification": "legislature", "name": "Senate", "seats": 100},
    {"id": "party/al", "classification": "party", "name": "AL"},
]
MEDICARE = """\
DRG Definition,Provider Id,Provider Name,Provider Street Address,Provider City,Provider State,Provider Zip Code
039 - EXTRACRANIAL,10001,SOUTHEAST MEDICAL,1108 ROSS CLARK,DOTHAN,AL,36301
039 - EXTRACRANIAL,10005,MARSHALL MEDICAL,2505 HIGHWAY 431,BOAZ,AL,35957
948 - SIGNS,"ABC, INC",ST JOSEPH,5000 W CHAMBERS,MILWAUKEE,WI,53210
"""


@pytest.fixture(scope="session")
def glue_context(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GlueContext]:
    """Glue's context on a Spark of one core, with the jars that sessions have and a catalog of its own."""
    from pyspark.sql import SparkSession

    home = os.environ.get("JAVA_HOME")
    # Workers take the python3 of the PATH otherwise, which need not have what these tests import.
    os.environ["PYSPARK_PYTHON"] = sys.executable
    runtimes = Runtimes(Settings(data=server.data))
    runtime = runtimes.for_glue(conftest.glue_version or runtimes.default_label()).runtime
    if runtime.python != Path(sys.executable):
        pytest.skip(f"{runtime.name} has an interpreter of its own: tests/unit/runtimes/test_awsglue.py")
    os.environ["JAVA_HOME"] = str(runtime.java_home)
    jars = runtimes.jars(runtime)
    settings = {
        "spark.driver.extraClassPath": os.pathsep.join(map(str, jars)),
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": "1",
        "spark.default.parallelism": "1",
        # Small data: compiling for it takes longer than going without.
        "spark.sql.codegen.wholeStage": "false",
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.sql.warehouse.dir": str(tmp_path_factory.mktemp("warehouse")),
    }
    builder = SparkSession.builder.master("local[1]").appName("awsglue")
    for name, value in settings.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("OFF")
    yield GlueContext(spark.sparkContext)
    spark.stop()
    del os.environ["PYSPARK_PYTHON"]
    if home is None:
        del os.environ["JAVA_HOME"]


@pytest.fixture
def api(glue_context: GlueContext, client: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Glue's API, as the context finds it."""
    api = client("glue")
    monkeypatch.setattr(glue_context, "glue_client", lambda: api)
    return api


@pytest.fixture
def air(api: Any) -> str:
    """A database of the Data Catalog that the context's Spark does not know."""
    name = f"air_{uuid.uuid4().hex[:8]}"
    api.create_database(DatabaseInput={"Name": name})
    return name


@pytest.fixture
def from_json(glue_context: GlueContext, tmp_path: Path) -> Callable[..., DynamicFrame]:
    """A frame of records, or of a text, that were written to a file as JSON."""

    def read(records: Any, **options: Any) -> DynamicFrame:
        folder = tmp_path / f"json{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        text = records if isinstance(records, str) else "".join(json.dumps(record) + "\n" for record in records)
        (folder / "records.json").write_text(text)
        place = {"paths": [str(folder)]}
        return glue_context.create_dynamic_frame.from_options("s3", place, "json", options)

    return read


@pytest.fixture
def persons(from_json: Callable[..., DynamicFrame]) -> DynamicFrame:
    return from_json(PERSONS)


@pytest.fixture
def medicare(glue_context: GlueContext, tmp_path: Path) -> DynamicFrame:
    path = tmp_path / "medicare.csv"
    path.write_text(MEDICARE)
    place = {"paths": [str(path)]}
    return glue_context.create_dynamic_frame.from_options("s3", place, "csv", {"withHeader": True})


def values(frame: DynamicFrame, *names: str) -> list[tuple[Any, ...]]:
    """The values of some columns (of all, when none is named), record by record."""
    dataframe = frame.toDF()
    columns = [f"`{name}`" for name in names] or [f"`{name}`" for name in dataframe.columns]
    return [plain(row) for row in dataframe.select(*columns).collect()]


def plain(value: Any) -> Any:
    """Rows as tuples, all the way down."""
    if isinstance(value, tuple):
        return tuple(plain(item) for item in value)
    return [plain(item) for item in value] if isinstance(value, list) else value


def tree_of(frame: DynamicFrame, capsys: pytest.CaptureFixture[str]) -> str:
    """What `printSchema` prints."""
    frame.schema()
    capsys.readouterr()
    frame.printSchema()
    return capsys.readouterr().out
