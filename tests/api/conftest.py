"""A client of Glue, and what tests of the Data Catalog begin with."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.api.catalog_inputs import table_input
from tests.api.lake_house import LakeHouse
from tests.api.machine_learning import ROWS, SOON, training_job
from tests.conftest import Server


@pytest.fixture(scope="session")
def glue(client: Callable[..., Any]) -> Any:
    """A boto3 client of Glue."""
    return client("glue")


@pytest.fixture(scope="session")
def plane(client: Callable[..., Any], role: str, bucket: str) -> str:
    """The S3 URI of a trained model of 3a - 2b + 1."""
    client("s3").put_object(Bucket=bucket, Key="train/rows.csv", Body=ROWS.encode())
    sagemaker = client("sagemaker")
    sagemaker.create_training_job(**training_job("plane", role, bucket))
    sagemaker.get_waiter("training_job_completed_or_stopped").wait(TrainingJobName="plane", WaiterConfig=SOON)
    return str(sagemaker.describe_training_job(TrainingJobName="plane")["ModelArtifacts"]["S3ModelArtifacts"])


@pytest.fixture
def database(glue: Any) -> Iterator[str]:
    name = f"air_{uuid.uuid4().hex[:8]}"
    glue.create_database(DatabaseInput={"Name": name, "Description": "measured", "Parameters": {"a": "b"}})
    yield name
    glue.delete_database(Name=name)


@pytest.fixture
def table(glue: Any, database: str) -> str:
    """The name of a partitioned table in `database`."""
    glue.create_table(DatabaseName=database, TableInput=table_input("days"))
    return "days"


@pytest.fixture(scope="module")
def house(server: Server) -> Iterator[LakeHouse]:
    """A lake of this module's own."""
    house = LakeHouse(server)
    yield house
    house.close()
