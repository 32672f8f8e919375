"""Model packages, versioned in groups or by themselves: what a model is, how it is judged, whether it may be deployed."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from studiolo.domain import AlreadyExists, Conflict, Invalid, NotFound, Page, Scope
from studiolo.identity import Principal
from studiolo.ml.errors import RecordConflict
from studiolo.ml.listing import Listing
from studiolo.ml.names import arn, checked_name
from studiolo.ml.registry.records import Book, Record, Records, Which, by
from studiolo.ml.tags import drop_tags, set_tags
from studiolo.state import Thing

GROUP, PACKAGE = "model-package-group", "model-package"
APPROVED, PENDING = "Approved", "PendingManualApproval"
COMPLETED = "Completed"

OnChange = Callable[[Book, Record, Principal], None]
"""Told, in the same transaction, of a package that was made, or whose approval changed."""


class Packages:
    """The model packages and groups of every scope."""

    def __init__(self, records: Records, on_change: OnChange) -> None:
        self._records = records
        self._on_change = on_change

    def create_group(
        self, scope: Scope, principal: Principal, name: str, document: Mapping[str, Any], tags: Mapping[str, str]
    ) -> Record:
        """Raises AlreadyExists and Invalid."""
        checked_name(name, "modelPackageGroupName")
        resource = arn(scope, GROUP, name)
        with self._records.writing(scope) as book:
            if book.find(GROUP, name) is not None:
                raise AlreadyExists(f"Model Package Group already exists: {resource}")
            set_tags(book.connection, resource, tags)
            return book.add(GROUP, name, {**document, "CreatedBy": by(principal)}, status=COMPLETED)

    def group(self, scope: Scope, name: str) -> Record:
        """By name or ARN. Raises NotFound."""
        with self._records.reading(scope) as book:
            return _group(book, name)

    def groups(self, scope: Scope, listing: Listing) -> Page[Record]:
        with self._records.reading(scope) as book:
            return book.page(GROUP, listing, Which())

    def delete_group(self, scope: Scope, name: str) -> None:
        """Forget an empty group. Raises NotFound and RecordConflict."""
        with self._records.writing(scope) as book:
            group = _group(book, name)
            if next(book.all(PACKAGE, group.name), None) is not None:
                raise RecordConflict(
                    f"Model Package Group {arn(scope, GROUP, group.name)} cannot be deleted because it still contains "
                    "Model Packages"
                )
            book.drop(group)
            drop_tags(book.connection, arn(scope, GROUP, group.name))

    def set_policy(self, scope: Scope, name: str, policy: str | None) -> Record:
        """Keep the policy of a group, or forget it. Raises NotFound and Invalid."""
        if policy is not None:
            _check_policy(policy)
        with self._records.writing(scope) as book:
            return book.put(_group(book, name).telling(ResourcePolicy=policy))

    def policy(self, scope: Scope, name: str) -> str:
        """Raises NotFound where the group has none."""
        found = self.group(scope, name).get("ResourcePolicy")
        if found is None:
            raise NotFound(f"Cannot find resource policy for: {arn(scope, GROUP, _name(name))}")
        return str(found)

    def create(
        self,
        scope: Scope,
        principal: Principal,
        name: str | None,
        group: str | None,
        document: Mapping[str, Any],
        tags: Mapping[str, str],
    ) -> Record:
        """Register a package: the next version of a group, or one by itself. Raises AlreadyExists, Invalid, NotFound.

        One of the same ClientToken is not made twice.
        """
        if (name is None) == (group is None):
            raise Invalid("Either ModelPackageName or ModelPackageGroupName must be given, and not both.")
        told = {**document, "CreatedBy": by(principal)}
        with self._records.writing(scope) as book:
            if group is None:
                if document.get("ModelApprovalStatus") is not None:
                    raise Invalid(
                        "ModelApprovalStatus is of versioned model packages: it needs a ModelPackageGroupName."
                    )
                name = checked_name(str(name), "modelPackageName")
                if book.find(PACKAGE, name) is not None:
                    raise AlreadyExists(f"ModelPackage already exists: {arn(scope, PACKAGE, name)}")
                made = book.add(PACKAGE, name, told)
            else:
                if tags:
                    raise Invalid("Tags cannot be given to a versioned model package: tag its model package group.")
                found = _group(book, group)
                token = document.get("ClientToken")
                for earlier in book.all(PACKAGE, found.name) if token else ():
                    if earlier.get("ClientToken") == token:
                        return earlier
                version = found.get("Latest", 0) + 1
                approval = document.get("ModelApprovalStatus", PENDING)
                told |= {"ModelPackageVersion": version, "ModelApprovalStatus": approval}
                book.put(found.telling(Latest=version))
                made = book.add(PACKAGE, f"{found.name}/{version}", told, parent=found.name, status=approval)
            set_tags(book.connection, arn(scope, PACKAGE, made.name), tags)
            self._changed(book, made, principal)
            return made

    def _changed(self, book: Book, package: Record, principal: Principal) -> None:
        book.changed.append(Thing(PACKAGE, book.scope.account, book.scope.region, package.name))
        self._on_change(book, package, principal)

    def get(self, scope: Scope, name: str) -> Record:
        """By name or ARN; the latest version where the name is a group's. Raises NotFound."""
        with self._records.reading(scope) as book:
            return _package(book, name)

    def page(self, scope: Scope, listing: Listing, group: str | None, versioned: bool | None) -> Page[Record]:
        """Those of a group, or the versioned ones, or the others; with `listing.status` as the approval status."""
        parent = None if group is None else _name(group)
        with self._records.reading(scope) as book:
            if parent is not None:
                _group(book, parent)
            return book.page(PACKAGE, listing, Which(parent=parent, versioned=versioned))

    def update(
        self,
        scope: Scope,
        principal: Principal,
        name: str,
        changes: Mapping[str, Any],
        metadata_removed: Sequence[str],
        specifications_added: Sequence[Mapping[str, Any]],
    ) -> Record:
        """Change what may change of a package. Raises NotFound, Invalid and RecordConflict."""
        with self._records.writing(scope) as book:
            package = _package(book, name)
            approval = changes.get("ModelApprovalStatus")
            if approval is not None and package.parent is None:
                raise Invalid("ModelApprovalStatus is of versioned model packages only.")
            told = {**changes, "LastModifiedBy": by(principal)}
            metadata = {
                **package.get("CustomerMetadataProperties", {}),
                **changes.get("CustomerMetadataProperties", {}),
            }
            told["CustomerMetadataProperties"] = {
                key: value for key, value in metadata.items() if key not in metadata_removed
            } or None
            told["AdditionalInferenceSpecifications"] = _added(package, specifications_added) or None
            changed = book.put(replace(package.telling(**told), status=approval or package.status))
            if approval is not None and approval != package.status:
                self._changed(book, changed, principal)
            return changed

    def delete(self, scope: Scope, name: str) -> None:
        """Raises NotFound."""
        with self._records.writing(scope) as book:
            package = _package(book, name)
            book.drop(package)
            book.changed.append(Thing(PACKAGE, scope.account, scope.region, package.name))
            drop_tags(book.connection, arn(scope, PACKAGE, package.name))

    def deployed(self, scope: Scope, name: str, specification: str | None) -> Mapping[str, Any]:
        """The container that a model of the package has. Raises NotFound, Invalid, and Conflict for one unapproved."""
        package = self.get(scope, name)
        resource = arn(scope, PACKAGE, package.name)
        if package.status is not None and package.status != APPROVED:
            raise Conflict(
                f"Cannot create a model from the model package {resource}: its ModelApprovalStatus is {package.status}, "
                f"and must be {APPROVED} to deploy it."
            )
        found = package.get("InferenceSpecification")
        if specification is not None:
            others = {each["Name"]: each for each in package.get("AdditionalInferenceSpecifications", ())}
            found = others.get(specification)
            if found is None:
                raise Invalid(f"The model package {resource} has no inference specification '{specification}'.")
        containers = (found or {}).get("Containers", ())
        if len(containers) != 1:
            raise Invalid(
                f"The model package {resource} has {len(containers)} containers; Studiolo deploys those of one."
            )
        container: Mapping[str, Any] = containers[0]
        return container


