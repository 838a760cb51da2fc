"""Relabel: let a teacher fill a store with the logits of views, or of whole images."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from smallset.labels.shards import LabelCard, LabelStore
from smallset.lazy import Tensor, torch
from smallset.models import Teacher
from smallset.records import Progress
from smallset.shapes import Float32, Int64
from smallset.train.device import Machine
from smallset.train.evaluation import inference_batch
from smallset.train.mix import draw_epoch_mix
from smallset.train.render import paste
from smallset.train.shown import Shown
from smallset.train.steps import Step, StudentSeeds
from smallset.train.views import Drawn, draw_epoch

_KEPT_BYTES = 64 << 20


def fill(
    store: LabelStore,
    teacher: Teacher,
    seen: Shown,
    machine: Machine,
    progress: Progress | None = None,
) -> int:
    """Make the shards of a store that are missing or damaged, and return how many.

    Raises OSError if the disk is full, and ValueError if a logit does not fit the format. The
    shards that are finished by then stay.
    """
    network = machine.place(teacher.network).eval()
    missing = [shard for shard in store.shards if store.digest(shard) is None]
    total = sum(map(len, missing))
    views, done = _Views(store.card, seen, machine), 0
    for shard in missing:
        rows = []
        for pixels in views.batches(shard):
            with torch.inference_mode(), machine.autocast():
                logits = network(pixels).float()
            rows.append(store.form.encode(logits.cpu().numpy()))
            done += len(pixels)
            if progress is not None:
                progress("label", done, total)
        store.write(shard, np.concatenate(rows))
    return len(missing)


class _Views:
    """The views behind the rows of a store. The draws of the last epoch are kept.

    The unmixed views of a small epoch are kept too, since each is shown twice: in its own place,
    and as the partner of another view.
    """

    def __init__(self, card: LabelCard, seen: Shown, machine: Machine) -> None:
        self._card, self._machine = card, machine
        self._seen = seen if card.of_views else Shown.whole(seen.images, seen.view)
        self._keeps = card.views * card.size**2 * 3 * 4 <= _KEPT_BYTES
        self._step: Step | None = None

    def batches(self, rows: range) -> Iterator[Float32[Tensor, "b 3 t t"]]:
        """Render the views of some rows, in batches that depend on the rows alone."""
        size = inference_batch(self._seen.images.size)
        for start in range(rows.start, rows.stop, size):
            batch = np.arange(start, min(start + size, rows.stop))
            epochs, views = np.divmod(batch, self._card.views)
            parts = [self._shown(epoch, views[epochs == epoch]) for epoch in np.unique(epochs)]
            yield torch.cat(parts) if len(parts) > 1 else parts[0]

    def _shown(self, epoch: np.int64, views: Int64[np.ndarray, " b"]) -> Float32[Tensor, "b 3 t t"]:
        if self._step is None or self._step.epoch != epoch:
            self._step = self._draw(int(epoch))
            if self._keeps:
                self._plain = replace(self._step, mix=None).render(self._seen, self._machine)
        step = self._step.take(views)
        if not self._keeps:
            return step.render(self._seen, self._machine)
        own = self._plain[int(views[0]) : int(views[-1]) + 1]  # neighbours
        if step.mix is None:
            return own
        partners = torch.from_numpy(step.mix.partner).to(own.device)
        return paste(own, self._plain[partners], step.mix.box)

    def _draw(self, epoch: int) -> Step:
        """Draw an epoch as one step of all its views."""
        size, every = self._seen.images.size, np.arange(self._card.views)
        if self._card.view_seed is None or self._card.mix_alpha is None:
            box = self._seen.tile_box[:, 0]
            return Step(epoch, every, Drawn(box, np.zeros(len(every), bool)), None)
        seed = StudentSeeds.of(0, self._card.view_seed).view
        drawn = draw_epoch(self._seen.view, self._seen.boxes, seed=seed, epoch=epoch)
        mix = draw_epoch_mix(len(every), size, alpha=self._card.mix_alpha, seed=seed, epoch=epoch)
        return Step(epoch, every, drawn, mix)
