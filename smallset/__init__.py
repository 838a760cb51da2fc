"""Make an image dataset small, and measure what it is really worth.

    import smallset

    made = smallset.compress("path/to/data", "out", method="pca", ipc=10)
    results = smallset.evaluate(made, "path/to/data", student="resnet18-3x3", seeds=3)

`PatchCrop` is PCA's augmentation as a transform for any training loop.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from smallset.analysis.analyze import analyze
    from smallset.data import Folder, from_arrays, open_data
    from smallset.pipeline import (
        compress,
        evaluate,
        export,
        label,
        open_set,
        score,
        select,
        size,
        train_teacher,
    )
    from smallset.records import Fact, Result, Scores
    from smallset.store import CompressedDataset, verify
    from smallset.train.patchcrop import PatchCrop
    from smallset.tuning.tune import tune

__all__ = [
    "CompressedDataset",
    "Fact",
    "Folder",
    "PatchCrop",
    "Result",
    "Scores",
    "analyze",
    "compress",
    "evaluate",
    "export",
    "from_arrays",
    "label",
    "open_data",
    "open_set",
    "score",
    "select",
    "size",
    "train_teacher",
    "tune",
    "verify",
]

_HOMES = {
    "analysis.analyze": ("analyze",),
    "data": ("Folder", "from_arrays", "open_data"),
    "records": ("Fact", "Result", "Scores"),
    "store": ("CompressedDataset", "verify"),
    "train.patchcrop": ("PatchCrop",),
    "tuning.tune": ("tune",),
}


def __getattr__(name: str) -> object:
    """Import a public name on its first use, because torch takes seconds to import."""
    if name not in __all__:
        raise AttributeError(f"module 'smallset' has no attribute {name!r}")
    home = next((home for home, names in _HOMES.items() if name in names), "pipeline")
    return getattr(import_module(f"smallset.{home}"), name)
