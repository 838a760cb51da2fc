"""A store of labels on disk: a card that says what they are, and shards of rows.

Row e * n + i is view i of n in epoch e. Shard s holds the rows from s * `rows_a_shard` on, and ends
in the sha256 of their bytes. So each shard can be checked, and made again, on its own.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from functools import cached_property, partial
from pathlib import Path

import numpy as np

from smallset.files import write_whole, writing
from smallset.fingerprint import fingerprint
from smallset.labels.formats import Format, format_from
from smallset.shapes import Float32, Int64, UInt8
from smallset.typed import Positive, Text, Whole, read_json

CARD = "labels.json"
SHARD_BYTES = 32 << 20
"""The most bytes of rows in a shard. A single row may be longer."""
SHARD_ROWS = 1 << 14
"""The most rows in a shard: what a killed run loses at most."""

_DIGEST = hashlib.sha256().digest_size
_writing = partial(
    writing,
    left="The finished shards are kept",
    then="and run the same command again to go on",
)


@dataclass(frozen=True, kw_only=True)
class LabelCard:
    """What the labels of a store are, and everything that they depend on.

    `set_digest` and `view` are those of the set `set`. `of_each` is the number of views of an image
    in an epoch. `view_seed` and `mix_alpha` are None for labels of whole images, which have one
    epoch. `format` is a spec. `made_with` holds versions, device and precision.
    """

    set: str
    set_digest: Text
    view: Text
    images: Positive
    of_each: Positive
    size: Positive
    classes: tuple[str, ...]
    epochs: Positive
    view_seed: Whole | None
    mix_alpha: float | None
    format: Text
    teacher: Text
    teacher_sha256: Text
    teacher_bytes: Whole
    made_with: dict[str, str]
    rows_a_shard: Positive
    version: Whole = 1

    @property
    def of_views(self) -> bool:
        """Whether the labels are of views, and not of whole images."""
        return self.view_seed is not None

    @property
    def views(self) -> int:
        """The number of labels of an epoch."""
        return self.images * self.of_each if self.of_views else self.images

    @property
    def identity(self) -> dict[str, object]:
        """All that the labels depend on, without the names of the set and of the teacher."""
        return {k: v for k, v in asdict(self).items() if k not in ("set", "teacher")}

    @property
    def words(self) -> str:
        """The labels in a few words."""
        seed = f"{self.epochs} epochs, view seed {self.view_seed}"
        return f"{self.format} by {self.teacher!r}, {seed if self.of_views else 'one per image'}"


@dataclass(frozen=True)
class LabelStore:
    """A store in a folder. Its shards may be missing or damaged until `check` says otherwise."""

    folder: Path
    card: LabelCard

    @cached_property
    def form(self) -> Format:
        """The format of the rows."""
        return format_from(self.card.format)

    @cached_property
    def row_bytes(self) -> int:
        """The bytes of one view."""
        return self.form.row_bytes(len(self.card.classes))

    @property
    def shards(self) -> list[range]:
        """The rows of each shard."""
        rows, most = self.card.epochs * self.card.views, self.card.rows_a_shard
        return [range(start, min(start + most, rows)) for start in range(0, rows, most)]

    def file(self, shard: range) -> Path:
        """Return the file of a shard."""
        return self.folder / f"{shard.start // self.card.rows_a_shard:05d}.rows"

    def bytes(self, epochs: int | None = None) -> int:
        """Return the bytes of the files, or of files that hold only the first `epochs` epochs."""
        rows = (self.card.epochs if epochs is None else epochs) * self.card.views
        shards = -(-rows // self.card.rows_a_shard)
        return len(_card_text(self.card)) + rows * self.row_bytes + shards * _DIGEST

    @property
    def lacking(self) -> int:
        """How many shards are missing or cut short; `check` also finds those that are damaged."""
        files = ((self.file(shard), len(shard)) for shard in self.shards)
        whole = (
            file.is_file() and file.stat().st_size == rows * self.row_bytes + _DIGEST
            for file, rows in files
        )
        return len(self.shards) - sum(whole)

    def digest(self, shard: range) -> str | None:
        """Return the digest of a shard in hex, or None if the shard is missing or damaged."""
        try:
            content = self.file(shard).read_bytes()
        except FileNotFoundError:
            return None
        rows, end = content[:-_DIGEST], content[-_DIGEST:]
        whole = len(rows) == len(shard) * self.row_bytes
        return end.hex() if whole and hashlib.sha256(rows).digest() == end else None

    def write(self, shard: range, rows: UInt8[np.ndarray, "k b"]) -> None:
        """Write a shard, whole or not at all. Raises OSError if the disk is full."""
        content = rows.tobytes()
        with _writing(self.folder):
            write_whole(self.file(shard), content + hashlib.sha256(content).digest())

    def check(self) -> str:
        """Return a digest of all labels. Raises ValueError if a shard is missing or damaged."""
        digests = [self.digest(shard) for shard in self.shards]
        bad = [number for number, found in enumerate(digests) if found is None]
        if bad:
            raise ValueError(
                f"the labels in '{self.folder}' are not whole: {len(bad)} of {len(digests)} shards "
                f"are missing or damaged, the first is "
                f"'{self.file(self.shards[bad[0]]).name}'. Run the same `smallset label` again, "
                "which makes only these."
            )
        return fingerprint([self.card.identity, digests])

    def logits(self, rows: Int64[np.ndarray, " b"]) -> Float32[np.ndarray, "b c"]:
        """Read the logits of some views."""
        number, place = np.divmod(rows, self.card.rows_a_shard)
        found = np.empty((len(rows), self.row_bytes), np.uint8)
        for shard in np.unique(number):
            here = number == shard
            found[here] = self._mapped[shard][place[here]]
        return self.form.decode(found, len(self.card.classes))

    @cached_property
    def _mapped(self) -> list[np.memmap]:
        """The rows of each shard, mapped into memory: the system reads a row when it is used."""
        return [
            np.memmap(self.file(shard), np.uint8, "r", shape=(len(shard), self.row_bytes))
            for shard in self.shards
        ]


def store_of(folder: Path, card: LabelCard) -> LabelStore:
    """Return the store of a card in a folder of stores. It may not be on disk yet."""
    name = f"{card.format.partition('(')[0]}-{card.epochs}-{fingerprint(card.identity)[:12]}"
    return LabelStore(folder / name, card)


def begin(folder: Path, card: LabelCard) -> LabelStore:
    """Open the store of a card in a folder of stores, and begin it if it is new.

    Raises OSError if the folder cannot be written.
    """
    store = store_of(folder, card)
    with _writing(folder):
        store.folder.mkdir(parents=True, exist_ok=True)
        for left in store.folder.glob(".*.partial-*"):  # left by a killed run
            left.unlink()
        write_whole(store.folder / CARD, _card_text(card))
    return store


def stores(folder: Path) -> list[LabelStore]:
    """Open the stores in a folder of stores, in the order of their names.

    Raises ValueError for a card that smallset did not write.
    """
    return [
        LabelStore(
            card.parent,
            read_json(
                card.read_bytes(),
                LabelCard,
                where=f"'{card}'",
                advice="Remove that folder, and make the labels again.",
            ),
        )
        for card in sorted(folder.glob(f"*/{CARD}"))
    ]


def rows_a_shard(row_bytes: int) -> int:
    """Return the rows of a shard whose rows have this length."""
    return max(1, min(SHARD_ROWS, SHARD_BYTES // row_bytes))


def _card_text(card: LabelCard) -> bytes:
    return (json.dumps(asdict(card), indent=1) + "\n").encode()
