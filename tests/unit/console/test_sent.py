"""What browsers send to the console, which is read while it comes."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from studiolo.console.pages.storage import Sent, TooLarge


def read(pieces: Sequence[bytes], headers: Mapping[str, str], *sizes: int) -> list[bytes]:
    """What a thread reads, so many bytes at a time, of a request whose body comes in these pieces."""

    async def stream() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    async def show() -> list[bytes]:
        request: Any = SimpleNamespace(headers=headers, stream=stream)
        sent = Sent(request)
        return await asyncio.to_thread(lambda: [sent.read(size) for size in sizes])

    return asyncio.run(show())


def test_it_is_read_in_parts_of_one_size_whatever_it_comes_in() -> None:
    assert read([b"ab", b"", b"cdef", b"g", b""], {}, 3, 3, 3, 3) == [b"abc", b"def", b"g", b""]


@pytest.mark.parametrize("headers", [{}, {"content-length": "11"}])
def test_more_than_the_console_takes_is_not_read_to_its_end(
    headers: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studiolo.console.pages.storage.LARGEST", 10)
    with pytest.raises(TooLarge):
        read([b"x" * 6] * 100, headers, 100)
