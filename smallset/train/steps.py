"""Steps: what each step of a training shows, drawn before any pixel is read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from smallset.lazy import Tensor
from smallset.seeds import derive, generator
from smallset.shapes import Float32, Int64
from smallset.train.device import Machine
from smallset.train.mix import Mix, draw_batch_mix, draw_epoch_mix
from smallset.train.protocol import StudentProtocol
from smallset.train.render import paste, render
from smallset.train.shown import Shown
from smallset.train.views import Drawn, draw_epoch


@dataclass(frozen=True)
class StudentSeeds:
    """The seeds of a run: `student` orders the batches, `view` draws the views and their mixes."""

    student: int
    view: int

    @classmethod
    def of(cls, student_seed: int, view_seed: int | None = None) -> "StudentSeeds":
        """Derive both seeds from a student's seed, or the view seed from `view_seed` if given.

        With `view_seed` s, every student sees the views that the student of seed s sees by default.
        """
        pinned = student_seed if view_seed is None else view_seed
        return cls(student=derive(student_seed, "order"), view=derive(pinned, "view"))


@dataclass(frozen=True)
class Step:
    """The views of one step: their indices, and the epoch that they were drawn for.

    `drawn` holds the views of the whole epoch, `mix` the mixes of this step.
    """

    epoch: int
    indices: Int64[np.ndarray, " b"]
    drawn: Drawn
    mix: Mix | None

    def take(self, own: Int64[np.ndarray, " k"]) -> "Step":
        """Return the step with only the views at these positions."""
        return replace(self, indices=self.indices[own], mix=self.mix and self.mix.take(own))

    def render(self, shown: Shown, machine: Machine) -> Float32[Tensor, "b 3 t t"]:
        """Render the views on the device, with the partners pasted in if there is a mix."""

        def rendered(indices: Int64[np.ndarray, " b"]) -> Float32[Tensor, "b 3 t t"]:
            pixels = shown.batch(indices).to(machine.device)
            return render(pixels, self.drawn.take(indices), size=shown.images.size)

        own = rendered(self.indices)
        return own if self.mix is None else paste(own, rendered(self.mix.partner), self.mix.box)


@dataclass(frozen=True, eq=False)
class Steps:
    """The steps of a training. `rules` mix the views; None mixes nothing."""

    shown: Shown
    batch: int
    rules: StudentProtocol | None
    seeds: StudentSeeds
    _known: dict[int, list[Step]] = field(default_factory=dict, init=False)

    def of(self, epoch: int) -> Iterator[Step]:
        """Yield the steps of an epoch.

        With a pool (label pruning, arXiv 2410.15919), each step is a batch of the pool, drawn with
        replacement. A smaller last batch is drawn less often, so that all views are equally likely.
        """
        pool = self.shown.pool
        if pool is None:
            yield from self._drawn(epoch)
            return
        sizes = np.array([len(part) for part in self._parts(0)])
        draw = generator(self.seeds.student, "pool", epoch)
        shown = draw.integers(pool, size=len(sizes)).tolist()
        places = draw.choice(len(sizes), size=len(sizes), p=sizes / sizes.sum()).tolist()
        for source, place in zip(shown, places, strict=True):
            if source not in self._known:
                self._known[source] = self._drawn(source)
            yield self._known[source][place]

    def _drawn(self, epoch: int) -> list[Step]:
        """Draw the views of an epoch, and cut them into steps."""
        seed, parts = self.seeds.view, self._parts(epoch)
        drawn = draw_epoch(self.shown.view, self.shown.boxes, seed=seed, epoch=epoch)
        mixes: Sequence[Mix | None] = [None] * len(parts)
        if self.rules is not None:
            mixes = self._mixes(parts, epoch, self.rules)
        return [Step(epoch, part, drawn, mix) for part, mix in zip(parts, mixes, strict=True)]

    def _mixes(
        self, parts: list[Int64[np.ndarray, " _"]], epoch: int, rules: StudentProtocol
    ) -> list[Mix]:
        seed, alpha, size = self.seeds.view, rules.mix_alpha, self.shown.images.size
        if rules.mix == "image":
            whole = draw_epoch_mix(len(self.shown), size, alpha=alpha, seed=seed, epoch=epoch)
            return [whole.take(part) for part in parts]
        return [
            draw_batch_mix(part, size, alpha=alpha, seed=seed, epoch=epoch, step=step)
            for step, part in enumerate(parts)
        ]

    def _parts(self, epoch: int) -> list[Int64[np.ndarray, " b"]]:
        seed = self.seeds.student
        return batches(len(self.shown), self.batch, seed=seed, epoch=epoch)


def batches(images: int, batch: int, *, seed: int, epoch: int) -> list[Int64[np.ndarray, " b"]]:
    """Cut one epoch's permutation into batches, and keep a smaller last batch.

    A last batch of a single image joins the batch before, since BatchNorm needs two values.
    """
    order = generator(seed, "order", epoch).permutation(images)
    cuts = list(range(batch, images, batch))
    if cuts and images - cuts[-1] == 1:
        cuts.pop()
    return np.split(order, cuts)
