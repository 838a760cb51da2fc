"""The card of an exported set: the facts of the set, and how to load this layout."""

from collections.abc import Callable, Sequence
from math import isqrt

import numpy as np

from smallset.numbers import counted
from smallset.records import Plan
from smallset.shapes import Bool
from smallset.store.card import (
    facts,
    folder_note,
    front_matter,
    heading,
    images_words,
    load_folders,
    opened,
    sheet_note,
)
from smallset.store.codec import Codec
from smallset.store.images import ImageFile
from smallset.store.manifest import Manifest
from smallset.store.read import CompressedDataset

SEVERAL = "image"
"""The file extension of images in a set with several formats."""

_MEASURE = (
    "`smallset evaluate PATH/OF/THIS/FOLDER --data SOURCE` trains a student under a fixed protocol "
    "and\nmeasures it on the source's held-out images."
)

_MEASURE_ELSEWHERE = (
    "`smallset evaluate` reads this set in its other forms: the set itself, or exported to hub or\n"
    "imagefolder."
)


def imagefolder_card(made: CompressedDataset) -> str:
    """Return the card of an export to imagefolder: train/<class>/<file>."""
    manifest = made.manifest
    note = """\
`torchvision.datasets.ImageFolder("PATH/OF/THIS/FOLDER/train")` and any other reader of class
folders give the same class indices."""
    if manifest.vanished:
        note = folder_note(manifest)
    load = f"{load_folders(manifest)}\n\n{note} Within a class, files sort in order of choice."
    return _card(made, f"train/*/{Codec.parse(manifest.codec).files}", load)


def images_card(made: CompressedDataset) -> str:
    """Return the card of an export to images: train/<class>/<tile>.png.

    The card lacks the tags of a set, because smallset reads the folder as plain images.
    """
    manifest = made.manifest
    counts, side = _single(made)
    return f"""\
{front_matter(manifest, files="train/*/*.png", tagged=("smallset",), images=sum(counts))}
{heading(manifest)}

The single images of a small training set, each as a PNG of its own for any reader of image files.
The set itself, made by smallset {manifest.smallset}, takes {manifest.image_bytes:,} bytes; these
files hold the same pixels without loss, and usually take more. Its licence is that of the source.

{facts(manifest, files=f"{images_words(counts)}, {side}")}

## Load

{load_folders(manifest)}

## Train

Students see images at {manifest.size} px, and the view is `{manifest.view}`. {_MEASURE_ELSEWHERE}
"""


def _single(made: CompressedDataset) -> tuple[list[int], str]:
    """Return the number of single images of each class, and their side in words."""
    plan, tiles = made.plan, shown(made.plan)
    classes = len(made.manifest.classes)
    counts = np.bincount(plan.label, weights=tiles.sum(1), minlength=classes).astype(int).tolist()
    if Codec.parse(made.manifest.codec).is_original:
        return counts, "each of its own size"
    box = plan.tile_box[tiles]
    sides = box[:, 2:] - box[:, :2]
    low, high = int(sides.min()), int(sides.max())
    return counts, f"{low} x {low} px" if low == high else f"{low} to {high} px a side"


def hub_card(made: CompressedDataset) -> str:
    """Return the card of an export to hub: data/train-*.parquet."""
    load = """\
```python
from datasets import load_dataset

data = load_dataset("PATH/OF/THIS/FOLDER", split="train")
print(data.features["label"].names, data[0]["image"].size, data[0]["tile_box"])
```

Beside `image` and `label` every row lists its tiles: `source_row` and `source_id` (the image of
the source that is shown), `source_box` (in its pixels) and `tile_box` (in this image's pixels),
each box left, top, right, bottom. Within a class, rows stand in order of choice."""
    return _card(made, "data/train-*.parquet", load)


def webdataset_card(made: CompressedDataset) -> str:
    """Return the card of an export to webdataset: train-*.tar."""
    ending = image_ending(made.files)
    decoder, cast = '"pil"', ""
    if ending == SEVERAL:
        decoder = f'webdataset.imagehandler("pil", ["{ending}"])'
        cast = f'.cast_column("{ending}", Image())'
    load = f"""\
```python
from pathlib import Path

import webdataset

shards = sorted(map(str, Path("PATH/OF/THIS/FOLDER").glob("train-*.tar")))
data = webdataset.WebDataset(shards, shardshuffle=False).decode({decoder})
image, label, tiles = next(iter(data.to_tuple("{ending}", "cls", "json")))
```

```python
from datasets import {"Image, " if cast else ""}load_dataset

data = load_dataset("PATH/OF/THIS/FOLDER", split="train"){cast}
print(data[0]["{ending}"].size, data[0]["cls"])
```

`classes.json` names the classes in index order. `json` lists every image's tiles: `source_row` and
`source_id` (the image of the source that is shown), `source_box` (in its pixels) and `tile_box` (in
this image's pixels), each box left, top, right, bottom. The first image of every class comes first,
then the second, and so on."""
    return _card(made, "train-*.tar", load, stream=True)


CARDS: dict[str, Callable[[CompressedDataset], str]] = {
    "webdataset": webdataset_card,
    "hub": hub_card,
    "imagefolder": imagefolder_card,
    "images": images_card,
}


def shown(plan: Plan) -> Bool[np.ndarray, "m tiles"]:
    """Return which tiles are images: those with a source, and canvases that methods drew."""
    tiles: Bool[np.ndarray, "m tiles"] = plan.source >= 0
    return tiles if plan.source.shape[1] > 1 or plan.image_size else np.ones_like(tiles)


def image_ending(files: Sequence[ImageFile]) -> str:
    """Return the file extension of the images in the tar, such as "png".

    Readers take an extension for a column, and every sample needs the same columns. Images of
    several formats therefore share SEVERAL.
    """
    endings = {file.path.rpartition(".")[2] for file in files}
    return endings.pop() if len(endings) == 1 else SEVERAL


def _card(made: CompressedDataset, files: str, load: str, *, stream: bool = False) -> str:
    """Return the whole card, from the facts of the set and the words of a layout.

    `stream` says that smallset does not read the layout.
    """
    manifest = made.manifest
    measure, ways = (_MEASURE_ELSEWHERE, ()) if stream else (_MEASURE, (opened(manifest),))
    return f"""\
{front_matter(manifest, files=files)}
{heading(manifest)}

A small training set made of a large one by smallset {manifest.smallset}, with hard labels, exported
without encoding any image again. Its licence is that of the source.

{facts(manifest)}

## Load

{load}

## Train

{sheet_note(manifest, *ways)}{_training(manifest, made.tile_box.shape[1])}

{measure}

`manifest.json` says how the set was made; `plan.parquet` has the hash of every image file
and the boxes and source of every tile.
"""


def _training(manifest: Manifest, tiles: int) -> str:
    size, view = manifest.size, manifest.view
    if view.partition("(")[0] == "patch":
        return (
            f"Every image is a mosaic of {counted(tiles, 'tile')}, and the view is `{view}`:\n"
            "show one random crop inside one tile (`tile_box` in `plan.parquet`) at a time, "
            f"resized to {size} px.\nFor your own training loop, "
            f"`smallset.PatchCrop(factor={isqrt(tiles)})` is this view as a transform."
        )
    return f"The view is `{view}`: train on whole images under random resized crops."
