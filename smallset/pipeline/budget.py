"""The budget: how many images a class gives, as a number written or as a share of the data."""

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Literal

import numpy as np
from jaxtyping import Int64

from smallset.methods import Method, brief_of, spec_of
from smallset.pipeline.desk import check_number, whole
from smallset.selection import Narrows
from smallset.selection.counts import share_of
from smallset.store import Asked

IPC = 10
"""The images per class where neither a number nor a share is given."""

ShortClasses = Literal["error", "keep"]

_OFFER = "Or let small classes give what they have: --short-classes keep."


@dataclass(frozen=True)
class Budget:
    """`ipc` images of every class to write, or the share `keep` of its training images to use.

    Exactly one of them is given. With a share F and a mosaic of t tiles, a class of n images gives
    round(F n) of them (halves go up), less what fills no whole canvas, but one canvas at least.
    """

    ipc: int | None = None
    keep: float | None = None

    def __post_init__(self) -> None:
        if self.keep is None:
            assert self.ipc is not None
            check_number("ipc", self.ipc, least=1, unit="images per class")
        elif self.ipc is not None:
            raise ValueError(
                f"ipc={self.ipc} and keep={self.keep} were both given, but each says how many "
                "images to use. Give one of them."
            )
        elif not 0 < self.keep <= 1:
            raise ValueError(
                f"keep={self.keep} is no share of the images. Give a number above 0 and at most "
                "1: 0.3 uses 30 % of each class."
            )

    def __str__(self) -> str:
        return f"ipc={self.ipc}" if self.keep is None else f"keep={self.keep}"

    @property
    def words(self) -> str:
        """The budget in a table's title: "ipc 10", "keep 30 %"."""
        return f"ipc {self.ipc}" if self.keep is None else f"keep {100 * self.keep:g} %"

    def canvases(self, have: Sequence[int], tiles: int) -> tuple[int, ...]:
        """Give the canvases asked of each class, of which there are `have` training images."""
        if self.ipc is not None:
            return (self.ipc,) * len(have)
        return tuple(max(1, share_of(self.keep or 0, n) // tiles) for n in have)


@dataclass(frozen=True)
class Wanted:
    """What is asked of a dataset under a budget.

    `counts` are the images wanted of each class, whole canvases (of an unbalanced selection their
    sum), `short` the classes that give fewer than they were asked for.
    """

    counts: Int64[np.ndarray, " c"]
    short: tuple[int, ...]


def budget_from(ipc: object, keep: object) -> Budget:
    """Give the budget of the two options, as Python's own numbers: ipc 10 where neither is given.

    Raises ValueError for anything but a whole number of images or a share in 0..1.
    """
    if ipc is None and keep is None:
        ipc = IPC
    count = None if ipc is None else whole("ipc", ipc)
    if keep is None:
        return Budget(count)
    if isinstance(keep, bool) or not isinstance(keep, Real):
        raise ValueError(f"keep={keep!r} is no number. Give a share, such as 0.3.")
    return Budget(count, float(str(keep)))  # the decimal number that was typed, of float32 too


def wanted(
    budget: Budget,
    have: Sequence[int],
    names: Sequence[str],
    method: Method,
    *,
    short_classes: ShortClasses | None = None,
) -> Wanted:
    """Say what is wanted of each class, of which there are `have` training images.

    With `short_classes="keep"` a class that has fewer images than asked gives all whole canvases
    that it has; None is "error" where there is no such option to offer. Raises ValueError where a
    class cannot fill what is asked of it (or not a single canvas), and where the dataset as a whole
    cannot fill an unbalanced selection.
    """
    tiles, pool = method.mosaic.tiles, method.pool
    asked = budget.canvases(have, tiles)
    seen = [n if pool is None else min(n, pool) for n in have]
    if not method.select.balanced:
        _check_sum(budget, asked, seen, method, short_classes)
        return Wanted(np.array(asked, np.int64), ())
    can = [_left(method, n) for n in seen]
    short = tuple(c for c, n in enumerate(can) if n < asked[c] * tiles)
    empty = [c for c in short if can[c] < tiles]
    if empty or (short and short_classes != "keep"):
        worst = min(empty or short, key=lambda c: can[c])
        fewer = _too_few(budget, asked[worst] * tiles, names[worst], seen[worst], method)
        offered = short_classes == "error" and not empty and budget.keep is None
        raise ValueError(f"{fewer} {_OFFER}" if offered and method.pool is None else fewer)
    filled = [min(k, n // tiles) * tiles for k, n in zip(asked, can, strict=True)]
    return Wanted(np.array(filled, np.int64), short)


def asked_of(budget: Budget, short: Sequence[int], names: Sequence[str]) -> Asked:
    """Give what is recorded of a budget."""
    return Asked(budget.ipc, budget.keep, tuple(names[c] for c in short))


def check_short_classes(value: str) -> ShortClasses:
    """Give one of the two words. Raises ValueError for any other."""
    if value == "error":
        return "error"
    if value == "keep":
        return "keep"
    raise ValueError(f"short_classes={value!r} is not known. Give 'error' or 'keep'.")


def _left(method: Method, of: int) -> int:
    """Give how many of so many images the selector may choose."""
    select = method.select
    return select.leaves(of) if isinstance(select, Narrows) else of


def _too_few(budget: Budget, need: int, name: str, have: int, method: Method) -> str:
    tiles, pool, left = method.mosaic.tiles, method.pool, _left(method, have)
    layout = f" with {spec_of(method.mosaic)}" if tiles > 1 else ""
    there = f"has {have}" if pool is None else f"has {have} in a pool of {pool}"
    if left < have:
        there += f", of which {brief_of(method.select)} leaves {left}"
    if left < tiles:
        fits = "more images of that class" if pool is None else "a larger pool"
    else:
        fits = f"ipc<={left // tiles}" if budget.keep is None else "a smaller keep"
    whom = "per class, but" if budget.keep is None else "of the class, but"
    return (
        f"{budget}{layout} needs {need} images {whom} {name!r} {there}. Use {fits}"
        f"{' or a smaller factor' if tiles > 1 else ''}"
        f"{', or let the selection leave more' if left < have else ''}."
    )


def _check_sum(
    budget: Budget,
    asked: Sequence[int],
    can: Sequence[int],
    method: Method,
    short_classes: ShortClasses | None,
) -> None:
    if short_classes == "keep":
        raise ValueError(
            f"short_classes='keep' lets small classes give what they have, but "
            f"{spec_of(method.select)} asks no class for a number. Leave it out."
        )
    total, there = sum(asked), _left(method, sum(can))
    if total > there:
        pool = "" if method.pool is None else f" in pools of {method.pool}"
        which, remedies = "there are", []
        if there >= len(can):  # of fewer, no budget is small enough
            ipc = f"ipc<={there // len(can)}"
            remedies.append(f"use {ipc if budget.keep is None else 'a smaller keep'}")
        if there < sum(can):
            which = f"{brief_of(method.select)} leaves"
            remedies.append("let the selection leave more")
        remedy = ", or ".join(remedies).capitalize()
        raise ValueError(
            f"{budget} of {len(can)} classes needs {total} images in all, but {which} "
            f"{there}{pool}. {remedy}."
        )
