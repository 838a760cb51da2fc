"""An observer's inference pass over the training data, split into shards of a fixed size."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from smallset.data import MappedPixels
from smallset.lazy import torch
from smallset.models import Network, build_model, load_teacher
from smallset.observers.observed import Observed
from smallset.observers.observer import Pretrained
from smallset.observers.record import RECORD, Records, infer
from smallset.parallel import Task, Workers
from smallset.shapes import Int64
from smallset.train.device import Machine
from smallset.train.evaluation import inference_batch
from smallset.train.run import save

SHARD = 8192
"""The most images in a shard. The actual number is a multiple of the batch of `predict`."""


@dataclass(frozen=True)
class Shards:
    """Spreads inference over workers, with the same values as in one process, bit for bit.

    The values are the same only if all workers have the same kind of processor. Workers read the
    pixels from the file in the work folder and the network from a file in the run's folder. They
    load a pretrained network by its spec, so they must see its files.
    """

    workers: Workers

    def __call__(
        self, data: Observed, name: str, model: Network, folder: Path
    ) -> Iterator[tuple[int, Records]]:
        """Yield (position, rows) as `infer` does, in the order in which shards finish.

        `name` is the network's name and `folder` the folder of its run. Raises ValueError if the
        pixels are not in a file.
        """
        from smallset.models.network import TeacherNetwork

        given = isinstance(model, TeacherNetwork)
        sha256 = data.given(Pretrained(name)).sha256 if given else None
        weights = folder / "shards.pt"
        save(weights, model.state_dict())
        try:
            shards = _shards(data, name, weights.absolute(), sha256)
            yield from _gathered(self.workers, shards, data)
        finally:
            weights.unlink()


@dataclass(frozen=True)
class Shard:
    """The images from `start` on, one for each label, and the network that records them.

    `sha256` is the hash of a pretrained network, or None for a network that is trained here.
    """

    start: int
    labels: Int64[np.ndarray, " b"]
    pixels: Path
    size: int
    classes: tuple[str, ...]
    model: str
    weights: Path
    machine: Machine
    sha256: str | None = None


def look(shard: Shard) -> Records:
    """Return the records of a shard's images. This is the task of one worker.

    Raises FileNotFoundError if the worker does not see the work folder, and the errors of
    `load_teacher` if it does not see the pretrained network. Raises ValueError if it finds another
    network.
    """
    for file in (shard.pixels, shard.weights):
        if not file.exists():
            raise FileNotFoundError(
                f"a worker does not see '{file}'. Needed a work folder that all nodes share: give "
                "one with --work DIR."
            )
    machine = shard.machine.on_worker()
    model = _network(shard)
    machine.place(model)
    state = torch.load(shard.weights, map_location=machine.device, weights_only=True)
    model.load_state_dict(state)
    window = MappedPixels(shard.pixels, shard.labels, shard.size, start=shard.start)
    parts = infer(model, window, shard.labels, machine=machine)
    return np.concatenate([rows for _, rows in parts])


def _network(shard: Shard) -> Network:
    """Build the shard's network. The caller loads the weights of a network trained here."""
    if shard.sha256 is None:
        return build_model(shard.model, classes=len(shard.classes), size=shard.size, seed=0)
    teacher = load_teacher(shard.model, classes=shard.classes, size=shard.size)
    if teacher.sha256 != shard.sha256:
        raise ValueError(
            f"a worker finds another network under {shard.model!r} than the driver (sha256 "
            f"{teacher.sha256[:12]}... and not {shard.sha256[:12]}...). Needed the same "
            "files on all nodes. Put them where all nodes see them."
        )
    return teacher.network


def shard_length(size: int) -> int:
    """Return the number of images in a shard, for images of `size` pixels."""
    batch = inference_batch(size)
    return SHARD // batch * batch


def _shards(data: Observed, name: str, weights: Path, sha256: str | None) -> list[Shard]:
    size, pixels, names = data.images.size, _file_of(data), data.dataset.classes.names
    length, labels = shard_length(size), np.array(data.labels)
    return [
        Shard(start, own, pixels, size, names, name, weights, data.machine, sha256)
        for start in range(0, len(data.images), length)
        for own in (labels[start : start + length],)
    ]


def _gathered(
    workers: Workers, shards: list[Shard], data: Observed
) -> Iterator[tuple[int, Records]]:
    places = {f"images {s.start} to {s.start + len(s.labels) - 1}": s for s in shards}
    tasks = [
        Task(key, look, (shard,), cpus=data.machine.threads, gpus=data.machine.gpus)
        for key, shard in places.items()
    ]
    done = 0
    with closing(workers.run(tasks)) as finished:
        for task in finished:
            found = task.value
            assert isinstance(found, np.ndarray)
            assert found.dtype == RECORD
            yield places[task.key].start, found
            done += len(found)
            if data.progress is not None:
                data.progress("score", done, len(data.images))


def _file_of(data: Observed) -> Path:
    """Return the file that the pixels are mapped from. Raises ValueError if there is none."""
    path = getattr(data.images, "path", None)
    if not isinstance(path, Path):
        raise ValueError(
            "the images are decoded on demand, but workers read them from the file of decoded "
            "pixels. Leave out --cache none, or --ray."
        )
    return path.absolute()
