"""Make an image dataset small, and measure what it is really worth.

    import smallset

    made = smallset.compress("path/to/data", "out", method="pca", ipc=10)
    results = smallset.evaluate(made, "path/to/data", student="resnet18-3x3", seeds=3)

`PatchCrop` is PCA's augmentation as a transform for any training loop.
"""

from smallset.data import from_arrays, open_data
from smallset.pipeline import compress, evaluate, score
from smallset.records import Result, Scores
from smallset.store import CompressedDataset, open_set, verify
from smallset.train.patchcrop import PatchCrop

__all__ = [
    "CompressedDataset",
    "PatchCrop",
    "Result",
    "Scores",
    "compress",
    "evaluate",
    "from_arrays",
    "open_data",
    "open_set",
    "score",
    "verify",
]
