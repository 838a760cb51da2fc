"""Formats: how a file holds the logits of a view, in rows of equal length."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from smallset.shapes import Float32, UInt8
from smallset.spec import build, write

Logits = Float32[np.ndarray, "k c"]
Rows = UInt8[np.ndarray, "k b"]


class Format(ABC):
    """How a file holds the logits of a view: a frozen dataclass whose fields are its options."""

    every_class: ClassVar[bool] = True
    """Whether each class keeps a logit of its own, which a loss on logits needs."""

    @property
    def only_at(self) -> float | None:
        """The only temperature at which the probabilities are right, or None if all are."""
        return None

    @abstractmethod
    def row_bytes(self, classes: int) -> int:
        """Return the bytes of one view. Raises ValueError if the options need more classes."""

    @abstractmethod
    def encode(self, logits: Logits) -> Rows:
        """Turn logits into rows. Raises ValueError if a logit does not fit, such as infinity."""

    @abstractmethod
    def decode(self, rows: Rows, classes: int) -> Logits:
        """Turn rows into logits. A class that is left out has -inf."""


class Whole(Format):
    """Every logit as a number of one `kind`."""

    kind: ClassVar[str]

    def row_bytes(self, classes: int) -> int:
        """Return the bytes of a number for each class."""
        return np.dtype(self.kind).itemsize * classes

    def encode(self, logits: Logits) -> Rows:
        """Round the logits to numbers of the kind."""
        return _bytes_of(_fitting(logits, self.kind))

    def decode(self, rows: Rows, classes: int) -> Logits:
        """Read the numbers."""
        return _numbers(rows, self.kind)


@dataclass(frozen=True)
class Whole32(Whole):
    """Every logit, exactly: 4 bytes a class."""

    kind: ClassVar[str] = "<f4"


@dataclass(frozen=True)
class Whole16(Whole):
    """Every logit to three digits: 2 bytes a class, as published."""

    kind: ClassVar[str] = "<f2"


@dataclass(frozen=True)
class Whole8(Format):
    """Every logit as one of 256 levels between a view's smallest and largest: 1 byte, and 4 a view.

    The smallest logit and the distance between levels are float16.
    """

    def row_bytes(self, classes: int) -> int:
        """Return a byte for each class, and 4 for the levels."""
        return 4 + classes

    def encode(self, logits: Logits) -> Rows:
        """Round the logits to levels."""
        low = logits.min(1, keepdims=True)
        # In parts, since the difference of two large logits may overflow.
        step = logits.max(1, keepdims=True) / 255 - low / 255
        levels = _fitting(np.concatenate([low, step], axis=1), "<f2")
        low, step = np.split(levels.astype(np.float32), 2, axis=1)
        level = np.divide(logits - low, step, out=np.zeros_like(logits), where=step > 0)
        return np.hstack([_bytes_of(levels), level.round().clip(0, 255).astype(np.uint8)])

    def decode(self, rows: Rows, classes: int) -> Logits:
        """Read the levels."""
        low, step = np.split(_numbers(rows[:, :4], "<f2"), 2, axis=1)
        logits: Logits = low + step * rows[:, 4:]
        return logits


@dataclass(frozen=True)
class Top(Format):
    """The k largest logits in float16, with their classes (arXiv 2604.18135).

    With `rest`, the file also holds the probability that the other classes have together at
    `temperature`, in 4 bytes. The other classes share it evenly. Without `rest`, their
    probability is 0: at T = 20, five of 1,000 classes hold about 1 % of all probability, and would
    get all of it. Raises ValueError if `k` is below 1 or `temperature` is not above 0.
    """

    every_class: ClassVar[bool] = False
    k: int = 10
    rest: bool = True
    temperature: float = 20.0

    def __post_init__(self) -> None:
        if self.k < 1 or self.temperature <= 0:
            raise ValueError(
                f"top's k={self.k} at temperature={self.temperature} keeps no probability. Give at "
                "least one class, and a temperature above 0."
            )

    @property
    def only_at(self) -> float | None:
        """The temperature of the rest, if there is a rest."""
        return self.temperature if self.rest else None

    def row_bytes(self, classes: int) -> int:
        """Return the bytes of a view: 2 for each kept logit, the list of classes, 4 for the rest.

        The list is one bit for each class, or the numbers of the kept classes if that is less.
        """
        if self.k > classes:
            raise ValueError(
                f"top's k={self.k} is more than the {classes} classes. Give k={classes} or less."
            )
        places = min(self.k * _number_of(classes).itemsize, -(-classes // 8))
        return 2 * self.k + places + 4 * self.rest

    def encode(self, logits: Logits) -> Rows:
        """Keep the largest logits. Of equal logits, any may be kept."""
        rows, classes = logits.shape
        self.row_bytes(classes)
        kept = np.sort(np.argpartition(logits, classes - self.k, axis=1)[:, classes - self.k :])
        largest = _fitting(np.take_along_axis(logits, kept, 1), "<f2")
        if self._in_bits(classes):
            chosen = np.zeros((rows, classes), bool)
            np.put_along_axis(chosen, kept, True, 1)
            places = np.packbits(chosen, axis=1)
        else:
            places = _bytes_of(kept.astype(_number_of(classes)))
        parts = [_bytes_of(largest), places]
        if self.rest:
            others = logits / np.float32(self.temperature)
            np.put_along_axis(others, kept, -np.inf, 1)
            with np.errstate(divide="ignore"):  # no class is left if k is all of them
                parts.append(_bytes_of(np.logaddexp.reduce(others, axis=1)[:, None]))
        return np.hstack(parts)

    def decode(self, rows: Rows, classes: int) -> Logits:
        """Read the largest logits, and share the rest among the other classes."""
        largest, places, rest = np.split(rows, [2 * self.k, rows.shape[1] - 4 * self.rest], axis=1)
        if self._in_bits(classes):
            kept = np.unpackbits(places, axis=1, count=classes).nonzero()[1].reshape(-1, self.k)
        else:
            kept = _numbers(places, _number_of(classes), np.int64)
        logits = np.full((len(rows), classes), -np.inf, np.float32)
        if self.rest and self.k < classes:
            share = _numbers(rest, "<f4") - np.log(np.float32(classes - self.k))
            logits[:] = self.temperature * share
        np.put_along_axis(logits, kept, _numbers(largest, "<f2"), 1)
        return logits

    def _in_bits(self, classes: int) -> bool:
        """Whether a bit for each class takes less than the numbers of the kept classes."""
        return -(-classes // 8) < self.k * _number_of(classes).itemsize


FORMATS: dict[str, type[Format]] = {
    "float32": Whole32,
    "float16": Whole16,
    "int8": Whole8,
    "top": Top,
}


def format_from(text: str) -> Format:
    """Build a format from its spec, such as `float16` or `top(k=5)`."""
    return build(text, Format, {Format: FORMATS})


def format_spec(form: Format, *, brief: bool = False) -> str:
    """Return the canonical spec of a format, or without its defaults if `brief`."""
    return write(form, {Format: FORMATS}, brief=brief)


def _number_of(classes: int) -> np.dtype:
    """Return the smallest type for the index of a class."""
    return np.min_scalar_type(classes - 1).newbyteorder("<")


def _fitting(logits: Logits, kind: str) -> np.ndarray:
    with np.errstate(over="ignore"):
        fitted = logits.astype(kind)
    bad = np.flatnonzero(~np.isfinite(fitted))
    if len(bad):
        raise ValueError(
            f"a teacher's logit is {logits.flat[bad[0]]}, which does not fit the format. Needed "
            "finite logits, and at most 65,504 unless the format is float32. Check the teacher, or "
            "choose float32."
        )
    return fitted


def _bytes_of(numbers: np.ndarray) -> Rows:
    return np.ascontiguousarray(numbers).view(np.uint8)


def _numbers(rows: Rows, kind: str | np.dtype, to: type = np.float32) -> np.ndarray:
    return np.ascontiguousarray(rows).view(kind).astype(to)
