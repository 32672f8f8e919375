"""The names that stacks give to what they make."""

import hashlib

DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
SUFFIX = 12


def physical_name(stack: str, stack_id: str, logical: str, generation: int, longest: int = 255) -> str:
    """`stack-Logical-XXXXXXXXXXXX`: the same for one resource whenever it is asked for, cut to `longest`.

    A step that is repeated after a crash so finds what it has made.
    """
    suffix = suffix_of(stack_id, logical, generation)
    head = longest - SUFFIX - 2
    kept = min(len(logical), max(head // 2, head - len(stack)))
    return f"{stack[: head - kept]}-{logical[:kept]}-{suffix}"


def suffix_of(stack_id: str, logical: str, generation: int, length: int = SUFFIX) -> str:
    """Letters and digits that are a resource's own."""
    digest = int.from_bytes(hashlib.sha256(f"{stack_id} {logical} {generation}".encode()).digest(), "big")
    found = ""
    for _ in range(length):
        digest, digit = divmod(digest, len(DIGITS))
        found += DIGITS[digit]
    return found
