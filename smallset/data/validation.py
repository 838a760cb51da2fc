"""A validation part: held-out images cut from the training images, for choices between sets."""

import hashlib
import re
from dataclasses import replace

import numpy as np

from smallset.data.dataset import Data
from smallset.data.splits import cut_off


def validation_named(data: str) -> str:
    """Return the text that `open_any` opens as the validation part of `data`."""
    return f"validation({data})"


def behind_validation(data: object) -> str | None:
    """Return DATA of the text "validation(DATA)", or None for anything else."""
    found = re.fullmatch(r"validation\((.*)\)", data, re.DOTALL) if isinstance(data, str) else None
    return found[1] if found else None


def validation_of(data: Data) -> Data:
    """Return the training images of `data` as data of their own, a fifth of them held out.

    The images that `data` holds out are not part of the result. A training image that is also in
    the validation part, under another label, is left out. Raises ValueError naming a class that has
    no two different images.
    """
    whole = data.train
    held = cut_off(whole.labels, whole.content, whole.classes.names)
    fingerprint = hashlib.sha256(f"{whole.fingerprint} validation".encode()).hexdigest()
    train, test = (
        replace(whole.take(np.flatnonzero(part)), split=split, fingerprint=fingerprint)
        for split, part in (("train", ~held), ("validation", held))
    )
    cut = replace(
        data,
        train=train,
        test=test,
        held_out="20 % of each class of the training images, chosen by content hash",
        fingerprint=fingerprint,
    )
    return cut.without_leaks()
