"""What conditions can ask about a request: of the caller, of the moment, of the request, of what it is for.

After "AWS global condition context keys" (IAM User Guide). A key that is not known is missing, as AWS has it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from studiolo.identity.principals import Kind, Principal

Values = Mapping[str, str | Sequence[str]]
"""Condition keys with one value or several."""

VIA = "aws:CalledVia"
"""The services by which a request came, the first of them first."""

TAG_PREFIXES = ("aws:resourcetag/", "iam:resourcetag/", "sagemaker:resourcetag/", "s3:existingobjecttag/")
"""What asks for a tag of the resource; which it is depends on the service."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question to IAM: may this be done to that resource, an ARN or `*`.

    keys: further condition keys of the request; tags: finds the tags of the resource, for conditions that ask.
    account: whose the resource is, where its ARN does not tell (S3).
    """

    action: str
    resource: str = "*"
    keys: Values | Callable[[], Values] | None = None
    tags: Callable[[], Mapping[str, str]] | None = None
    account: str | None = None

    def owner(self, caller: str) -> str:
        """The account whose the resource is: that of its ARN; else the caller's own."""
        if self.account is not None:
            return self.account
        parts = self.resource.split(":", 5)
        return parts[4] if len(parts) > 5 and len(parts[4]) == 12 and parts[4].isdecimal() else caller


class Facts(Mapping[str, Sequence[str]]):
    """The condition keys of one request, in lower case: found out when the first condition asks."""

    def __init__(
        self, makers: Sequence[Callable[[], Values]], tags: Callable[[], Mapping[str, str]] | None = None
    ) -> None:
        self._makers = makers
        self._tags = tags
        self._known: dict[str, Sequence[str]] | None = None
        self._tags_known = tags is None

    def get(self, key: str, default: Sequence[str] = ()) -> Sequence[str]:  # type: ignore[override]
        if not self._tags_known and key.startswith(TAG_PREFIXES):
            self._find_tags()
        return (self._known if self._known is not None else self._find_out()).get(key, default)

    def __getitem__(self, key: str) -> Sequence[str]:
        values = self.get(key)
        if not values:
            raise KeyError(key)
        return values

    def __iter__(self) -> Iterator[str]:
        return iter(self._known if self._known is not None else self._find_out())

    def __len__(self) -> int:
        return len(self._known if self._known is not None else self._find_out())

    def _find_out(self) -> dict[str, Sequence[str]]:
        known: dict[str, Sequence[str]] = {}
        for make in self._makers:
            known.update(keyed(make()))
        self._known = known
        return known

    def _find_tags(self) -> None:
        assert self._tags is not None
        self._tags_known = True
        known = self._known if self._known is not None else self._find_out()
        for name, value in self._tags().items():
            for prefix in TAG_PREFIXES:
                known[prefix + name.lower()] = (value,)


class Watched(Mapping[str, Sequence[str]]):
    """Condition keys that remembers which were asked for and missing."""

    def __init__(self, known: Mapping[str, Sequence[str]]) -> None:
        self._known = known
        self.missing: set[str] = set()

    def get(self, key: str, default: Sequence[str] = ()) -> Sequence[str]:  # type: ignore[override]
        values = self._known.get(key, ())
        if not values:
            self.missing.add(key)
        return values or default

    def __getitem__(self, key: str) -> Sequence[str]:
        return self._known[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


def keyed(values: Values) -> dict[str, Sequence[str]]:
    """As policies are compared with them: keys in lower case, each with all its values; one without is missing."""
    return {key.lower(): (value,) if isinstance(value, str) else value for key, value in values.items() if value != ()}


def of_principal(principal: Principal, tags: Mapping[str, str]) -> dict[str, str]:
    """What is known of the caller. tags: those of its role or user and of its session."""
    known = {
        "aws:PrincipalArn": principal.identity_arn,
        "aws:PrincipalAccount": principal.account,
        "aws:PrincipalType": principal.kind.value,
        "aws:PrincipalIsAWSService": "false",
        "aws:ViaAWSService": "false",
        "aws:userid": principal.user_id,
        **{f"aws:PrincipalTag/{key}": value for key, value in tags.items()},
    }
    if principal.kind is Kind.USER and principal.user_name is not None:
        known["aws:username"] = principal.user_name
    return {**known, **dict(principal.context)}


def of_moment(present: datetime) -> dict[str, str]:
    """What is known of the time."""
    return {
        "aws:CurrentTime": present.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "aws:EpochTime": str(int(present.timestamp())),
    }


def of_tags(tags: Mapping[str, str]) -> dict[str, str | Sequence[str]]:
    """What is known of the tags that a request brings."""
    known: dict[str, str | Sequence[str]] = {f"aws:RequestTag/{key}": value for key, value in tags.items()}
    return {**known, "aws:TagKeys": tuple(tags)} if tags else known
