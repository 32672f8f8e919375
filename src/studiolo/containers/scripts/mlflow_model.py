"""Serving of an MLflow model: `python mlflow_model.py`.

GET /ping and POST /invocations as MLflow's own scoring server answers them (JSON of dataframe_split, dataframe_records,
instances and inputs, and CSV), at the Unix socket of the path SAGEMAKER_BIND_TO_SOCKET, else on SAGEMAKER_BIND_TO_HOST
and SAGEMAKER_BIND_TO_PORT. The model is that of /opt/ml/model. It knows nothing of Studiolo.
"""

import importlib
import os
import sys
from pathlib import Path


def main() -> int:
    """Load the model and serve it until SIGTERM. A model that cannot be loaded ends it, with MLflow's own words."""
    import uvicorn

    # The folder of this file: not for the model's own modules to be mistaken for.
    del sys.path[0]
    folder = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml")) / "model"
    model = importlib.import_module("mlflow.pyfunc").load_model(str(folder))
    server = importlib.import_module("mlflow.pyfunc.scoring_server").init(model)
    uvicorn.run(
        server,
        # Up to version 2 it is one of Flask.
        interface="wsgi" if hasattr(server, "wsgi_app") else "auto",
        uds=os.environ.get("SAGEMAKER_BIND_TO_SOCKET"),
        host=os.environ.get("SAGEMAKER_BIND_TO_HOST", "127.0.0.1"),
        port=int(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080")),
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=5,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
