"""Draw one canvas of a plan: the only place where tiles become pixels."""

import numpy as np
from jaxtyping import UInt8

from smallset.data import ImageDataset, read_box
from smallset.records import Plan


def render(plan: Plan, row: int, dataset: ImageDataset) -> UInt8[np.ndarray, "s s 3"]:
    """Draw canvas `row` of `plan` from the images of `dataset`. Pixels without a tile are black."""
    canvas = np.zeros((plan.size, plan.size, 3), dtype=np.uint8)
    for source, source_box, tile_box in zip(
        plan.source[row], plan.source_box[row], plan.tile_box[row], strict=True
    ):
        if source < 0:
            continue
        left, top, right, bottom = (int(edge) for edge in tile_box)
        pixels = dataset.pixels(int(source))
        tile = read_box(pixels, source_box, (right - left, bottom - top), plan.resample)
        canvas[top:bottom, left:right] = tile
    return canvas


def check_plan(plan: Plan, dataset: ImageDataset, *, may_vanish: bool = False) -> None:
    """Raise ValueError if `plan` cannot be drawn from `dataset`, or leaves a class empty.

    `may_vanish` allows empty classes, but not an empty plan.
    """
    if plan.size < 1:
        raise ValueError(f"The plan's canvas is {plan.size} pixels, but needs at least 1.")
    sources = plan.source
    if sources.size and sources.max() >= len(dataset):
        raise ValueError(
            f"The plan asks for image {int(sources.max())}, but {dataset.name!r} ({dataset.split}) "
            f"has {len(dataset)} images. Use the plan with the dataset it was made for."
        )
    classes = dataset.classes
    if plan.label.size and not 0 <= plan.label.min() <= plan.label.max() < len(classes):
        raise ValueError(
            f"The plan has the labels {int(plan.label.min())} to {int(plan.label.max())}, but "
            f"{dataset.name!r} has {len(classes)} classes. Use labels 0 to {len(classes) - 1}."
        )
    counts = np.bincount(plan.label, minlength=len(classes))
    if not counts.any() or (not may_vanish and (counts == 0).any()):
        name = classes.names[int(np.argmin(counts))]
        raise ValueError(
            f"The plan has no image of class {name!r}, but a set needs one of every class: an "
            f"empty class folder shifts the class index in most readers. Plan at least one."
        )
    for name, boxes in (("source", plan.source_box), ("tile", plan.tile_box)):
        drawn = boxes[sources >= 0] if name == "source" else boxes
        outside = name == "tile" and (drawn.min() < 0 or drawn.max() > plan.size)
        if outside or (drawn[..., :2] >= drawn[..., 2:]).any():
            raise ValueError(
                f"The plan has a {name} box that is empty"
                f"{f' or outside the canvas of {plan.size} pixels' if name == 'tile' else ''}. "
                f"Boxes are (left, top, right, bottom), right and bottom exclusive."
            )
