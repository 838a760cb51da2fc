"""README.md: the dataset card that people and the Hugging Face Hub read."""

import json
from collections.abc import Sequence
from itertools import pairwise

from smallset.data.tree import CARD_TAGS
from smallset.numbers import counted
from smallset.store.codec import Codec
from smallset.store.manifest import Manifest

CARD = "README.md"

_CLASSES_SHOWN = 50


def card(manifest: Manifest, *, ordered: bool = False) -> str:
    """Return a set's card as Markdown, with the Hub's YAML in front.

    `ordered` says that the first files of each class are the set of a smaller budget.

    The licence is "unknown": the images have the licence of their source, which is not known here.
    """
    files = f"*/{Codec.parse(manifest.codec).files}"
    return f"{front_matter(manifest, files=files)}\n{_body(manifest, ordered=ordered)}"


def front_matter(
    manifest: Manifest, *, files: str, tagged: Sequence[str] = CARD_TAGS, images: int | None = None
) -> str:
    """Return the Hub's YAML. `files` is the pattern that matches the training images.

    The tags `CARD_TAGS` mark a folder as a set of smallset, and not as plain images. `images` is
    the number of images in the folder, if it differs from that of the set.

    `datasets` caches a folder under its last name and a hash of `configs`, and ignores the files.
    The description is part of that hash, so the digest keeps two sets with the same name apart.
    """
    tags = "\n".join(f"- {tag}" for tag in tagged)
    return f"""\
---
pretty_name: {_yaml(_title(manifest))}
license: unknown
task_categories:
- image-classification
size_categories:
- {_size_category(images or manifest.images)}
tags:
{tags}
configs:
- config_name: default
  description: "{manifest.digest}"
  data_files:
  - split: train
    path: "{files}"
---
"""


def heading(manifest: Manifest) -> str:
    """Return the title of a set as a Markdown heading."""
    return f"# {_plain(_title(manifest))}"


def facts(manifest: Manifest, *, files: str | None = None) -> str:
    """Return the table of a set's facts and the list of its classes, as Markdown.

    `files` describes the image files of a folder whose files are not those of the set.
    """
    return f"""\
| | |
|---|---|
{_table(manifest, files)}

Classes, in index order: {_named(manifest.classes, ", in `manifest.json`")}."""


def load_folders(manifest: Manifest) -> str:
    """Return the code that reads class folders with `datasets`, as Markdown.

    `load_dataset("PATH/OF/THIS/FOLDER")` caches the paths of the images under a key without paths,
    so it finds nothing after the folder was moved. The code returned here has the paths in its key.
    """
    # For a single folder, `datasets` makes labels only with this option.
    single = "" if sum(count > 0 for count in manifest.counts) > 1 else "drop_labels=False, "
    return f"""\
```python
from datasets import load_dataset

data = load_dataset("imagefolder", data_dir="PATH/OF/THIS/FOLDER", {single}split="train")
print(data.features["label"].names, data[0]["image"].size)
```

This call also finds the images after the folder was moved; `load_dataset("PATH/OF/THIS/FOLDER")`
looks for them in the old place."""


def folder_note(manifest: Manifest) -> str:
    """Say how readers of class folders number the classes."""
    if manifest.vanished:
        return (
            "Classes without an image have no folder, and readers that count folders give the\n"
            "classes after them other indices: take the index from the front of a folder's name."
        )
    return "Readers that take each folder for a class work too, and give the same class indices."


def _body(manifest: Manifest, *, ordered: bool) -> str:
    prefix = "Within a class, files sort in order of choice: the first ones are the smaller set.\n"
    return f"""\
{heading(manifest)}

A small training set made of a large one by smallset {manifest.smallset}, with hard labels: an
image's class is the folder it lies in. Its licence is that of the source.

{facts(manifest)}

## Load

{load_folders(manifest)}

{folder_note(manifest)}
A reader that also takes the other files here for classes needs `smallset export --to imagefolder`.
{prefix if ordered else ""}
## Train

{_training(manifest)}

`smallset evaluate PATH/OF/THIS/FOLDER --data SOURCE` trains a student under a fixed protocol and
measures it on the source's held-out images; `smallset verify PATH/OF/THIS/FOLDER` checks every
file. `manifest.json` says how the set was made, `plan.parquet` which source image, if any, every
tile of every file shows.
"""


