"""The notebook that Studio opens with, cell by cell, against the live server."""

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager
from nbclient import NotebookClient

import studiolo.studio
from studiolo.demo import synthetic
from tests.conftest import Server, create_role, trust_policy

NOTEBOOK = Path(studiolo.studio.__file__).parent / "jupyter" / "tutorial" / "air-quality.ipynb"


def test_the_tutorial_is_a_clean_notebook_of_the_kernel_that_spaces_have() -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert (cell.outputs, cell.execution_count) == ([], None)
            source = cell.source.removeprefix("%%spark")
            compile(TransformerManager().transform_cell(source), cell.id, "exec")


@pytest.mark.heavy
def test_the_tutorial_runs_from_raw_data_to_a_model_that_forecasts_better_than_yesterday(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synthetic.write(tmp_path / "source")
    for file in sorted((tmp_path / "source").glob("*.csv.gz"))[2:]:
        file.unlink()
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    [parameters] = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    parameters.source += f"\nSOURCE = {str(tmp_path / 'source')!r}"
    for name, value in {**server.environment(), **_as_role(server)}.items():
        monkeypatch.setenv(name, value)
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert sum("image/png" in output.get("data", {}) for output in shown) == 2
    [table] = [
        output["data"]["text/plain"] for output in shown if "RMSE" in output.get("data", {}).get("text/plain", "")
    ]
    rows = {line.rsplit(maxsplit=3)[0]: [float(word) for word in line.split()[-3:]] for line in table.splitlines()[1:]}
    assert rows["model"][0] < rows["as yesterday"][0]
    assert rows["model"][1] > 0.5
    sagemaker: Any = server.client("sagemaker", region_name=server.environment()["AWS_REGION"])
    assert sagemaker.describe_endpoint(EndpointName="air-quality-notebook")["EndpointStatus"] == "InService"
    sagemaker.delete_endpoint(EndpointName="air-quality-notebook")


def _as_role(server: Server) -> dict[str, str]:
    """Keys of a role that SageMaker, Glue and the test may act as."""
    role, account = create_role(server), server.client("sts").get_caller_identity()["Account"]
    trust = json.loads(trust_policy())
    trust["Statement"].append({**trust["Statement"][0], "Principal": {"AWS": f"arn:aws:iam::{account}:root"}})
    server.client("iam").update_assume_role_policy(RoleName=role.rpartition("/")[2], PolicyDocument=json.dumps(trust))
    key = server.client("sts").assume_role(RoleArn=role, RoleSessionName="SageMaker")["Credentials"]
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    return dict(zip(names, (key["AccessKeyId"], key["SecretAccessKey"], key["SessionToken"]), strict=True))
