"""A training job from a form: an algorithm or an image, its data, its hyperparameters."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from studiolo.console.pages.page import Page
from studiolo.console.roles import roles_for
from studiolo.console.visit import Refused, Visit

IMAGES = [
    f"{account}.dkr.ecr.us-east-1.amazonaws.com/{name}"
    for account, names in (
        ("382416733822", "linear-learner:1 kmeans:1 pca:1 knn:1 randomcutforest:1 factorization-machines:1 ntm:1"),
        ("382416733822", "object2vec:1 ipinsights:1"),
        ("683313688378", "sagemaker-xgboost:1.7-1"),
        ("766337827248", "lda:1"),
        ("522234722520", "forecasting-deepar:1"),
        ("811284229777", "blazingtext:1"),
    )
    for name in names.split()
]
"""Of built-in algorithms, where AWS's page "Docker Registry Paths and Example Code" has them in us-east-1."""


class Unread(Exception):
    """A line of a field that does not say what it is to say."""


def choices(visit: Visit) -> dict[str, Any]:
    """What a new job can be made of. Raises ClientError."""
    return {"images": IMAGES, "roles": roles_for(visit, "sagemaker.amazonaws.com")}


def create(visit: Visit) -> Response:
    form = visit.form
    name = form.get("name", "")
    try:
        asked = _asked(form)
    except Unread as error:
        return visit.page("refused.html", 400, said=Refused("ValidationException", str(error), 400))
    visit.client("sagemaker").create_training_job(TrainingJobName=name, **asked)
    return visit.go(f"/training/{name}")


def _asked(form: Mapping[str, str]) -> dict[str, Any]:
    """The request for the job, but its name. Raises Unread."""
    channels = [_channel(line) for line in _lines(form, "channels")]
    return {
        "RoleArn": form.get("role", ""),
        "AlgorithmSpecification": {"TrainingImage": form.get("image", "").strip(), "TrainingInputMode": "File"},
        "HyperParameters": dict(_hyperparameter(line) for line in _lines(form, "hyperparameters")),
        **({"InputDataConfig": channels} if channels else {}),
        "OutputDataConfig": {"S3OutputPath": form.get("output", "").strip()},
        "ResourceConfig": {
            "InstanceType": form.get("type", ""),
            "InstanceCount": _number(form, "count", 1),
            "VolumeSizeInGB": 30,
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": 60 * _number(form, "minutes", 24 * 60)},
    }


def _lines(form: Mapping[str, str], field: str) -> list[str]:
    return [line.strip() for line in form.get(field, "").splitlines() if line.strip()]


def _channel(line: str) -> dict[str, Any]:
    """Of `train s3://BUCKET/train/ text/csv`, the type of which may be left out."""
    name, *rest = line.split()
    if not 1 <= len(rest) <= 2 or not rest[0].startswith("s3://"):
        raise Unread(f"A channel is its name, where it is in S3 and, where needed, its type, and not: {line}")
    source = {"S3DataType": "S3Prefix", "S3Uri": rest[0], "S3DataDistributionType": "FullyReplicated"}
    return {
        "ChannelName": name,
        "DataSource": {"S3DataSource": source},
        **({"ContentType": rest[1]} if len(rest) > 1 else {}),
    }


def _hyperparameter(line: str) -> tuple[str, str]:
    name, equals, value = line.partition("=")
    if not equals or not name.strip():
        raise Unread(f"A hyperparameter is a name, = and a value, and not: {line}")
    return name.strip(), value.strip()


def _number(form: Mapping[str, str], field: str, otherwise: int) -> int:
    return int(form[field]) if form.get(field, "").isdecimal() else otherwise


PAGES = (Page("POST", "/training", create),)