def _table(manifest: Manifest, files: str | None) -> str:
    source, seeds, asked = manifest.source, manifest.seeds, manifest.asked
    short, vanished = asked.short if asked else (), manifest.vanished
    bad = len(source.skipped)
    skipped = f", {counted(bad, 'bad file')} left out" if bad else ""
    observer = "" if seeds.observer is None else f", observer {seeds.observer}"
    ratio_images, ratio_bytes = source.images / manifest.images, source.bytes / manifest.image_bytes
    side = f"{manifest.size} x {manifest.size} px"
    if manifest.sheet is not None:
        side = f"on sheets, shown to students at {side}"
    if Codec.parse(manifest.codec).is_original:
        side = f"each of its own size, read at {side}"
    of = " of the set" if files else ""
    rows = {
        **({"Files": files} if files else {}),
        f"Images{of}": f"{images_words(manifest.counts)}, {side}",
        **({"Asked for": _code(asked.budget)} if asked else {}),
        **({"Classes that gave all they had": _counted(short)} if short else {}),
        **({"Classes without an image": _counted(vanished)} if vanished else {}),
        f"Image bytes{of}": f"{manifest.image_bytes:,} ({manifest.codec})",
        "Source": f"{_code(source.given)}, {source.images:,} images of split "
        f"{_code(source.split)}, {source.bytes:,} bytes as encoded{skipped}",
        f"Compression{of}": f"{ratio_images:,.1f} x in images, {ratio_bytes:,.1f} x in image bytes",
        "Method": _code(manifest.method),
        "With all options": _code(manifest.spec),
        "Seeds": f"set {seeds.set}{observer}",
        "Fit to a square": manifest.fit,
        "Held out": _plain(source.held_out),
        "Training view": _code(manifest.view),
    }
    return "\n".join(f"| {name} | {value} |" for name, value in rows.items())


def images_words(counts: Sequence[int]) -> str:
    """Say how many images there are in all and in a class: "30 (3 a class)"."""
    few, many = min(counts), max(counts)
    return f"{sum(counts):,} ({few if few == many else f'{few} to {many}'} a class)"


def _counted(classes: Sequence[str]) -> str:
    return f"{len(classes):,}: {_named(classes)}"


def _named(classes: Sequence[str], elsewhere: str = "") -> str:
    """Name the first classes, and say how many more there are, and where."""
    shown = ", ".join(map(_code, classes[:_CLASSES_SHOWN]))
    more = len(classes) - _CLASSES_SHOWN
    return f"{shown} and {more:,} more{elsewhere}" if more > 0 else shown


def sheet_note(manifest: Manifest, *ways: str) -> str:
    """Say what a sheet shows, and add the lines `ways`. Return "" for a set without sheets."""
    if manifest.sheet is None:
        return ""
    note = (
        f"Each image file is a sheet of {manifest.sheet} x {manifest.sheet} px with many images of "
        "one class, and the\nboxes of the images are `tile_box` in `plan.parquet`."
    )
    return "\n".join((note, *ways)) + "\n\n"


def opened(manifest: Manifest) -> str:
    """Say what `open_set` gives."""
    return (
        f"`smallset.open_set(PATH)` gives single images of {manifest.size} px, ready for a "
        "`DataLoader`."
    )


def _training(manifest: Manifest) -> str:
    cut = "`smallset export PATH OUT --to images` writes a file for each of them."
    return sheet_note(manifest, opened(manifest), cut) + _view(manifest)


def _view(manifest: Manifest) -> str:
    if manifest.view.partition("(")[0] == "patch":
        return (
            f"Show one random crop inside one tile at a time, resized to {manifest.size} px; "
            f"`plan.parquet` has the tiles.\nFor your own training loop, `smallset.PatchCrop` is "
            f"this view as a transform."
        )
    return f"The view is {_code(manifest.view)}: train on whole images under random resized crops."


def _title(manifest: Manifest) -> str:
    ipc = manifest.ipc
    per_class = "" if ipc is None else f", {counted(ipc, 'image')} a class"
    return f"{manifest.source.name} by {manifest.method}{per_class}"


def _size_category(images: int) -> str:
    """Return the Hub's word for a number of images."""
    steps = ["1K", "10K", "100K", "1M", "10M", "100M", "1B"]
    at = max(len(str(images)) - 3, 0)
    between = [f"{few}<n<{many}" for few, many in pairwise(steps)]
    return ["n<1K", *between, "n>1B"][min(at, len(steps))]


def _printable(text: str) -> str:
    """Return a text with every unprintable character replaced."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _yaml(text: str) -> str:
    return json.dumps(_printable(text), ensure_ascii=False)


def _plain(text: str) -> str:
    """Return a text in which all Markdown markup is escaped."""
    return "".join(f"\\{c}" if c in r"\`*_{}[]<>|#" else c for c in _printable(text))


def _code(text: str) -> str:
    """Return a code span for a table cell. The text may hold backticks."""
    fence = "`"
    while fence in text:
        fence += "`"
    pad = " " if text.startswith("`") or text.endswith("`") or not text.strip() else ""
    return f"{fence}{pad}{_printable(text).replace('|', chr(92) + '|')}{pad}{fence}"
