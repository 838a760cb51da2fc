"""What a source hands to the index: its splits, still unread."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64

from smallset.data.dataset import Rows


@dataclass(frozen=True, eq=False)
class RawSplit:
    """One split before its images are looked at; `labels` are only asked for when indexing.

    `check_names` says that names end in an extension that promises a format.
    """

    name: str
    rows: Rows
    labels: Callable[[], Int64[np.ndarray, " n"]]
    check_names: bool = False


@dataclass(frozen=True, eq=False)
class Source:
    """A data set before its images are looked at.

    `test` is None where a held-out part must be cut off `train`; `held_out` is the sentence that
    says so or names the split. `key` changes whenever a path, file size or modification time does,
    and is empty for a source that is not worth remembering (arrays).
    """

    name: str
    key: str
    classes: tuple[str, ...]
    train: RawSplit
    test: RawSplit | None
    held_out: str
