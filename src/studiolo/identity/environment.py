"""The environment in which ordinary AWS clients talk to Studiolo, and the check that botocore takes our plugin."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from studiolo.config import is_loopback
from studiolo.identity.keys import AccessKey

PLUGIN = Path(__file__).parent.parent / "plugin" / "studiolo_endpoint.py"
NO_PROFILES = PLUGIN.with_name("no_profiles.ini")
SDK_DEFAULTS = PLUGIN.with_name("sagemaker.yaml")
MLFLOW_VARIABLE = "SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT"
"""Where MLflow's plugin `sagemaker-mlflow` finds the tracking servers that it is given ARNs of."""

DEFAULTS_VARIABLE = "SAGEMAKER_ADMIN_CONFIG_OVERRIDE"
"""Names the SageMaker SDK's defaults of an administrator, over which it lays those of a person's own file."""


CREDENTIALS_PATH = "/_studiolo/credentials"
"""Where the S3 door gives what runs as a role that role's keys. No bucket can have the name."""

KEYS_VARIABLE = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
"""Where SDKs ask for the keys of a role."""


def key_variables(key: AccessKey) -> dict[str, str]:
    """The variables that hold a key."""
    variables = {"AWS_ACCESS_KEY_ID": key.id, "AWS_SECRET_ACCESS_KEY": key.secret}
    return variables if key.session_token is None else {**variables, "AWS_SESSION_TOKEN": key.session_token}


def container_variables(s3_endpoint: str, token: str) -> dict[str, str]:
    """The variables by which SDKs find a role's keys at the S3 door, and nowhere else, for the bearer of the token.

    They are for programs of this machine: SDKs take keys from a loopback address alone, where there is no TLS.
    """
    door = urlsplit(s3_endpoint)
    near = s3_endpoint if is_loopback(door.hostname or "") else f"http://127.0.0.1:{door.port}"
    return {
        KEYS_VARIABLE: f"{near}{CREDENTIALS_PATH}",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN": token,
        # SDKs would take the keys of the person's own files before these. Java's asks for a real file.
        "AWS_SHARED_CREDENTIALS_FILE": str(NO_PROFILES),
        "AWS_CONFIG_FILE": str(NO_PROFILES),
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def client_environment(endpoint: str, s3_endpoint: str, region: str, credentials: Mapping[str, str]) -> dict[str, str]:
    """The variables that boto3, the aws CLI and all that stand on them need: where, which region, whose keys.

    `s3_endpoint` is the S3 door. PYTHONPATH is the plugin's folder alone: who has a path of their own puts it behind.
    """
    environment = {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ENDPOINT_URL_S3": s3_endpoint,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "BOTOCORE_EXPERIMENTAL__PLUGINS": f"studiolo={PLUGIN.stem}",
        "PYTHONPATH": str(PLUGIN.parent),
        # Some operations put a name before the host's, as `stream-` of live tail: nobody finds it before an address. The
        # aws CLI tails without plugins.
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
        DEFAULTS_VARIABLE: str(SDK_DEFAULTS),
        MLFLOW_VARIABLE: endpoint,
        **credentials,
    }
    # PyIceberg reads files by Arrow, which heeds no AWS_ENDPOINT_URL, and asks Amazon for the region it is not told.
    for catalog in ("DEFAULT", "GLUE"):
        environment |= {
            f"PYICEBERG_CATALOG__{catalog}__TYPE": "glue",
            f"PYICEBERG_CATALOG__{catalog}__S3__ENDPOINT": s3_endpoint,
            f"PYICEBERG_CATALOG__{catalog}__S3__REGION": region,
        }
    if s3_endpoint.startswith("http://"):
        # Rust's object_store, by which deltalake and polars read, refuses such addresses unless it is told.
        environment["AWS_ALLOW_HTTP"] = "true"
    return environment


def plugin_works(environment: Mapping[str, str], python: str = sys.executable) -> bool:
    """Whether clients of that Python, in an environment of `client_environment`, are led from Amazon's addresses to us.

    botocore calls its plugin hook private and is silent when a plugin cannot be loaded: this makes it heard.
    """
    check = subprocess.run([python, str(PLUGIN)], env=dict(environment), capture_output=True, timeout=60, check=False)
    return check.returncode == 0
