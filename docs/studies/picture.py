"""The picture of the README: canvases of CIFAR-10, and accuracy against bytes.

    smallset compress PATH SET --ipc 10 \\
        --method "pca(score=el2n(epochs=10, observer=observer(epochs=10)))"
    python docs/studies/picture.py canvases PATH SET      -> docs/studies/canvases.png
    python docs/studies/picture.py first                  -> docs/first.png

PATH is cifar10, parquet files in the Hub's layout. `first` puts the curve of the published lines
beside the canvases, and needs smallset[report]. Each of the last two commands takes seconds.
"""

import argparse
import io
import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from findings import frontier
from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo

from smallset import open_set
from smallset.desk import desk_for
from smallset.exchange.set_data import open_any
from smallset.report.page.charts import Chart

PICTURE = Path(__file__).with_name("canvases.png")
FIRST = Path(__file__).parents[1] / "first.png"
NUMBERS = "Numbers"
"""The text of first.png that holds the points of its curve, so that a test can read them."""
CLASSES = ("ship", "horse")
IMAGES, CANVASES = (10, 6), (5, 2)  # columns and rows that are shown of a class
ENLARGED, APART, GAP, HEAD, LINE = 3, 6, 60, 60, 44


def main() -> None:
    """Draw one of the two pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    verbs = parser.add_subparsers(required=True, dest="verb")
    verbs.add_parser("first")
    drawn = verbs.add_parser("canvases")
    drawn.add_argument("data")
    drawn.add_argument("set", type=Path)
    given = parser.parse_args()
    if given.verb == "canvases":
        canvases(given.data, given.set).save(PICTURE, optimize=True)
    else:
        first()


def first() -> None:
    """Write the canvases with the curve at their right, twice as large as they are shown."""
    import vl_convert

    left, chart = Image.open(PICTURE), frontier()
    still = {"width": 365, "height": 190, "background": "white", "padding": 4}
    png = vl_convert.vegalite_to_png({**chart.spec, **still, "title": chart.title}, scale=2)
    right = Image.open(io.BytesIO(png)).convert("RGB")
    whole = Image.new(
        "RGB", (left.width + GAP // 2 + right.width, max(left.height, right.height)), "white"
    )
    whole.paste(left, (0, 0))
    whole.paste(right, (left.width + GAP // 2, 0))
    said = PngInfo()
    said.add_text(NUMBERS, numbers(chart))
    whole.save(FIRST, optimize=True, pnginfo=said)


def numbers(chart: Chart) -> str:
    """Return the points of a chart as text."""
    return json.dumps(chart.spec["data"]["values"])


def canvases(data: str, made_in: Path) -> Image.Image:
    """Draw some images of two classes, and the canvases of these classes."""
    source, made = open_any(data, desk_for(workers=1)).train, open_set(made_in)
    heads = (
        f"{len(source):,} images, {source.encoded_bytes / 1e6:.1f} MB",
        f"{len(made.labels)} canvases, {made.facts.image_bytes / 1e6:.2f} MB",
    )
    blocks = []
    for name in CLASSES:
        before = np.flatnonzero(source.labels == source.classes.names.index(name))
        after = np.flatnonzero(made.labels == made.facts.classes.index(name))
        count = IMAGES[0] * IMAGES[1]
        some = before[:: len(before) // count][:count]
        left = sheet((source.pixels(int(i)) for i in some), IMAGES[0])
        few = after[: CANVASES[0] * CANVASES[1]]
        right = sheet((made.dataset.pixels(int(i)) for i in few), CANVASES[0], ENLARGED, APART)
        words = f"{count} of {len(before):,} {name}s", f"all {len(after)} canvases of {name}s"
        blocks.append(tuple(zip(words, (left, right), strict=True)))
    return page(heads, blocks)


def sheet(
    images: Iterable[np.ndarray], columns: int, times: int = 1, apart: int = 0
) -> Image.Image:
    """Draw images (s, s, 3) in rows of `columns`, `apart` pixels apart and `times` as large."""
    edge = ((0, apart), (0, apart), (0, 0))
    large = [
        np.pad(image.repeat(times, 0).repeat(times, 1), edge, constant_values=255)
        for image in images
    ]
    rows = [large[start : start + columns] for start in range(0, len(large), columns)]
    return Image.fromarray(np.concatenate([np.concatenate(row, 1) for row in rows]))


def page(heads: tuple[str, str], blocks: list[tuple[tuple[str, Image.Image], ...]]) -> Image.Image:
    """Draw a row for each class: a part of its images, an arrow, its canvases."""
    left, right = (image for _, image in blocks[0])
    lefts = (0, left.width + GAP)
    high = LINE + max(left.height, right.height) + 12
    drawn = Image.new("RGB", (lefts[1] + right.width, HEAD + high * len(blocks)), "white")
    pen, small, large = ImageDraw.Draw(drawn), *map(ImageFont.load_default, (24, 30))
    for x, head in zip(lefts, heads, strict=True):
        pen.text((x, 8), head, "black", large)
    for number, block in enumerate(blocks):
        top = HEAD + number * high
        for x, (words, image) in zip(lefts, block, strict=True):
            pen.text((x, top), words, "#404040", small)
            drawn.paste(image, (x, top + LINE))
        middle = top + LINE + left.height // 2
        tip = lefts[1] - 12
        pen.line((lefts[0] + left.width + 12, middle, tip - 8, middle), "black", 5)
        pen.polygon((tip, middle, tip - 16, middle - 12, tip - 16, middle + 12), "black")
    return drawn


if __name__ == "__main__":
    main()
