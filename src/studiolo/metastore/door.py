"""Between the bindings and the methods: finds the method, and tells what goes wrong in the exceptions it declares."""

import inspect
import logging
from collections.abc import Callable, Sequence
from typing import Any

from hive_metastore import ThriftHiveMetastore
from hive_metastore import ttypes as hive
from thrift.Thrift import TApplicationException, TException

from studiolo.domain import AlreadyExists, Conflict, Denied, DomainError, Invalid, NotFound
from studiolo.metastore.caller import Caller
from studiolo.metastore.later import METHODS
from studiolo.metastore.refusals import reasons
from studiolo.metastore.rights import OPEN
from studiolo.state import StateUnavailable
from studiolo.storage import StoreUnavailable

log = logging.getLogger(__name__)

WORDS: dict[type[DomainError], tuple[type[TException], ...]] = {
    NotFound: (
        hive.NoSuchObjectException,
        hive.NoSuchLockException,
        hive.UnknownTableException,
        hive.UnknownDBException,
        hive.InvalidOperationException,
        hive.InvalidObjectException,
    ),
    AlreadyExists: (hive.AlreadyExistsException, hive.InvalidOperationException, hive.InvalidObjectException),
    Invalid: (hive.InvalidObjectException, hive.InvalidInputException, hive.InvalidOperationException),
    Conflict: (hive.InvalidOperationException, hive.MetaException),
}
"""Hive's exceptions for each error of a domain, the best first: a method can only answer those that it declares."""

UNTOLD: dict[str, Callable[[], Any]] = {
    "get_table_statistics_req": lambda: hive.TableStatsResult(tableStats=[]),
    "get_partitions_statistics_req": lambda: hive.PartitionsStatsResult(partStats={}),
    "get_aggr_stats_for": lambda: hive.AggrStats(colStats=[], partsFound=0),
}
"""What is answered to who may not see statistics: engines ask for them to plan by, and do their work without them.

The role that EMR has by default may read and write tables, and not their columns' statistics.
"""


class Door:
    """The handler of the bindings' processor: every method of the interface is answered, if only by a refusal.

    Before a method runs, the caller is known and may do what the method does.
    """

    def __init__(self, rooms: Sequence[object], caller: Caller) -> None:
        """`rooms` are the objects that have the methods, each method in one of them."""
        self._caller = caller
        self._reasons = reasons()
        self._methods = {
            name: method
            for room in rooms
            for name, method in inspect.getmembers(room, inspect.ismethod)
            if not name.startswith("_")
        }

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = self._methods.get(name)
        if method is None:
            answer = _refusing(name, self._reasons.get(name))
        else:
            answer = _translating(name, _guarded(name, method, self._caller))
        setattr(self, name, answer)
        return answer

    def refusal(self, name: str, message: str) -> TException:
        """What tells a client of the method that it is refused, whatever the reason."""
        return _first(_declared(name), (hive.MetaException,), message)


def _guarded(name: str, method: Callable[..., Any], caller: Caller) -> Callable[..., Any]:
    if name in OPEN:
        return method

    def answer(*arguments: Any) -> Any:
        try:
            caller.may_call(name, arguments)
        except Denied:
            if name not in UNTOLD:
                raise
            return UNTOLD[name]()
        return method(*(caller.redacted(each) for each in arguments))

    return answer


def _translating(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    declared = _declared(name)

    def answer(*arguments: Any) -> Any:
        try:
            return method(*arguments)
        except DomainError as error:
            kinds = WORDS.get(type(error), ())
            raise _first(declared, (*kinds, hive.MetaException), str(error)) from error
        except (StateUnavailable, StoreUnavailable) as error:
            log.error("%s: %s", name, error)
            raise _first(declared, (hive.MetaException,), str(error)) from error
        except TException as error:
            # The protocol's own errors need no declaration.
            if type(error) in declared or isinstance(error, TApplicationException):
                raise
            raise _first(declared, (hive.MetaException,), getattr(error, "message", str(error))) from error
        except Exception as error:
            log.exception("the metastore's method %s failed", name)
            message = f"Studiolo failed in {name} ({type(error).__name__}); its log says more."
            raise _first(declared, (hive.MetaException,), message) from error

    return answer


def _refusing(name: str, reason: str | None) -> Callable[..., Any]:
    declared = _declared(name)
    message = f"Studiolo's metastore does not have {name}" + (f": {reason}." if reason else ".")

    def answer(*_arguments: Any) -> Any:
        raise _first(declared, (hive.MetaException, hive.InvalidOperationException), message)

    return answer


def _declared(name: str) -> list[type[TException]]:
    """The exceptions that the method declares in the interface."""
    result = result_of(name)
    if result is None:
        return []
    kinds = [field[3][0] for field in result.thrift_spec if field and field[2] != "success" and field[3]]
    return [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, TException)]


def result_of(name: str) -> Any:
    """The structure in which the method's answer travels; None for one that declares nothing."""
    return METHODS[name].result if name in METHODS else getattr(ThriftHiveMetastore, f"{name}_result", None)


def _first(declared: list[type[TException]], kinds: Sequence[type[TException]], message: str) -> TException:
    for kind in kinds:
        if kind in declared:
            return kind(message)
    # A method that declares nothing of the kind has only the protocol's own error, which carries the words too.
    return TApplicationException(TApplicationException.INTERNAL_ERROR, message)
