"""Canvases that the engine makes, batch by batch: each batch is a part."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from smallset.fingerprint import fingerprint
from smallset.records import Plan, Progress, part
from smallset.seeds import derive
from smallset.shapes import UInt8
from smallset.store import Canvases, Drawing, Rows
from smallset.synthesis.batches import ranks_of
from smallset.synthesis.recover import Batch, Recipe, Watched, recover
from smallset.synthesis.starts import PixelStart, Start
from smallset.train.device import Machine

_PAST = (0, 10, 30, 100, 300, 1000, 3000, 10_000)


@dataclass(frozen=True, eq=False)
class Recovered(Canvases):
    """Images that the engine makes.

    `made_from` names all that the pixels depend on besides the plan.
    """

    plan: Plan
    batches: tuple[Rows, ...]
    observers: tuple[Watched, ...]
    recipe: Recipe
    start: Start
    machine: Machine
    seed: int
    made_from: str

    @property
    def kept_as(self) -> str:
        """The name under which finished batches are kept."""
        facts = [self.made_from, self.plan.label.tolist(), self.plan.size, list(self.batches)]
        return fingerprint(facts)

    @property
    def parts(self) -> Sequence[Rows]:
        """The rows of each batch."""
        return self.batches

    @property
    def past(self) -> Sequence[int]:
        """A few numbers of iterations, each about three times the previous one."""
        return tuple(t for t in _PAST if t < self.recipe.iterations)

    @property
    def gpus(self) -> float:
        """The GPUs that a worker needs: 1 if this machine uses a GPU, else 0."""
        return self.machine.gpus

    def draw(self, rows: Rows, progress: Progress | None = None) -> UInt8[np.ndarray, "k s s 3"]:
        """Make the images of a batch. `rows` must be one of `batches`."""
        if (images := self._unchanged(rows)) is not None:
            return images
        place = part(progress, self.batches.index(rows), len(self.batches), "batch")
        return recover(
            self._batch(rows),
            self.observers,
            self.recipe,
            machine=self.machine,
            progress=place,
            past=self._past(rows),
        )

    def carried(self, rows: Rows) -> Drawing:
        """Return the work on a batch, to send to a worker, with copies of the observers."""
        if (images := self._unchanged(rows)) is not None:
            return partial(np.copy, images)
        sent = tuple(replace(w, network=copy.deepcopy(w.network).cpu()) for w in self.observers)
        return partial(_made, self._batch(rows), sent, self.recipe, self.machine, self._past(rows))

    def _past(self, rows: Rows) -> Sequence[int]:
        return self.past if rows == self.batches[0] else ()

    def _batch(self, rows: Rows) -> Batch:
        label = self.plan.label
        rank = ranks_of(np.bincount(label))[rows[0]]
        # From the first image, not from the batch's number: then a larger set has the same seeds.
        seed = derive(self.seed, "batch", int(label[rows[0]]), int(rank))
        turn = self.batches.index(rows) * self.recipe.iterations
        return Batch(self.start(rows), label[list(rows)], seed, turn)

    def _unchanged(self, rows: Rows) -> UInt8[np.ndarray, "k s s 3"] | None:
        """Return the first pixels if no iteration changes them, or None.

        The engine would lower some of these pixels by 1, since it rounds bytes down.
        """
        if self.recipe.iterations or not isinstance(self.start, PixelStart):
            return None
        return self.start.pixels(rows)


def _made(
    batch: Batch,
    observers: tuple[Watched, ...],
    recipe: Recipe,
    machine: Machine,
    past: Sequence[int],
) -> UInt8[np.ndarray, "k s s 3"]:
    """Make a batch on a worker."""
    return recover(batch, observers, recipe, machine=machine.on_worker(), past=past)