def _added(package: Record, added: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    kept = [*package.get("AdditionalInferenceSpecifications", ()), *added]
    names = [each["Name"] for each in kept]
    if len(set(names)) != len(names):
        raise RecordConflict("The names of AdditionalInferenceSpecifications must differ.")
    return kept


def _group(book: Book, name: str) -> Record:
    found = book.find(GROUP, _name(name))
    if found is None:
        raise NotFound(f"ModelPackageGroup {arn(book.scope, GROUP, _name(name))} does not exist.")
    return found


def _package(book: Book, name: str) -> Record:
    found = book.find(PACKAGE, _name(name))
    if found is None:
        group = book.find(GROUP, _name(name))
        versions = list(book.all(PACKAGE, group.name)) if group is not None else []
        found = max(versions, key=lambda each: int(each["ModelPackageVersion"]), default=None)
    if found is None:
        raise NotFound(f"ModelPackage {arn(book.scope, PACKAGE, _name(name))} does not exist.")
    return found


def _name(name: str) -> str:
    """The name in what may be an ARN."""
    return name.partition("/")[2] if name.startswith("arn:") else name


def _check_policy(policy: str) -> None:
    try:
        statements = json.loads(policy)["Statement"]
    except (ValueError, LookupError, TypeError) as error:
        raise Invalid(f"The ResourcePolicy is not a policy in JSON with a Statement: {error}") from error
    if not statements:
        raise Invalid("The ResourcePolicy has no Statement.")
