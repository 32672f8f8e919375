"""Amazon EMR: release labels and instance types."""

from typing import TYPE_CHECKING, Any

from studiolo.aws.errors import ServiceError
from studiolo.clusters.machines import instance_types
from studiolo.domain import Invalid
from studiolo.services.call import Call
from studiolo.services.emr.service import REQUEST, cut, emr, marker

if TYPE_CHECKING:
    from mypy_boto3_emr.type_defs import (
        DescribeReleaseLabelInputTypeDef,
        ListReleaseLabelsInputTypeDef,
        ListSupportedInstanceTypesInputTypeDef,
    )


@emr.operation
def describe_release_label(call: Call, request: "DescribeReleaseLabelInputTypeDef") -> dict[str, Any]:
    """The versions are those that are here."""
    label = request.get("ReleaseLabel") or call.studio.clusters.releases()[0]
    try:
        release = call.studio.clusters.release(label)
    except Invalid as error:
        raise ServiceError(REQUEST, str(error)) from error
    versions = call.studio.clusters.versions(release)
    listed = [{"Name": name, "Version": version} for name, version in sorted(versions.items())]
    return {"ReleaseLabel": label, "Applications": listed, "AvailableOSReleases": []}


@emr.operation
def list_release_labels(call: Call, request: "ListReleaseLabelsInputTypeDef") -> dict[str, Any]:
    filters: Any = request.get("Filters") or {}
    prefix = filters.get("Prefix") or ""
    name, _, version = (filters.get("Application") or "").partition("@")
    labels = [label for label in call.studio.clusters.releases() if label.startswith(prefix)]
    if name:
        labels = [label for label in labels if _has(call, label, name, version)]
    page = cut(labels, {"Marker": request.get("NextToken")}, request.get("MaxResults", 100))
    token = marker(page).get("Marker")
    return {"ReleaseLabels": list(page.items), **({"NextToken": token} if token else {})}


def _has(call: Call, label: str, name: str, version: str) -> bool:
    versions = call.studio.clusters.versions(call.studio.clusters.release(label))
    found = {known.lower(): number for known, number in versions.items()}.get(name.lower())
    return found is not None and version in ("", found)


@emr.operation
def list_supported_instance_types(call: Call, request: "ListSupportedInstanceTypesInputTypeDef") -> dict[str, Any]:
    call.studio.clusters.release(request["ReleaseLabel"])
    page = cut(instance_types(), request, 100)
    shown = [
        {
            "Type": of.name,
            "MemoryGB": of.memory,
            "VCPU": of.cores,
            "InstanceFamilyId": of.name.partition(".")[0],
            "EbsOptimizedAvailable": True,
            "EbsOptimizedByDefault": True,
            "Is64BitsOnly": True,
            "EbsStorageOnly": True,
            "StorageGB": 0,
            "NumberOfDisks": 0,
            "Architecture": "AARCH64" if "g" in of.name.partition(".")[0][2:] else "X86_64",
        }
        for of in page.items
    ]
    return {"SupportedInstanceTypes": shown, **marker(page)}
