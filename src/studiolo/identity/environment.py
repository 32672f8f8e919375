"""The environment in which ordinary AWS clients talk to Studiolo, and the check that botocore takes our plugin."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from studiolo.identity.keys import AccessKey

PLUGIN = Path(__file__).parent.parent / "plugin" / "studiolo_endpoint.py"


def client_environment(endpoint: str, region: str, key: AccessKey, s3_endpoint: str | None = None) -> dict[str, str]:
    """The variables that boto3, the aws CLI and all that stand on them need: where, which region, signed by which key.

    `s3_endpoint` is the object store's own address, for clients that may skip the single endpoint. PYTHONPATH is the
    plugin's folder alone: who has a path of their own puts it behind.
    """
    environment = {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_ACCESS_KEY_ID": key.id,
        "AWS_SECRET_ACCESS_KEY": key.secret,
        "BOTOCORE_EXPERIMENTAL__PLUGINS": f"studiolo={PLUGIN.stem}",
        "PYTHONPATH": str(PLUGIN.parent),
    }
    # PyIceberg reads files by Arrow, which heeds no AWS_ENDPOINT_URL, and asks Amazon for the region it is not told.
    for catalog in ("DEFAULT", "GLUE"):
        environment |= {
            f"PYICEBERG_CATALOG__{catalog}__TYPE": "glue",
            f"PYICEBERG_CATALOG__{catalog}__S3__ENDPOINT": s3_endpoint or endpoint,
            f"PYICEBERG_CATALOG__{catalog}__S3__REGION": region,
        }
    if key.session_token is not None:
        environment["AWS_SESSION_TOKEN"] = key.session_token
    if s3_endpoint is not None:
        environment["AWS_ENDPOINT_URL_S3"] = s3_endpoint
    if (s3_endpoint or endpoint).startswith("http://"):
        # Rust's object_store, by which deltalake and polars read, refuses such addresses unless it is told.
        environment["AWS_ALLOW_HTTP"] = "true"
    return environment


def plugin_works(environment: Mapping[str, str], python: str = sys.executable) -> bool:
    """Whether clients of that Python, in an environment of `client_environment`, are led from Amazon's addresses to us.

    botocore calls its plugin hook private and is silent when a plugin cannot be loaded: this makes it heard.
    """
    check = subprocess.run([python, str(PLUGIN)], env=dict(environment), capture_output=True, timeout=60, check=False)
    return check.returncode == 0
