"""The budget: how large a set may be, as a text such as `ipc=10`, `keep=0.3` or `bytes=230kB`.

Each kind of budget is a class. The command line, matrices, manifests and result lines all use the
same text.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

import numpy as np

from smallset.numbers import UNITS, check_number, check_share, read_bytes, read_whole, share_of
from smallset.shapes import Int64
from smallset.spec import nearest


class Budget(ABC):
    """How large a set may be. `str()` returns its text, which `budget_from` reads."""

    name: ClassVar[str]
    by_tiles: ClassVar[bool] = False
    """Whether the number of canvases depends on the tiles of a canvas."""

    @classmethod
    @abstractmethod
    def read(cls, value: str) -> "Budget":
        """Read the text after the equals sign. Raises ValueError for text that is not a budget."""

    @property
    @abstractmethod
    def value(self) -> str:
        """The text after the equals sign."""

    @property
    def words(self) -> str:
        """The budget in the title of a table, such as "ipc 10" or "keep 30 %"."""
        return f"{self.name} {self.value}"

    @abstractmethod
    def canvases(self, have: Sequence[int], tiles: int) -> tuple[int, ...]:
        """Return the number of canvases wanted of each class.

        `have` counts the training images of each class. A canvas shows `tiles` images. A budget
        with a `limit` in bytes returns the fewest canvases that a set needs, since only writing the
        images shows how many more fit.
        """

    @property
    def limit(self) -> int | None:
        """The bytes that the image files of a set may take; None if the budget counts images."""
        return None

    def smaller(self, canvases: int) -> str:
        """Return what an error advises if `canvases` is the most that fits, such as "ipc<=3".

        `canvases` counts the canvases of one class. If a kind of budget has no number for all
        classes, the advice has none either.
        """
        return f"a smaller {self.name}"

    def __str__(self) -> str:
        return f"{self.name}={self.value}"


@dataclass(frozen=True)
class PerClass(Budget):
    """`ipc=N`: write N images of every class."""

    name: ClassVar[str] = "ipc"
    images: int

    def __post_init__(self) -> None:
        check_number("ipc", self.images, least=1, unit="images per class")

    @classmethod
    def read(cls, value: str) -> "PerClass":
        """Read a whole number."""
        return cls(read_whole("ipc", value))

    @property
    def value(self) -> str:
        """The number of images of each class."""
        return str(self.images)

    def canvases(self, have: Sequence[int], tiles: int) -> tuple[int, ...]:
        """Return the same number for every class."""
        return (self.images,) * len(have)

    def smaller(self, canvases: int) -> str:
        """Name the largest ipc that fits."""
        return f"ipc<={canvases}"


@dataclass(frozen=True)
class Bytes(Budget):
    """`bytes=230kB`: write as many images as fit into that many bytes of image files.

    1 kB is 1,000 bytes, 1 KiB is 1,024. If the method is balanced, every class gets the same number
    of images.
    """

    name: ClassVar[str] = "bytes"
    bytes: int

    def __post_init__(self) -> None:
        check_number("bytes", self.bytes, least=1, unit="bytes of image files")

    @classmethod
    def read(cls, value: str) -> "Bytes":
        """Read a number of bytes with or without a unit."""
        return cls(read_bytes("bytes", value))

    @property
    def value(self) -> str:
        """The bytes exactly, in the unit that makes the text the shortest."""
        exact = {unit: format((Decimal(self.bytes) / of).normalize(), "f") for unit, of in UNITS}
        return min((f"{n}{unit}" for unit, n in exact.items() if Decimal(n) >= 1), key=len)

    @property
    def words(self) -> str:
        """The budget in the title of a table."""
        return self.value

    @property
    def limit(self) -> int:
        """The bytes that the image files may take."""
        return self.bytes

    def canvases(self, have: Sequence[int], tiles: int) -> tuple[int, ...]:
        """Return 1 for every class, the fewest canvases that a set needs."""
        return (1,) * len(have)


@dataclass(frozen=True)
class Share(Budget):
    """`keep=F`: use the share F of each class's training images.

    A class of n images gives round(F n) images; halves round up. With a mosaic, the images that do
    not fill a whole canvas are left out, but every class gives at least one canvas.
    """

    name: ClassVar[str] = "keep"
    by_tiles: ClassVar[bool] = True
    share: float

    def __post_init__(self) -> None:
        check_share("keep", self.share)

    @classmethod
    def read(cls, value: str) -> "Share":
        """Read a number above 0 and at most 1."""
        try:
            number = float(value)
        except ValueError as error:
            message = f"keep={value} is not a number. Give a share, such as keep=0.3."
            raise ValueError(message) from error
        return cls(check_share("keep", number))

    @property
    def value(self) -> str:
        """The share, above 0 and at most 1."""
        return str(self.share)

    @property
    def words(self) -> str:
        """The budget in the title of a table."""
        return f"keep {100 * self.share:g} %"

    def canvases(self, have: Sequence[int], tiles: int) -> tuple[int, ...]:
        """Return the canvases that the share of each class fills, at least one."""
        return tuple(max(1, share_of(self.share, n) // tiles) for n in have)


BUDGETS: dict[str, type[Budget]] = {
    "ipc": PerClass,
    "bytes": Bytes,
    "keep": Share,
}
DEFAULT = PerClass(10)
"""The budget if the user gives none."""


@dataclass(frozen=True)
class Wanted:
    """The images wanted of a dataset under a budget.

    `counts` are the source images wanted of each class, in whole canvases; for an unbalanced
    selection only their sum matters. `short` are the classes that give fewer images than wanted.
    """

    counts: Int64[np.ndarray, " c"]
    short: tuple[int, ...] = ()


def budget_from(text: str) -> Budget:
    """Read a budget, such as `ipc=10` or `keep=0.3`.

    Raises ValueError for an unknown kind of budget, or a number that is not in its range.
    """
    name, equals, value = text.strip().partition("=")
    if name.strip() not in BUDGETS or not equals:
        raise ValueError(
            f"the budget {text!r} is not of a known kind. Needed NAME=VALUE, such as {DEFAULT}. "
            f"{nearest(name.strip(), BUDGETS)}"
        )
    return BUDGETS[name.strip()].read(value.strip())


def limit_of(text: str | None) -> int | None:
    """Return the `limit` of the budget that `text` names, in bytes.

    Return None if the budget has no limit, if its kind is unknown, or if `text` is None.
    """
    name, _, value = (text or "").partition("=")
    return BUDGETS[name].read(value).limit if name in BUDGETS else None


def one_budget(ipc: object = None, keep: object = None, budget: object = None) -> Budget:
    """Return the budget given in one of three ways, or `DEFAULT` if none was given.

    `ipc` is a number of images per class, `keep` a share of them, and `budget` a text or a
    `Budget`. Raises ValueError if two were given, if a number is out of range, or if `budget` is
    neither.
    """
    given = {"ipc": ipc, "keep": keep, "budget": budget}
    named = [f"{name}={value}" for name, value in given.items() if value is not None]
    if len(named) > 1:
        raise ValueError(
            f"{' and '.join(named)} were both given, but each says how many images to use. "
            "Give one of them."
        )
    if ipc is not None:
        return PerClass(check_number("ipc", ipc, least=1, unit="images per class"))
    if keep is not None:
        return Share(check_share("keep", keep))
    if isinstance(budget, str):
        return budget_from(budget)
    if budget is not None and not isinstance(budget, Budget):
        raise ValueError(
            f"budget={budget!r} is not a budget. Needed a text, such as '{DEFAULT}' or "
            "'bytes=230kB'."
        )
    return budget or DEFAULT
