"""The bindings' processor, with the methods that they lack, and with nothing for clients that do not say who they are."""

from collections.abc import Callable
from functools import partial
from typing import Any

from hive_metastore import ThriftHiveMetastore
from thrift.Thrift import TApplicationException, TException, TMessageType, TType

from studiolo.metastore.caller import Caller
from studiolo.metastore.door import Door, result_of
from studiolo.metastore.later import METHODS
from studiolo.metastore.rights import OPEN


class Processor(ThriftHiveMetastore.Processor):  # type: ignore[misc]  # thrift has no types
    """Reads the calls of one connection, has the door answer them, and writes the answers."""

    def __init__(self, door: Door, caller: Caller) -> None:
        super().__init__(door)
        self._door = door
        self._caller = caller
        for name in METHODS:
            answer = partial(_answer, name, getattr(door, name))
            self._processMap[name] = lambda _, *wire, answer=answer: answer(*wire)

    @property
    def holder(self) -> str | None:
        """Who the client has said it is."""
        return self._caller.holder

    def process(self, read: Any, write: Any) -> None:
        """Answer one call. What a stranger sends is skipped, but for the methods that are open to everybody."""
        name, _, number = read.readMessageBegin()
        method = self._processMap.get(name)
        if method is not None and (self._caller.known or name in OPEN):
            method(self, number, read, write)
            return
        read.skip(TType.STRUCT)
        read.readMessageEnd()
        if method is None:
            error: TException = TApplicationException(TApplicationException.UNKNOWN_METHOD, f"Unknown function {name}")
        else:
            error = self._door.refusal(name, str(self._caller.unknown()))
        _write_error(name, number, error, write)


def _answer(name: str, handle: Callable[[Any], Any], number: int, read: Any, write: Any) -> None:
    known = METHODS[name]
    arguments: Any = known.arguments()
    arguments.read(read)
    read.readMessageEnd()
    result: Any = known.result()
    try:
        result.success = handle(arguments.request)
    except TException as error:
        _write_error(name, number, error, write)
    else:
        _write(name, TMessageType.REPLY, number, result, write)


def _write_error(name: str, number: int, error: TException, write: Any) -> None:
    """The error as the method declares it; those of the protocol need no declaration."""
    if isinstance(error, TApplicationException):
        _write(name, TMessageType.EXCEPTION, number, error, write)
        return
    result = result_of(name)()
    declared = (field[2] for field in result.thrift_spec if field and field[3] and field[3][0] is type(error))
    setattr(result, next(declared), error)
    _write(name, TMessageType.REPLY, number, result, write)


def _write(name: str, kind: int, number: int, body: Any, write: Any) -> None:
    write.writeMessageBegin(name, kind, number)
    body.write(write)
    write.writeMessageEnd()
    write.trans.flush()
