"""botocore's service models, each loaded once and only when it is asked for.

Some clients bring a model of their own, with members that botocore's has not: `extensions/<service>.json` holds what
is to be merged into botocore's model, so that these members are parsed and answered. Stock clients ignore them.
"""

import gzip
import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from threading import Lock
from typing import Any

from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel
from botocore.utils import deep_merge

S3_SIGNING_NAMES = ("s3", "s3express")
_LOADING = Lock()
_HEAD = 8192
"""Characters of a model in which its metadata end: they come first."""
_METADATA = '"metadata":'


def service_model(name: str) -> ServiceModel:
    """The model of a botocore service (`glue`, `emr`, `sagemaker-runtime`). Raises botocore's DataNotFoundError."""
    with _LOADING:
        return _load(name)


def description(name: str) -> Mapping[str, Any]:
    """What a service's model is made of: for a client of it in this process, which needs none of its own."""
    with _LOADING:
        return _described(name)


def operation_model(service: str, operation: str) -> OperationModel:
    """The model of one operation. Raises botocore's OperationNotFoundError."""
    return service_model(service).operation_model(operation)


@cache
def bare_operation(protocol: str, service: str | None = None) -> OperationModel:
    """An operation nothing is known of, to answer what could not be routed; errors of `s3` have a form of their own."""
    metadata = {"protocol": protocol, "jsonVersion": "1.1", "signatureVersion": "s3" if service == "s3" else "v4"}
    return OperationModel({"name": "Unknown"}, ServiceModel({"metadata": metadata}, service_name=service))


@cache
def metadata_of(name: str) -> Mapping[str, Any]:
    """What the model of a service says of itself, without the rest of it, which takes megabytes and half a second."""
    loader = Loader()
    version = loader.determine_latest_version(name, "service-2")
    for folder in loader.search_paths:
        file = Path(folder) / name / version / "service-2.json.gz"
        if file.is_file():
            with gzip.open(file, "rt", encoding="utf-8") as text:
                head = text.read(_HEAD)
            begin = head.find(_METADATA) + len(_METADATA)
            metadata: Mapping[str, Any] = json.JSONDecoder().raw_decode(head[begin:].lstrip())[0]
            return metadata
    # Of a folder of a person's own models, or one that is not compressed.
    loaded: Mapping[str, Any] = service_model(name).metadata
    return loaded


@cache
def _load(name: str) -> ServiceModel:
    return ServiceModel(_described(name), service_name=name)


@cache
def _described(name: str) -> dict[str, Any]:
    # Not load_service_model: that one first lists all 400 services, a fifth of a second.
    loader = Loader()
    version = loader.determine_latest_version(name, "service-2")
    return extended(name, loader.load_data(f"{name}/{version}/service-2"))


def extended(name: str, model: dict[str, Any]) -> dict[str, Any]:
    """The model with the extension of its service merged into it, if there is one."""
    extension = files("studiolo.aws").joinpath("extensions").joinpath(f"{name}.json")
    if extension.is_file():
        deep_merge(model, json.loads(extension.read_text()))
    return model
