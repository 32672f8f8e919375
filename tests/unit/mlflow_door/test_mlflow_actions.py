"""Which right a request to MLflow's REST API needs."""

import pytest

from studiolo.mlflow_door.actions import OTHER, action


@pytest.mark.parametrize(
    ("method", "path", "wanted"),
    [
        ("POST", "/api/2.0/mlflow/runs/create", "sagemaker-mlflow:CreateRun"),
        ("GET", "/api/2.0/mlflow/logged-models/m-1", "sagemaker-mlflow:GetLoggedModel"),
        ("GET", "/api/3.0/mlflow/traces/get", "sagemaker-mlflow:GetTrace"),
        ("GET", "/api/3.0/mlflow/traces/tr-1", "sagemaker-mlflow:GetTraceInfoV3"),
        ("GET", "/api/2.0/mlflow/runs/create", OTHER),
        ("POST", "/ajax-api/2.0/mlflow/runs/create", OTHER),
        ("POST", "/api/2.0/mlflow/runs%2Fdelete", "sagemaker-mlflow:DeleteRun"),
        ("DELETE", "/api/2.0/mlflow/logged-models/a%2Ftags%2Fb", "sagemaker-mlflow:DeleteLoggedModelTag"),
    ],
)
def test_a_request_needs_the_action_that_it_is(method: str, path: str, wanted: str) -> None:
    assert action(method, path) == wanted
