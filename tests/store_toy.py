"""What tests of the store share: odd class names, signed manifests, and the code of a card."""

import hashlib
import importlib.util
import json
import re
from pathlib import Path
from typing import Any

import datasets
import numpy as np
from PIL import Image

from smallset.store.manifest import MANIFEST

ODD = {
    "slashes": ("a/b", "a\\b", "../up", "/"),
    "spaces": (" lead", "trail ", "in side", ""),
    "unicode": ("猫", "café", "cafe\u0301", "🦊 fox"),
    "case twins": ("Cat", "cat", "CAT"),
    "split words": ("train", "test", "bus", "validation set", "dev"),
    "one split word": ("tractor", "train", "trout"),
    "hidden": (".git", "__pycache__", "dog"),
    "ours": ("README.md", "manifest.json", "plan.parquet"),
    "globs": ("[a]", "a*b", "{x,y}", "100%", "#1", "a=b", "x?y"),
    "windows": ("con", "nul.txt", "a:b", "end."),
    "archives": ("a.zip", "b.tar", "c.eval", "d.png"),
    "long": ("x" * 300, "y" * 300, "猫" * 99),
    "not in order": ("truck", "airplane", "ship"),
    "numbers": tuple(str(i) for i in range(12)),
    "line breaks": ("a\nb", "c\td", "e\x00f"),
    "not unicode": ("\udcff\udcfe", "ok"),
    "yaml and markdown": ("- a: b", "'q\"", "`|`", "null"),
}


def run_card(folder: Path) -> list[dict[str, Any]]:
    """Run each Python block of a folder's card as a user would, and return the names it defined.

    A block that imports a library that is not installed is left out.
    """
    card = (folder / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```$", card, re.S | re.M)
    assert blocks
    ran = []
    for block in blocks:
        imported = re.findall(r"^(?:import|from) (\w+)", block, re.M)
        if all(importlib.util.find_spec(name) for name in imported):
            names: dict[str, Any] = {}
            exec(block.replace("PATH/OF/THIS/FOLDER", str(folder)), names)
            ran.append(names)
    return ran


def by_card(folder: Path) -> datasets.Dataset:
    """What the code of a folder's card loads with `datasets`."""
    loaded = [names["data"] for names in run_card(folder)]
    (found,) = [data for data in loaded if isinstance(data, datasets.Dataset)]
    return found


def sign(folder: Path, values: dict[str, Any]) -> None:
    """Write these values as the manifest of a set, with a digest that fits them."""
    rest = {key: value for key, value in values.items() if key != "digest"}
    text = json.dumps(rest, sort_keys=True, indent=1)
    rest["digest"] = hashlib.sha256(text.encode()).hexdigest()
    (folder / MANIFEST).write_text(json.dumps(rest))


def pixels_of(images: list[Image.Image]) -> np.ndarray:
    return np.stack([np.asarray(image.convert("RGB")) for image in images])
