"""One student on the whole training split: what a set's accuracy is held against (HLR)."""

from dataclasses import replace

import numpy as np

from smallset.cell import Cell, train_and_test
from smallset.data import Data, pixel_cache
from smallset.desk import Desk
from smallset.fingerprint import fingerprint
from smallset.records import Identity, Result
from smallset.store import PlainSet, Seeds, SetFacts
from smallset.train.protocol import protocol_named


def learn_whole(data: Data, wanted: Identity, *, desk: Desk) -> Result:
    """Train a student on all training images, hard labels, and test it.

    The protocol is standard-v1 with few epochs, which its name says: a set's 300 epochs over the
    full data would cost more than all else together. Pixels are read from the mapped cache.
    """
    here, size = desk.machine, wanted.size
    protocol = protocol_named(wanted.protocol)
    cell = Cell(whole_split(data, wanted), data, wanted.student, protocol, here)
    images = pixel_cache(data.train, size, view=wanted.fit, work=desk.work, workers=desk.workers)
    held_out = pixel_cache(data.test, size, view="test", work=desk.work, workers=desk.workers)
    result = train_and_test(cell, wanted.student_seed, images, held_out, desk)
    return replace(result, dataset=wanted.dataset, ipc=None)


def whole_split(data: Data, wanted: Identity) -> PlainSet:
    """Return the training split as a set of its own: every image is its own only tile."""
    train, size = data.train, wanted.size
    facts = SetFacts(
        method=wanted.spec,
        spec=wanted.spec,
        seeds=Seeds(wanted.set_seed, wanted.observer_seed),
        classes=train.classes.names,
        counts=tuple(np.bincount(train.labels, minlength=len(train.classes)).tolist()),
        size=size,
        fit=wanted.fit,
        view=wanted.view,
        codec=wanted.codec,
        image_bytes=train.encoded_bytes,
        plan_sha256=wanted.spec,
        made_with={},
    )
    digest = fingerprint(
        [wanted.spec, data.fingerprint, train.split, size, wanted.fit, wanted.view]
    )
    whole = np.broadcast_to(np.array([0, 0, size, size], np.int32), (len(train), 1, 4))
    return PlainSet(data.name, digest, facts, train, whole)
