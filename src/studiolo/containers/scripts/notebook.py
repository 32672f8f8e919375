"""Runs a notebook as a job, as `amazon_sagemaker_scheduler` does in the images of SageMaker Studio.

The job's environment says which: SM_INPUT_NOTEBOOK_NAME in the folder SM_EXECUTION_INPUT_PATH, on the kernel
SM_KERNEL_NAME, after the shell script SM_INIT_SCRIPT. Its hyperparameters are the notebook's parameters. What comes of
it, also of one that fails, is SM_OUTPUT_NOTEBOOK_NAME in the job's output data.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

INPUTS = "/opt/ml/input/data"
PARAMETERS = "/opt/ml/input/config/hyperparameters.json"
OUTPUTS = "/opt/ml/output/data"
FAILURE = "/opt/ml/output/failure"
KERNEL = "python3"


def main() -> None:
    import papermill
    from jupyter_client.kernelspec import NoSuchKernel
    from papermill.exceptions import PapermillException

    told = os.environ
    folder = Path(told.get("SM_EXECUTION_INPUT_PATH", INPUTS))
    name = told.get("SM_INPUT_NOTEBOOK_NAME", "")
    if not (folder / name).is_file():
        _fail(f"There is no notebook '{name}' (SM_INPUT_NOTEBOOK_NAME) in {folder}.")
    if script := told.get("SM_INIT_SCRIPT"):
        done = subprocess.run(["bash", script], cwd=folder, check=False)
        if done.returncode != 0:
            _fail(f"The initialization script {script} ended with exit status {done.returncode}.")
    Path(OUTPUTS).mkdir(parents=True, exist_ok=True)
    result = Path(OUTPUTS) / told.get("SM_OUTPUT_NOTEBOOK_NAME", name)
    try:
        papermill.execute_notebook(
            folder / name,
            result,
            parameters=parameters(json.loads(Path(PARAMETERS).read_text())),
            language="python",  # which a notebook that no Jupyter has saved does not say
            kernel_name=told.get("SM_KERNEL_NAME") or KERNEL,
            cwd=folder,
            progress_bar=False,
            log_output=True,
        )
    except NoSuchKernel as error:
        _fail(f"There is no kernel '{error.name}' (SM_KERNEL_NAME) for jobs: use {KERNEL}.")
    except PapermillException as error:
        _fail(f"{name}: {str(error).strip()}")


def parameters(given: Mapping[str, str]) -> dict[str, object]:
    """Hyperparameters are texts: what is a number, or true, false or null as JSON writes it, is meant as that."""
    values: dict[str, object] = {}
    for name, text in given.items():
        try:
            value = json.loads(text)
        except ValueError:
            value = text
        values[name] = value if value is None or isinstance(value, (bool, int, float)) else text
    return values


def _fail(reason: str) -> None:
    Path(FAILURE).write_text(reason)
    sys.exit(reason)


if __name__ == "__main__":
    main()
