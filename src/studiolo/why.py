"""Why a request was denied, told to whoever may decode authorization messages; why data are, to who governs them."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from studiolo.aws import sigv4
from studiolo.aws.errors import ServiceError
from studiolo.aws.http import HttpRequest
from studiolo.catalog import Catalog, Table
from studiolo.domain import Clock, Denied, Invalid, NotFound, Scope
from studiolo.governance import Lake, Sight, Views
from studiolo.identity import Identity, Question
from studiolo.signers import Signers, told_by

SERVICE = "sts"
"""For which the question is signed."""


class Why:
    """Answers GET /_studiolo/denials/REQUEST-ID, signed as a call of STS."""

    def __init__(self, identity: Identity, clock: Clock) -> None:
        self._identity = identity
        self._clock = clock

    def __call__(self, request: HttpRequest, request_id: str) -> Mapping[str, Any]:
        """The denial. Raises ServiceError where there is none, or it is not for who asks."""
        signers = Signers(self._identity)
        verified = sigv4.verify(request, signers.find, self._clock(), service=SERVICE)
        principal = signers.principals[verified.access_key]
        try:
            asked = [Question("sts:DecodeAuthorizationMessage")]
            self._identity.authorize(principal, asked, told_by(request, verified.region))
            return asdict(self._identity.of(principal.account).denials.get(request_id))
        except Denied as error:
            raise ServiceError("AccessDenied", str(error), 403) from error
        except NotFound as error:
            raise ServiceError("NotFound", str(error), 404) from error


class WhyData:
    """Answers GET /_studiolo/data-access/DATABASE/TABLE?principal=ARN, signed as a call of Lake Formation."""

    def __init__(self, identity: Identity, catalog: Catalog, lake: Lake, views: Views, clock: Clock) -> None:
        self._identity = identity
        self._catalog = catalog
        self._lake = lake
        self._views = views
        self._clock = clock

    def __call__(self, request: HttpRequest, database: str, name: str, holder: str) -> Mapping[str, Any]:
        """What a role or user may see of a table, and why: told to administrators of the data lake, and those who see all.

        Raises ServiceError.
        """
        signers = Signers(self._identity)
        verified = sigv4.verify(request, signers.find, self._clock(), service="lakeformation")
        asks, scope = signers.principals[verified.access_key], Scope(self._identity.account, verified.region)
        if not self._lake.sees_all(scope, asks):
            raise ServiceError("AccessDenied", "Administrators of the data lake are told, and nobody else.", 403)
        try:
            place, inside, table = self._catalog.place_of(scope, database, name)
            if place.account.partition(":")[0] != scope.account:
                raise NotFound(f"{database}.{name} is a resource link to a table of account {place.account}.")
            found = self._catalog.table(place, inside, table)
            principal = self._lake.principal(holder)
        except NotFound as error:
            raise ServiceError("NotFound", str(error), 404) from error
        except Invalid as error:
            raise ServiceError("InvalidInput", str(error), 400) from error
        sight = self._lake.sight(principal, place, found)
        columns = [*(found.storage.columns if found.storage is not None else ()), *found.partition_keys]
        return {
            "principal": holder,
            "table": f"{found.database}.{found.name}",
            "reads": self._reads(place, found, sight, data_access=self._lake.has_data_access(principal)),
            "columns": [each.name for each in sight.shown(columns)] if sight.any else [],
            "cells": [
                {
                    "rows": cells.rows or "TRUE",
                    "columns": [each.name for each in columns if cells.has(each.name.lower())],
                }
                for cells in sight.cells
            ],
            "permissions": sorted(sight.permissions),
            "why": list(sight.why),
        }

    def _reads(self, scope: Scope, table: Table, sight: Sight, *, data_access: bool) -> str:
        """In a sentence, what is read of the table's data, or what it lacks for that."""
        if sight.by_iam:
            return "IAM alone decides about it."
        if not sight.cells:
            return "Nothing: no grant has SELECT on it, or on columns or data cells filters of it."
        if not data_access:
            return "Nothing: IAM does not allow lakeformation:GetDataAccess, which grants are needed beside."
        location = (table.storage.location if table.storage is not None else None) or ""
        if not self._lake.is_registered(scope, location):
            return "Nothing by the grants: its location is not registered with Lake Formation."
        if sight.full:
            return "All of it, at its location."
        if self._views.view(scope, table, sight) is None:
            return "Nothing: no governed view can be made of its format, or where a partition key is hidden."
        return "A governed view, of these rows and columns."
