"""Pairs of an entity and the IPv4 address that it used, as channels and requests of IP Insights have them."""

from __future__ import annotations

import csv
import hashlib
import ipaddress
from dataclasses import dataclass
from io import StringIO, TextIOWrapper
from typing import TYPE_CHECKING, Any

import numpy as np

from studiolo.domain import Invalid
from studiolo.ml.algorithms.channels import CSV, opened
from studiolo.ml.formats.documents import instances_of, lines_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from studiolo.ml.algorithms.container import Channel

BITS = 32


@dataclass(frozen=True, slots=True)
class Events:
    """Entities by their hashes, and addresses as 32 bits of 0 and 1: arrays (events,) and (events, 32)."""

    entities: NDArray[np.uint64]
    addresses: NDArray[np.float32]


def read_events(channel: Channel) -> Events:
    """The pairs of a channel, CSV without a header. Raises Invalid, naming channel, file and line."""
    if channel.content_type != CSV:
        raise Invalid(f"Content type {channel.content_type!r} is not supported; {CSV} is.")
    entities, addresses = [], []
    for path in channel.sources:
        with opened(path) as file:
            try:
                for number, row in enumerate(csv.reader(TextIOWrapper(file, "utf-8", newline="")), 1):
                    if row:
                        entity, address = _pair(row, f"line {number}")
                        entities.append(entity)
                        addresses.append(address)
            except (Invalid, csv.Error, UnicodeError) as error:
                raise Invalid(f"Unable to read the {channel.name} channel, file {path.name}: {error}") from error
    if not entities:
        raise Invalid(f"The {channel.name} channel has no data.")
    return _events(entities, addresses)


def from_csv(body: bytes) -> Events:
    """An entity and an address a line. Raises Invalid."""
    rows = (row for row in csv.reader(StringIO(_text(body))) if row)
    return _of_pairs(_pair(row, f"line {number}") for number, row in enumerate(rows, 1))


def from_json(body: bytes) -> Events:
    """`{"instances": [{"features": [entity, address]}, …]}`, also in the form with `data` and `values`. Raises Invalid."""
    return _of_instances(instances_of(body)[0])


def from_jsonlines(body: bytes) -> Events:
    """An instance a line. Raises Invalid."""
    return _of_instances(lines_of(body))


def _of_instances(instances: Iterable[Any]) -> Events:
    return _of_pairs(_pair(_features(each), f"instance {number}") for number, each in enumerate(instances, 1))


def _features(instance: Any) -> Any:
    if isinstance(instance, dict) and isinstance(instance.get("data"), dict):
        instance = instance["data"]
    if isinstance(instance, dict):
        instance = instance.get("features")
    return instance.get("values") if isinstance(instance, dict) else instance


def _pair(row: Any, where: str) -> tuple[int, int]:
    if not isinstance(row, (list, tuple)) or len(row) != 2:
        raise Invalid(f"{where} is not a pair of an entity and an IPv4 address.")
    entity, address = (str(cell).strip() for cell in row)
    try:
        number = int(ipaddress.IPv4Address(address))
    except ValueError as error:
        raise Invalid(f"{where} has {address!r}, which is not an IPv4 address such as 192.168.1.2.") from error
    return int.from_bytes(hashlib.blake2b(entity.encode(), digest_size=8).digest(), "little"), number


def _of_pairs(pairs: Iterable[tuple[int, int]]) -> Events:
    found = list(pairs)
    if not found:
        raise Invalid("The body is empty: at least one pair of an entity and an IPv4 address is expected.")
    return _events([entity for entity, _ in found], [address for _, address in found])


def _events(entities: Sequence[int], addresses: Sequence[int]) -> Events:
    numbers = np.array(addresses, np.uint32)
    bits = (numbers[:, None] >> np.arange(BITS - 1, -1, -1, dtype=np.uint32)) & 1
    return Events(np.array(entities, np.uint64), bits.astype(np.float32))


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise Invalid(f"The body is not UTF-8: {error}.") from error
