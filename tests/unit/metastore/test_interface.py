"""Hive's interface: every method of it has an answer, or a refusal that says why."""

import inspect

from hive_metastore.ThriftHiveMetastore import Iface

from studiolo.metastore import rooms
from studiolo.metastore.later import METHODS
from studiolo.metastore.refusals import reasons
from studiolo.metastore.room import Room

ROOMS = [kind for _, kind in inspect.getmembers(rooms, inspect.isclass) if issubclass(kind, Room)]


def methods(kind: type) -> set[str]:
    return {name for name, _ in inspect.getmembers(kind, inspect.isfunction) if not name.startswith("_")}


def test_each_method_is_answered_or_refused_with_a_reason() -> None:
    answered = [name for room in ROOMS for name in methods(room)]
    assert sorted([*answered, *reasons()]) == sorted([*methods(Iface), *METHODS])
