"""Tells which service and operation a request is for, by what any AWS client sends.

In this order: the `X-Amz-Target` header (json), the path `/service/…/operation/…` (rpc-v2-cbor), an `Action` in a form
or the query string (query, ec2), and method and path by the models' templates (rest-json, rest-xml). The credential
scope's signing name, else the host, chooses among services that share any of these.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import unquote, unquote_plus

from studiolo.aws.errors import not_implemented, unknown_operation
from studiolo.aws.http import HttpRequest, content
from studiolo.aws.models import S3_SIGNING_NAMES, metadata_of, service_model
from studiolo.aws.paths import PathTable


@dataclass(frozen=True, slots=True)
class Route:
    """A botocore service name, the operation (None for S3, which is passed through), and the request's protocol."""

    service: str
    operation: str | None
    protocol: str


_S3 = Route("s3", None, "rest-xml")
_ACTION = re.compile(r"(?:^|&)(Action)=([^&]+)")
_VERSION = re.compile(r"(?:^|&)(Version)=([^&]+)")


class Router:
    """Routes requests to the operations of the services it is made for. A model is loaded by its first request."""

    def __init__(self, services: Sequence[str]) -> None:
        self._known = {name: metadata_of(name) for name in services if name != "s3"}
        self._by_target: dict[str, list[str]] = defaultdict(list)
        self._by_signing_name: dict[str, list[str]] = defaultdict(list)
        self._by_version: dict[str, list[str]] = defaultdict(list)
        self._rest: dict[str, PathTable] = {}
        for name, metadata in self._known.items():
            self._by_signing_name[_signing_name(metadata)].append(name)
            if "targetPrefix" in metadata:
                self._by_target[metadata["targetPrefix"]].append(name)
            if _speaks(metadata, "query", "ec2"):
                self._by_version[metadata["apiVersion"]].append(name)

    def identify(self, request: HttpRequest) -> Route:
        """The route of a request.

        Raises ServiceError: NotImplemented (501) for a service that is not served, UnknownOperationException or, in
        the query protocol, InvalidAction for an operation that its service does not have.
        """
        headers = request.headers
        signing_name = signing_name_of(request)
        if signing_name in S3_SIGNING_NAMES:
            return _S3
        target = headers.get("x-amz-target")
        if target is not None:
            return self._by_target_header(target, signing_name)
        if headers.get("smithy-protocol") == "rpc-v2-cbor" or request.path.startswith("/service/"):
            route = self._by_rpc_path(request, signing_name)
            if route is not None:
                return route
        form = _form_of(request)
        if "Action" in form:
            return self._by_action(form, signing_name, request)
        return self._by_path(request, signing_name)

    def _by_target_header(self, target: str, signing_name: str | None) -> Route:
        prefix, _, operation = target.rpartition(".")
        names = self._by_target.get(prefix)
        if not names:
            raise not_implemented(signing_name or prefix or "the service", operation or target)
        name = self._having(names, operation, signing_name)
        if name is None:
            raise unknown_operation("json", target[:200])
        return Route(name, operation, "json")

    def _by_rpc_path(self, request: HttpRequest, signing_name: str | None) -> Route | None:
        parts = request.path.split("/")
        if len(parts) != 5 or parts[1] != "service" or parts[3] != "operation":
            return None
        # The service may be given as a shape id, `namespace#Name`.
        prefix, operation = unquote(parts[2]).rpartition("#")[2].rpartition(".")[2], unquote(parts[4])
        names = self._by_target.get(prefix)
        if not names:
            raise not_implemented(signing_name or prefix, operation)
        name = self._having(names, operation, signing_name)
        if name is None:
            raise unknown_operation("smithy-rpc-v2-cbor", f"{prefix}.{operation}"[:200])
        return Route(name, operation, "smithy-rpc-v2-cbor")

    def _by_action(self, form: Mapping[str, str], signing_name: str | None, request: HttpRequest) -> Route:
        action, version = form["Action"], form.get("Version", "")
        if signing_name is None:
            names = self._by_host(request, self._by_version.get(version, []))
        else:
            names = [n for n in self._by_signing_name.get(signing_name, ()) if _speaks(self._known[n], "query", "ec2")]
        if not names:
            # SDKs from before 2023 send SQS forms, of which botocore has no model any more.
            known = self._by_signing_name.get(signing_name or "")
            what = f"{action[:200]} in the query protocol, of older SDKs," if known else action[:200]
            raise not_implemented(signing_name or "the service", what)
        name = self._having(names, action, signing_name)
        if name is None:
            raise unknown_operation("query", f"{action} for version {version}"[:200])
        return Route(name, action, "ec2" if _speaks(self._known[name], "ec2") else "query")

    def _by_path(self, request: HttpRequest, signing_name: str | None) -> Route:
        if signing_name is not None:
            names: Iterable[str] = self._by_signing_name.get(signing_name, ())
            if not names:
                raise not_implemented(signing_name, f"{request.method} {request.path}"[:200])
        else:
            names = self._by_host(request, list(self._known))
        for name in names:
            if _speaks(self._known[name], "rest-json", "rest-xml"):
                operation = self._paths(name).match(request)
                if operation is not None:
                    return Route(name, operation, service_model(name).resolved_protocol)
        if signing_name is None:
            return _S3
        raise unknown_operation("rest-json", f"{request.method} {request.path}"[:200])

    def _paths(self, name: str) -> PathTable:
        table = self._rest.get(name)
        if table is None:
            table = self._rest[name] = PathTable(service_model(name))
        return table

    def _having(self, names: Sequence[str], operation: str, signing_name: str | None) -> str | None:
        """The service that has the operation; among several, the one that signs under that name."""
        having = [name for name in names if operation in _operations(name)]
        signed = [name for name in having if _signing_name(self._known[name]) == signing_name]
        return next(iter(signed or having), None)

    def _by_host(self, request: HttpRequest, names: Sequence[str]) -> Sequence[str]:
        """Those whose endpoint the host names, where it names any."""
        host = request.host
        return [name for name in names if f"{self._known[name]['endpointPrefix']}." in host] or names


