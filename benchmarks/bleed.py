"""How much a codec changes an image on a sheet if the images around it change.

A sheet shows 3 x 3 images of a class. A second sheet has the same middle image and eight other
images around it. Both sheets are encoded and decoded, and the two middle images are compared. The
change is the mean absolute difference of their pixels (0..255). In brackets: its share of the
codec's own error. "Ring" are the outermost pixels, "inside" are all others.

"Close" images have no gap between them, so images of 24 px do not start at the codec's blocks.
PSNR and bytes per image are given for images in files of their own ("alone") and for images on a
sheet of 100. The images are from CIFAR-10 if it is on this machine, else they are the digits.

    python benchmarks/bleed.py [--images 100]
"""

import argparse
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import PIL
from real_data import cifar10

from smallset.data import ImageDataset, fit_boxes, open_data
from smallset.mosaic import Sheet
from smallset.records import Selection
from smallset.shapes import Int64
from smallset.store import Codec, render

SIZE, ON_A_SHEET, MIDDLE = 32, 100, 4
CODECS = ("png", "webp:90", "webp:50", "webp:20", "jpeg:90", "jpeg:50", "avif:60", "avif:40")
LAYOUTS = {"32": (32, False), "24": (24, False), "24, close": (24, True)}

Images = Int64[np.ndarray, " k"]
Tiles = Int64[np.ndarray, "k s s 3"]


def main() -> None:
    made = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--images", type=int, default=100, help="default 100")
    options = made.parse_args()
    with TemporaryDirectory() as folder:
        train = open_data(cifar10() or "digits", work=Path(folder)).train
        print(f"{train.name}, {options.images} images, Pillow {PIL.__version__}\n")
        print(
            "| codec | side | ring | inside | PSNR alone | on a sheet | bytes alone | on a sheet |"
        )
        print("|---|---|---:|---:|---:|---:|---:|---:|")
        for codec in map(Codec.parse, CODECS):
            for name, (side, close) in LAYOUTS.items():
                bled = bleed(train, codec, side, close, options.images)
                cost = price(train, codec, side, close)
                print(f"| {codec} | {name} | {bled} | {cost} |", flush=True)


def bleed(train: ImageDataset, codec: Codec, side: int, close: bool, count: int) -> str:
    """Return two table cells: the mean change of `count` middle images at the ring and inside."""
    draw, inside = np.random.default_rng(0), np.pad(np.ones((side - 2, side - 2), bool), 1)
    changes, errors = [], []
    for number in range(count):
        images = draw.permutation(np.flatnonzero(train.labels == number % len(train.classes)))
        others = np.concatenate([images[9:13], images[MIDDLE : MIDDLE + 1], images[13:17]])
        exact, seen, _ = on_a_sheet(train, images[:9], codec, side, close)
        _, again, _ = on_a_sheet(train, others, codec, side, close)
        changes.append(np.abs(again[MIDDLE] - seen[MIDDLE]))
        errors.append(np.abs(seen[MIDDLE] - exact[MIDDLE]))
    cells = []
    for part in (~inside, inside):
        change, error = (float(np.mean([one[part] for one in of])) for of in (changes, errors))
        cells.append(f"{change:.2f} ({change / error:.0%})" if error else f"{change:.2f}")
    return " | ".join(cells)


def price(train: ImageDataset, codec: Codec, side: int, close: bool) -> str:
    """Return four table cells: PSNR alone and on a sheet, bytes per image alone and on a sheet.

    They are from the means over one sheet of each class.
    """
    found = []
    for label in range(len(train.classes)):
        images = np.flatnonzero(train.labels == label)[:ON_A_SHEET]
        exact, seen, whole = on_a_sheet(train, images, codec, side, close)
        files = [codec.encode(pixels.astype(np.uint8)) for pixels in exact]
        alone = np.stack([codec.decode(file) for file in files])
        squares = [float(np.mean((one - exact) ** 2.0)) for one in (alone, seen)]
        found.append([*squares, sum(map(len, files)) / len(images), whole / len(images)])
    *squares, alone, shared = np.mean(found, axis=0)
    decibels = [f"{10 * np.log10(255**2 / one):.1f}" if one else "exact" for one in squares]
    return " | ".join([*decibels, f"{alone:.0f}", f"{shared:.0f}"])


def on_a_sheet(
    train: ImageDataset, images: Images, codec: Codec, side: int, close: bool
) -> tuple[Tiles, Tiles, int]:
    """Return the images of a sheet before and after the codec, and the sheet's bytes."""
    boxes = fit_boxes(train.sizes, "squash")
    plan = Sheet(side=side)(Selection(images), train.labels, boxes, size=SIZE)
    if close:
        columns = round(len(plan.tile_box[0]) ** 0.5)
        corner = plan.tile_box[..., :2] // (plan.size // columns) * side
        tile_box = np.concatenate([corner, corner + side], axis=2)
        # Without an image_size, nothing is drawn between the images.
        plan = replace(plan, size=columns * side, tile_box=tile_box, image_size=None)
    exact = render(plan, 0, train)
    encoded = codec.encode(exact)
    before, after = (
        np.stack(
            [pixels[y:y2, x:x2].astype(int) for x, y, x2, y2 in plan.tile_box[0, : len(images)]]
        )
        for pixels in (exact, codec.decode(encoded))
    )
    return before, after, len(encoded)


if __name__ == "__main__":
    main()
