"""Decimals as Glue and Hive send them: the digits as a big-endian two's complement, and how many follow the point."""

from decimal import Decimal


def as_unscaled(text: str) -> tuple[bytes, int]:
    """The unscaled value and the scale, negative where zeros follow the digits."""
    sign, digits, exponent = Decimal(text).as_tuple()
    value = int("".join(map(str, digits))) * (-1 if sign else 1)
    return value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True), -int(exponent)


def from_unscaled(unscaled: bytes, scale: int) -> str:
    """The decimal as text, with all its digits."""
    value = int.from_bytes(unscaled, "big", signed=True)
    # Not by arithmetic, which rounds to 28 digits: Hive's decimals have up to 38.
    return str(Decimal((int(value < 0), tuple(int(digit) for digit in str(abs(value))), -scale)))