def signing_name_of(request: HttpRequest) -> str | None:
    """The service a request says it is signed for, by its credential scope; None where it is not signed."""
    authorization = request.headers.get("authorization", "")
    _, found, rest = authorization.partition("Credential=")
    credential = rest.partition(",")[0]
    if not found:
        _, found, rest = request.query.partition("X-Amz-Credential=")
        credential = unquote(rest.partition("&")[0])
    parts = credential.strip().rsplit("/", 4)
    return parts[3] if found and len(parts) == 5 else None


def protocol_guess(request: HttpRequest) -> str:
    """The protocol an answer is best written in for a request that could not be routed."""
    headers = request.headers
    if headers.get("smithy-protocol") == "rpc-v2-cbor":
        return "smithy-rpc-v2-cbor"
    content_type = headers.get("content-type", "")
    if "x-amz-target" in headers or content_type.startswith("application/x-amz-json"):
        return "json"
    if content_type.startswith("application/x-www-form-urlencoded") or "Action=" in request.query:
        return "query"
    return "rest-xml" if signing_name_of(request) in (None, *S3_SIGNING_NAMES) else "rest-json"


@cache
def _operations(name: str) -> frozenset[str]:
    return frozenset(service_model(name).operation_names)


def _signing_name(metadata: Mapping[str, Any]) -> str:
    """The name that requests of a service are signed for."""
    return str(metadata.get("signingName", metadata["endpointPrefix"]))


def _speaks(metadata: Mapping[str, Any], *protocols: str) -> bool:
    spoken = metadata.get("protocols") or (metadata.get("protocol"),)
    return any(protocol in spoken for protocol in protocols)


def _form_of(request: HttpRequest) -> Mapping[str, str]:
    """The form fields that name an operation, in the query string or a form body."""
    if "Action=" in request.query:
        return _named(request.query)
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return _named(content(request).decode("utf-8", "replace"))
    return {}


def _named(form: str) -> Mapping[str, str]:
    # Searched for, not split: a form may be large, and nothing else of it counts here.
    fields = (pattern.search(form) for pattern in (_ACTION, _VERSION))
    return {field[1]: unquote_plus(field[2]) for field in fields if field is not None}
