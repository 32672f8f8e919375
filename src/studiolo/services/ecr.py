"""Amazon ECR: repositories, which are only recorded. There is no registry: images cannot be pushed or pulled."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from studiolo.aws.errors import ServiceError
from studiolo.aws.paging import decode_place, encode_token
from studiolo.domain import AlreadyExists, Conflict, Denied, Invalid, LimitExceeded, NotFound
from studiolo.recorded import Record
from studiolo.services.call import Call
from studiolo.services.service import Service

Request = Mapping[str, Any]

ecr = Service(
    "ecr",
    {
        NotFound: "RepositoryNotFoundException",
        AlreadyExists: "RepositoryAlreadyExistsException",
        Invalid: "InvalidParameterException",
        Conflict: "RepositoryNotEmptyException",
        Denied: "AccessDeniedException",
        LimitExceeded: "LimitExceededException",
    },
    invalid="InvalidParameterException",
)
SETTINGS = ("encryptionConfiguration", "imageScanningConfiguration", "imageTagMutability",
            "imageTagMutabilityExclusionFilters")  # fmt: skip


@ecr.operation
def create_repository(call: Call, request: Request) -> dict[str, Any]:
    tags = {tag["Key"]: tag["Value"] for tag in request.get("tags", [])}
    attributes = {name: request.get(name) for name in SETTINGS}
    made = call.studio.recorder.repositories.create(call.scope, request["repositoryName"], attributes, tags)
    return {"repository": as_repository(made)}


@ecr.operation
def delete_lifecycle_policy(call: Call, request: Request) -> dict[str, Any]:
    name = request["repositoryName"]
    text = _kept(call, name, "Lifecycle", "LifecyclePolicyNotFoundException", "Lifecycle policy")
    call.studio.recorder.repositories.keep(call.scope, name, Lifecycle=None)
    return {"registryId": call.scope.account, "repositoryName": name, "lifecyclePolicyText": text}


@ecr.operation
def delete_repository(call: Call, request: Request) -> dict[str, Any]:
    return {
        "repository": as_repository(call.studio.recorder.repositories.delete(call.scope, request["repositoryName"]))
    }


@ecr.operation
def delete_repository_policy(call: Call, request: Request) -> dict[str, Any]:
    name = request["repositoryName"]
    text = _kept(call, name, "Policy", "RepositoryPolicyNotFoundException", "Repository policy")
    call.studio.recorder.repositories.keep(call.scope, name, Policy=None)
    return {"registryId": call.scope.account, "repositoryName": name, "policyText": text}


@ecr.operation
def describe_images(call: Call, request: Request) -> dict[str, Any]:
    """There are none."""
    _no_images(call, request)
    return {"imageDetails": []}


@ecr.operation
def describe_repositories(call: Call, request: Request) -> dict[str, Any]:
    repositories = call.studio.recorder.repositories
    if "repositoryNames" in request:
        found = [repositories.get(call.scope, name) for name in request["repositoryNames"]]
        return {"repositories": [as_repository(each) for each in found]}
    found = repositories.all(call.scope)
    token = request.get("nextToken")
    start = decode_place(token, "InvalidParameterException")
    end = start + request.get("maxResults", 100)
    following = {"nextToken": encode_token(str(end))} if len(found) > end else {}
    return {"repositories": [as_repository(each) for each in found[start:end]], **following}


@ecr.operation
def get_lifecycle_policy(call: Call, request: Request) -> dict[str, Any]:
    name = request["repositoryName"]
    text = _kept(call, name, "Lifecycle", "LifecyclePolicyNotFoundException", "Lifecycle policy")
    return {"registryId": call.scope.account, "repositoryName": name, "lifecyclePolicyText": text}


@ecr.operation
def get_repository_policy(call: Call, request: Request) -> dict[str, Any]:
    name = request["repositoryName"]
    text = _kept(call, name, "Policy", "RepositoryPolicyNotFoundException", "Repository policy")
    return {"registryId": call.scope.account, "repositoryName": name, "policyText": text}


@ecr.operation
def list_images(call: Call, request: Request) -> dict[str, Any]:
    """There are none."""
    call.studio.recorder.repositories.get(call.scope, request["repositoryName"])
    return {"imageIds": []}


@ecr.operation
def list_tags_for_resource(call: Call, request: Request) -> dict[str, Any]:
    tags = call.studio.recorder.repositories.named(call.scope, request["resourceArn"]).tags
    return {"tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


@ecr.operation
def put_image_scanning_configuration(call: Call, request: Request) -> dict[str, Any]:
    name, given = request["repositoryName"], request["imageScanningConfiguration"]
    call.studio.recorder.repositories.change(call.scope, name, imageScanningConfiguration=given)
    return {"registryId": call.scope.account, "repositoryName": name, "imageScanningConfiguration": given}


@ecr.operation
def put_image_tag_mutability(call: Call, request: Request) -> dict[str, Any]:
    name, given = request["repositoryName"], request["imageTagMutability"]
    filters = request.get("imageTagMutabilityExclusionFilters")
    changes = {"imageTagMutability": given, "imageTagMutabilityExclusionFilters": filters}
    call.studio.recorder.repositories.change(call.scope, name, **changes)
    return {"registryId": call.scope.account, "repositoryName": name, "imageTagMutability": given}


@ecr.operation
def put_lifecycle_policy(call: Call, request: Request) -> dict[str, Any]:
    name, text = request["repositoryName"], request["lifecyclePolicyText"]
    call.studio.recorder.repositories.keep(call.scope, name, Lifecycle=text)
    return {"registryId": call.scope.account, "repositoryName": name, "lifecyclePolicyText": text}


@ecr.operation
def set_repository_policy(call: Call, request: Request) -> dict[str, Any]:
    name, text = request["repositoryName"], request["policyText"]
    call.studio.recorder.repositories.keep(call.scope, name, Policy=text)
    return {"registryId": call.scope.account, "repositoryName": name, "policyText": text}


@ecr.operation
def tag_resource(call: Call, request: Request) -> dict[str, Any]:
    tags = {tag["Key"]: tag["Value"] for tag in request["tags"]}
    call.studio.recorder.repositories.tag(call.scope, request["resourceArn"], tags)
    return {}


@ecr.operation
def untag_resource(call: Call, request: Request) -> dict[str, Any]:
    call.studio.recorder.repositories.tag(call.scope, request["resourceArn"], {}, request["tagKeys"])
    return {}


def as_repository(record: Record) -> dict[str, Any]:
    created: datetime = record.created
    return {**record.attributes, "createdAt": created}


def _kept(call: Call, name: str, kind: str, code: str, words: str) -> str:
    text = call.studio.recorder.repositories.get(call.scope, name).hidden.get(kind)
    if text is None:
        raise ServiceError(
            code,
            f"{words} does not exist for the repository with name '{name}' in the registry with id '{call.scope.account}'",
        )
    return str(text)


def _no_images(call: Call, request: Request) -> None:
    call.studio.recorder.repositories.get(call.scope, request["repositoryName"])
    if request.get("imageIds"):
        raise ServiceError("ImageNotFoundException", "The image does not exist: there are none in a repository here.")
