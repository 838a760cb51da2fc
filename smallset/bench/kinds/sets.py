"""Sets: the small sets that methods make of a data set under a budget."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean
from typing import ClassVar

from smallset.bench.cells import MatrixCell
from smallset.bench.ground import Ground, Lines
from smallset.bench.kinds.observer import ObserverUnit
from smallset.bench.kinds.unit import Unit, check_same, keyed, said
from smallset.bench.sweep import Sweep
from smallset.budget import limit_of
from smallset.data import ImageDataset
from smallset.desk import Desk
from smallset.methods import Method, brief_of, canonical
from smallset.pipeline import compress
from smallset.pipeline.desk import side_of
from smallset.records import Identity
from smallset.store import Codec, CompressedDataset, open_set, read_manifest

# The fields of a cell's identity that decide its set. Names of finished sets depend on this list.
_DECIDES = (
    "dataset", "data_fingerprint", "spec", "ipc", "images", "size", "fit", "codec", "view",
    "set_seed", "observer_seed", "precision", "device", "threads",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class SetUnit(Unit):
    """One set.

    `method` is the spec of the method with the paths of this machine and without default options.
    The set's card and contact sheet show this spec.
    """

    kind: ClassVar[str] = "set"
    folder: ClassVar[str | None] = "sets"
    out: Path
    method: str

    @classmethod
    def of(cls, cell: MatrixCell, ground: Ground) -> "SetUnit":
        """Return the set on which a cell's student trains."""
        wanted = cell.identity
        what = f"{cell.label}, {cell.size_of_set}, seed {wanted.set_seed}"
        facts = {name: getattr(wanted, name) for name in _DECIDES}
        if wanted.budget is not None:
            facts["budget"] = wanted.budget
        key = keyed(f"{cls.kind} {wanted.dataset} {wanted.size} px, {what}", facts)
        return cls(
            asker=cell,
            key=key,
            needs=ObserverUnit.all_of(cell, ground),
            out=cls.place(ground, key),
            method=brief_of(ground.places.filled_method(ground.method_of(cell))),
        )

    @classmethod
    def problems(cls, sweep: Sweep, ground: Ground) -> Iterator[str]:
        """Yield a sentence for each impossible set.

        Adds the hashes of the files that methods read to `ground.weights`.
        """
        opened, weights = ground.data[sweep.data], ground.weights
        train, size = opened.data.train, opened.size(sweep.size)
        yield from said(side_of, train, size)
        for label in sweep.methods:
            method = ground.places.filled_method(ground.matrix.method(label))
            yield from said(_note_files, method, train, weights)
            codec = Codec.parse(sweep.codec_of(method))
            yield from said(method.check, train, size=size, fit=sweep.fit, codec=codec)
            for budget in sweep.budgets:
                have, names = opened.class_counts, train.classes.names
                for problem in said(method.wanted, budget, have, names):
                    yield f"{label!r}: {problem}"

    def make(self, desk: Desk) -> None:
        """Make the set if it is missing. Raises ValueError if another set is in its place."""
        wanted, budget = self.wanted, self.asker.budget
        if self.out.exists():
            self.opened()
            return
        made = compress(
            self.asker.data,
            self.out,
            method=self.method,
            budget=budget,
            size=wanted.size,
            fit=wanted.fit,
            codec=wanted.codec,
            seed=wanted.set_seed or 0,
            **desk.options,
        )
        check_set(made, wanted, self.method)

    def opened(self) -> CompressedDataset:
        """Open the set. Raises ValueError if another set is in its place."""
        made = open_set(self.out)
        check_set(made, self.wanted, self.method)
        return made

    def run_bytes(self, lines: Lines) -> int:
        """Estimate the bytes of the set's images.

        An image takes the mean of the results with the same data, size and codec. Without any, it
        takes three bytes per pixel. A budget in bytes is the estimate itself.
        """
        wanted = self.wanted
        if wanted.images is None:
            return limit_of(wanted.budget) or 0
        known = [
            result.cost.images / result.images
            for result in lines.results.values()
            if (result.dataset, result.size, result.codec)
            == (wanted.dataset, wanted.size, wanted.codec)
        ]
        return round(wanted.images * (mean(known) if known else 3 * wanted.size**2))

    def made_with(self) -> Mapping[str, str]:
        """Return `made_with` of the set's manifest."""
        return read_manifest(self.out).made_with


def check_set(made: CompressedDataset, wanted: Identity, method: str) -> None:
    """Raise ValueError if a set in the run folder is not the set that belongs there.

    `method` is the wanted spec with the paths of this machine.
    """
    manifest = made.manifest
    found = {
        "spec": canonical(manifest.spec, size=manifest.size),
        # An unbalanced selection may happen to have equal classes.
        "ipc": None if wanted.ipc is None else manifest.ipc,
        "images": None if wanted.images is None else manifest.images,
        "budget": None if wanted.budget is None else manifest.budget,
        "size": manifest.size,
        "fit": manifest.fit,
        "codec": manifest.codec,
        "set_seed": manifest.seeds.set,
        "observer_seed": manifest.seeds.observer,
        "data_fingerprint": manifest.source.fingerprint,
    }
    spec = canonical(method, size=manifest.size)
    check_same(f"'{made.path}' holds another set", found, asdict(wanted) | {"spec": spec})


def _note_files(method: Method, train: ImageDataset, weights: dict[str, str]) -> None:
    """Add the hashes of a method's files to `weights`.

    Raises ValueError if a file does not fit the data.
    """
    weights.update({f"scores {path}": sha256 for path, sha256 in method.files(train).items()})
