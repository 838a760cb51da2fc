"""Steps: what each step of a training shows, drawn before any pixel is read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from smallset.seeds import generator
from smallset.shapes import Int32, Int64
from smallset.train.mix import Mix, draw_mixes
from smallset.train.protocol import StudentProtocol
from smallset.train.views import Drawn, View, draw_epoch


@dataclass(frozen=True)
class Step:
    """The views of one step: their indices, and the epoch whose views and mixes they are.

    `drawn` holds the views of the whole epoch, `mix` the mixes of this step.
    """

    epoch: int
    indices: Int64[np.ndarray, " b"]
    drawn: Drawn
    mix: Mix | None

    def take(self, own: Int64[np.ndarray, " k"]) -> "Step":
        """Return the step with only the views at these positions."""
        return replace(self, indices=self.indices[own], mix=self.mix and self.mix.take(own))


@dataclass(frozen=True, eq=False)
class Steps:
    """The steps of a training on images with these tiles, in views of `size` pixels.

    `rules` mix the views; None mixes nothing. `order` is the seed of the batches, `seed` that of
    the views and their mixes. With a `pool`, every step shows views of the first `pool` epochs.
    """

    tile_box: Int32[np.ndarray, "m tiles 4"]
    size: int
    view: View
    batch: int
    rules: StudentProtocol | None
    order: int
    seed: int
    pool: int | None = None
    _known: dict[int, list[Step]] = field(default_factory=dict, init=False)

    def of(self, epoch: int) -> Iterator[Step]:
        """Yield the steps of an epoch.

        With a pool (label pruning, arXiv 2410.15919), each step is a batch of the pool, drawn with
        replacement. A smaller last batch is drawn less often, so that all views are equally likely.
        """
        if self.pool is None:
            yield from self._drawn(epoch)
            return
        sizes = np.array([len(part) for part in self._parts(0)])
        draw = generator(self.order, "pool", epoch)
        shown = draw.integers(self.pool, size=len(sizes)).tolist()
        places = draw.choice(len(sizes), size=len(sizes), p=sizes / sizes.sum()).tolist()
        for source, place in zip(shown, places, strict=True):
            if source not in self._known:
                self._known[source] = self._drawn(source)
            yield self._known[source][place]

    def _drawn(self, epoch: int) -> list[Step]:
        """Draw the views of an epoch, and cut them into steps."""
        drawn = draw_epoch(self.view, self.tile_box, seed=self.seed, epoch=epoch)
        parts = self._parts(epoch)
        mixes: Sequence[Mix | None] = [None] * len(parts)
        if self.rules is not None:
            mixes = draw_mixes(
                parts,
                self.size,
                mix=self.rules.mix,
                alpha=self.rules.mix_alpha,
                seed=self.seed,
                epoch=epoch,
            )
        return [Step(epoch, part, drawn, mix) for part, mix in zip(parts, mixes, strict=True)]

    def _parts(self, epoch: int) -> list[Int64[np.ndarray, " b"]]:
        return batches(len(self.tile_box), self.batch, seed=self.order, epoch=epoch)


def batches(images: int, batch: int, *, seed: int, epoch: int) -> list[Int64[np.ndarray, " b"]]:
    """Cut one epoch's permutation into batches, and keep a smaller last batch.

    A last batch of a single image joins the batch before, since BatchNorm needs two values.
    """
    order = generator(seed, "order", epoch).permutation(images)
    cuts = list(range(batch, images, batch))
    if cuts and images - cuts[-1] == 1:
        cuts.pop()
    return np.split(order, cuts)
