"""Sets of original bytes (`--codec original`): what can be one, and its images as squares."""

import numpy as np
from jaxtyping import UInt8

from smallset.data import ImageDataset, fit_boxes, read_box
from smallset.data.arrays import ArrayRows
from smallset.data.decode import BadImage, image_format
from smallset.records import Fit, Plan
from smallset.store.manifest import Manifest


def check_original(plan: Plan, dataset: ImageDataset, fit: Fit) -> None:
    """Raise ValueError unless every canvas of `plan` is one whole image that has bytes of its own.

    Whole is what `fit` makes a square of. A plan of no canvas still says how many tiles there are.
    """
    why = _hindrance(plan, dataset, fit)
    if why:
        raise ValueError(
            f"codec 'original' copies the bytes of whole images, but {why}. "
            "Use another codec, such as png."
        )


def own_bytes(dataset: ImageDataset, index: int) -> bytes:
    """Read an image's bytes as the source holds them; ValueError where they are none any more."""
    encoded = dataset.encoded(index)
    try:
        image_format(encoded)
    except BadImage as error:
        raise ValueError(
            f"{dataset.id(index)!r} of {dataset.name!r} {error}, but was when it was indexed. "
            "Restore the file and run again."
        ) from error
    return encoded


def fitted(
    pixels: UInt8[np.ndarray, "h w 3"], manifest: Manifest, plan: Plan
) -> UInt8[np.ndarray, "s s 3"]:
    """Make the square of a set's size that its fit makes of an image, as a canvas is drawn."""
    box = fit_boxes(np.array([pixels.shape[1::-1]]), manifest.fit)[0]
    return read_box(pixels, box, (manifest.size, manifest.size), plan.resample)


def _hindrance(plan: Plan, dataset: ImageDataset, fit: Fit) -> str | None:
    tiles = plan.source.shape[1]
    if tiles > 1:
        return f"a canvas of this method shows {tiles} of them"
    if isinstance(dataset.origin, ArrayRows):
        return f"{dataset.name!r} has pixels and no encoded images"
    source = plan.source[:, 0]
    boxes = fit_boxes(dataset.sizes[source], fit)
    whole = (plan.tile_box == [0, 0, plan.size, plan.size]).all()
    if (source < 0).any() or not whole or (plan.source_box[:, 0] != boxes).any():
        return "this method shows parts of them"
    return None
