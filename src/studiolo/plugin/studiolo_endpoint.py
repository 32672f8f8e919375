"""A botocore client plugin: requests to hard-coded Amazon addresses go to AWS_ENDPOINT_URL instead.

Some clients build `https://sts.<region>.amazonaws.com` themselves, which beats every setting. With this file's folder
on PYTHONPATH and BOTOCORE_EXPERIMENTAL__PLUGINS=studiolo=studiolo_endpoint they follow the environment, as all others
do. It needs botocore and nothing else, so that it works in any environment's Python (3.9 and newer). Run as a
program it says whether botocore takes it: exit status 0 if it does.
"""

from __future__ import annotations

import os
import re
import sys
from types import ModuleType, SimpleNamespace
from typing import Any
from urllib.parse import SplitResult, urlsplit, urlunsplit

AMAZON = re.compile(r"(^|\.)(amazonaws\.com(\.cn)?|api\.aws)$")
SDK_DEFAULTS = ("sagemaker.config.config", "sagemaker.core.config.config", "sagemaker.core.config.config_manager")
"""Where the SageMaker SDK, in version 2 and in 3, checks the defaults that it is given."""

BUCKET_HOST = re.compile(r"^(?P<bucket>.+)\.s3[.-][^/]*$")


def initialize_client_plugin(client: Any) -> None:
    """botocore calls this for every client that is made."""
    service = client.meta.service_model.service_id

    def lead_home(request: Any, **_: Any) -> None:
        endpoint = _endpoint(service)
        if endpoint:
            request.url = _moved(request.url, endpoint)

    client.meta.events.register_first("before-sign.*.*", lead_home, unique_id="studiolo-endpoint")
    if service == "EMR" and _endpoint(service):
        # From here `aws emr create-default-roles` takes which services the roles are for, and SageMaker Studio's
        # magics the domain that they make an address of; no request goes by it.
        amazon = f"https://elasticmapreduce.{client.meta.region_name}.amazonaws.com"
        client.meta._endpoint_url = client._endpoint.host = amazon
    if service == "SageMaker":
        _check_defaults_cheaply()


def _endpoint(service: str) -> str | None:
    if os.environ.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() == "true":
        return None
    everywhere = os.environ.get("AWS_ENDPOINT_URL")
    if not everywhere:
        return None
    return os.environ.get("AWS_ENDPOINT_URL_" + service.replace(" ", "_").upper()) or everywhere


def _moved(url: str, endpoint: str) -> str:
    """The same request at the endpoint; a bucket that was part of Amazon's host name goes into the path."""
    asked = urlsplit(url)
    host = asked.hostname or ""
    if not AMAZON.search(host):
        return url
    bucket = BUCKET_HOST.match(host)
    path = f"/{bucket['bucket']}{asked.path}" if bucket else asked.path
    home = urlsplit(endpoint)
    return urlunsplit(SplitResult(home.scheme, home.netloc, home.path.rstrip("/") + path, asked.query, asked.fragment))


def _check_defaults_cheaply() -> None:
    """Have the SageMaker SDK check the schema of its defaults once.

    Those of ours, which switch its telemetry off, have it do so with every value that it looks up: 0.1 s of CPU each,
    20 s a pipeline.
    """
    for name in SDK_DEFAULTS:
        module: Any = sys.modules.get(name)
        library = getattr(module, "jsonschema", None)
        if isinstance(library, ModuleType):
            module.jsonschema = SimpleNamespace(**{**vars(library), "validate": _validating(library)})


def _validating(library: Any) -> Any:
    """What jsonschema's `validate` does, but for schemas that it has checked before."""
    checked: dict[int, Any] = {}

    def validate(instance: Any, schema: Any) -> None:
        if id(schema) not in checked:
            kind = library.validators.validator_for(schema)
            kind.check_schema(schema)
            checked[id(schema)] = kind(schema)
        error = library.exceptions.best_match(checked[id(schema)].iter_errors(instance))
        if error is not None:
            raise error

    return validate


def _check() -> str | None:
    """What is wrong, or None: a client of Amazon's address must presign one that is at the endpoint."""
    import botocore.session

    endpoint = os.environ.get("AWS_ENDPOINT_URL")
    if not endpoint:
        return "AWS_ENDPOINT_URL is not set."
    client = botocore.session.Session().create_client(
        "sts",
        region_name="us-east-1",
        endpoint_url="https://sts.us-east-1.amazonaws.com",
        aws_access_key_id="none",
        aws_secret_access_key="none",  # noqa: S106
    )
    url = client.generate_presigned_url("get_caller_identity")
    if urlsplit(url).netloc != urlsplit(endpoint).netloc and not os.environ.get("AWS_ENDPOINT_URL_STS"):
        return f"botocore {botocore.__version__} did not take the plugin."
    return None


if __name__ == "__main__":
    # Python puts a program's folder on the path: clients find the plugin only by PYTHONPATH, and so must the check.
    del sys.path[0]
    sys.exit(_check())
