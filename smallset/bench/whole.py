"""One student on the whole training split: what a set's accuracy is held against (HLR)."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Int32, Int64

from smallset.cell import Cell, Desk, train_and_test
from smallset.data import Data, pixel_cache
from smallset.records import Identity, Plan, Result
from smallset.store import CompressedDataset, smallset_version
from smallset.store.manifest import Manifest, Seeds, Source
from smallset.train.protocol import protocol_named


@dataclass(frozen=True)
class WholeSplit(CompressedDataset):
    """The training split where a set stands: every image is its own only tile."""

    def __len__(self) -> int:
        return len(self.plan.label)


def learn_whole(data: Data, wanted: Identity, *, desk: Desk) -> Result:
    """Train a student on all training images, hard labels, and test it.

    The protocol is standard-v1 with few epochs, which its name says: a set's 300 epochs over the
    full data would cost more than all else together. Pixels are read from the mapped cache.
    """
    here, size = desk.machine, wanted.size
    protocol = protocol_named(wanted.protocol)
    cell = Cell(_whole(data, wanted), data, wanted.student, protocol, here)
    images = pixel_cache(data.train, size, view=wanted.fit, work=desk.work, workers=desk.workers)
    held_out = pixel_cache(data.test, size, view="test", work=desk.work, workers=desk.workers)
    result = train_and_test(cell, wanted.student_seed, images, held_out, desk)
    return replace(result, dataset=wanted.dataset, ipc=None)


def _whole(data: Data, wanted: Identity) -> WholeSplit:
    train, size = data.train, wanted.size
    names = train.classes.names
    whole: Int32[np.ndarray, "n 1 4"] = np.broadcast_to(
        np.array([0, 0, size, size], np.int32), (len(train), 1, 4)
    )
    source: Int64[np.ndarray, "n 1"] = np.arange(len(train))[:, None]
    manifest = Manifest(
        smallset=smallset_version(),
        method=wanted.spec,
        spec=wanted.spec,
        seeds=Seeds(wanted.set_seed, wanted.observer_seed),
        source=Source(
            given=data.name,
            fingerprint=data.fingerprint,
            split=train.split,
            images=len(train),
            bytes=train.encoded_bytes,
            held_out=data.held_out,
            skipped=train.skipped,
        ),
        classes=names,
        folders=names,
        counts=tuple(np.bincount(train.labels, minlength=len(names)).tolist()),
        size=size,
        fit=wanted.fit,
        view=wanted.view,
        codec=wanted.codec,
        precision="none",
        device="none",
        made_with={},
        image_bytes=train.encoded_bytes,
        plan_sha256=wanted.spec,
    )
    plan = Plan(size, "antialias", source, whole, whole, train.labels)
    return WholeSplit(Path(data.name), manifest, (), plan, train.content)
