"""Check and read the numbers that a user gives, and write counts and names in messages."""

import re
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from numbers import Integral, Real

UNITS = (
    ("GB", 1000**3), ("MB", 1000**2), ("kB", 1000), ("GiB", 1024**3), ("MiB", 1024**2),
    ("KiB", 1024), ("B", 1),
)  # fmt: skip
"""The units that a number of bytes may have, and the bytes in each."""


def whole(name: str, value: object) -> int:
    """Return a whole number, of Python or numpy, as an int. Raises ValueError for other values."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        typed = name.rpartition(" ")[2]  # k of "d2's k"
        raise ValueError(f"{name}={value!r} is not a whole number. Give one, such as {typed}=1.")
    return int(value)


def read_whole(name: str, text: str) -> int:
    """Read a whole number from text of 1 to 9 digits. Raises ValueError for other texts."""
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise ValueError(f"{name}={text} is not a whole number. Give one, such as {name}=10.")
    return int(text)


def check_number(
    name: str, value: object, *, least: int, unit: str, most: int | None = None
) -> int:
    """Return a whole number from `least` to `most` as an int. Raises ValueError for other values.

    `unit` says in the message what the number counts.
    """
    number = whole(name, value)
    if number < least:
        raise ValueError(f"{name}={value} is too small. Give {unit}, at least {least}.")
    if most is not None and number > most:
        raise ValueError(f"{name}={value} is too large. Give {unit}, at most {most}.")
    return number


def check_share(name: str, value: object) -> float:
    """Return a share above 0 and at most 1. Raises ValueError for anything else."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise ValueError(f"{name}={value!r} is not a number. Give a share, such as {name}=0.3.")
    share = float(str(value))  # the decimal number that was typed, also from a float32
    if not 0 < share <= 1:
        raise ValueError(
            f"{name}={share} is not a share of the images. Give a number above 0 and at most 1: "
            "0.3 uses 30 % of each class."
        )
    return share


def share_of(share: float, of: int) -> int:
    """Return the number of images in a share of `of` images. Halves round up.

    The share counts as the decimal number that was typed: 0.145 of 100 is 14.5, and rounds up.
    """
    return int(Fraction(str(float(share))) * of + Fraction(1, 2))


def counted(number: int, noun: str) -> str:
    """Write a number and its noun: "1 image", "1,200 images"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def listed(names: Iterable[str], most: int = 5, *, total: int | None = None) -> str:
    """List the first `most` names in quotes, and count the others: "'a', 'b' and 3 more".

    `total` is the number of names if `names` are only the first of them.
    """
    quoted = [repr(name) for name in names]
    more = (total or len(quoted)) - most
    return ", ".join(quoted[:most]) + (f" and {more:,} more" if more > 0 else "")


def read_bytes(name: str, text: str) -> int:
    """Read a number of bytes from text, such as 230kB, 1.5MiB or 250000.

    Raises ValueError for text that is not a number, for an unknown unit, and if the number is not
    whole in bytes.
    """
    found = re.fullmatch(r"([0-9]{1,15}(?:\.[0-9]{1,15})?) *([A-Za-z]*)", text)
    if found is None:
        raise ValueError(
            f"{name}={text} is not a number of bytes. Give one, such as {name}=230kB or "
            f"{name}=1.5MiB."
        )
    number, unit = found.groups()
    if unit and unit not in dict(UNITS):
        raise ValueError(
            f"{name}={text} has the unit {unit!r}, which is not a unit of bytes. Give one of "
            f"{', '.join(unit for unit, _ in UNITS)} (1 kB is 1,000 bytes, 1 KiB 1,024)."
        )
    size = Decimal(number) * dict(UNITS)[unit or "B"]
    if size != int(size):
        raise ValueError(f"{name}={text} is {size} bytes, which is not whole. Give whole bytes.")
    return int(size)
