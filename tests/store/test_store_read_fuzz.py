"""Whatever happens to the files of a set, reading it is refused in one line or gives the set."""

import hashlib
import io
import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from set_toy import make_dataset, make_plan, write
from store_toy import sign

from smallset.store import CompressedDataset, open_set, verify
from smallset.store.manifest import MANIFEST
from smallset.store.plan_table import PLAN

ROUNDS = 30
"""Of each of the eight kinds of damage."""
CODECS = ("png", "jpeg:90", "webp:90", "original")

JUNK = (
    None, True, -1, 0, 1, 7, 10**6, 2**31, 2**63, 10**30, 0.5, -1e308, "", "x", "../x", "a/b",
    "\0", "\udcff", "jpeg:90", "original", [], [None], ["x"], [-1], [10**30], {}, {"x": 1},
)  # fmt: skip


@pytest.fixture
def sets(tmp_path) -> list[CompressedDataset]:
    dataset = make_dataset(formats=("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM"))
    return [
        write(make_plan(), dataset, tmp_path / f"set{number}", codec)
        for number, codec in enumerate(CODECS)
    ]


def flipped(content: bytes, rng: random.Random) -> bytes:
    """Change a few bytes, cut the end off, or put something in between."""
    changed = bytearray(content)
    way = rng.randrange(4)
    if way == 0:
        return content[: rng.randrange(len(content))]
    if way == 1:
        at = rng.randrange(len(content))
        return content[:at] + rng.randbytes(rng.randrange(1, 9)) + content[at:]
    for _ in range(1 if way == 2 else rng.randrange(2, 20)):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def sign_plan(folder: Path) -> None:
    """Make the manifest agree with plan.parquet and with its own digest, as a forger would."""
    values = json.loads((folder / MANIFEST).read_text())
    values["plan_sha256"] = hashlib.sha256((folder / PLAN).read_bytes()).hexdigest()
    sign(folder, values)


def table_of(folder: Path) -> pa.Table:
    content = io.BytesIO((folder / PLAN).read_bytes())
    return pq.ParquetFile(content).read(use_threads=False)


def put_column(folder: Path, name: str, values: list) -> None:
    """Write the plan with other values in a column, and sign it."""
    table = table_of(folder)
    field = table.schema.field(name)
    table = table.set_column(
        table.schema.get_field_index(name), field, pa.array(values, field.type)
    )
    pq.write_table(table, folder / PLAN)
    sign_plan(folder)


def manifest_bytes(folder: Path, rng: random.Random) -> None:
    (folder / MANIFEST).write_bytes(flipped((folder / MANIFEST).read_bytes(), rng))


def signed_manifest_values(folder: Path, rng: random.Random) -> None:
    """Put junk somewhere and sign it."""
    values = json.loads((folder / MANIFEST).read_text())
    inner = values
    while True:
        keys = list(inner) if isinstance(inner, dict) else list(range(len(inner)))
        key = rng.choice(keys)
        if not (isinstance(inner[key], dict | list) and inner[key] and rng.random() < 0.7):
            break
        inner = inner[key]
    inner[key] = rng.choice(JUNK)
    sign(folder, values)


def plan_bytes(folder: Path, rng: random.Random) -> None:
    (folder / PLAN).write_bytes(flipped((folder / PLAN).read_bytes(), rng))


def signed_plan_bytes(folder: Path, rng: random.Random) -> None:
    plan_bytes(folder, rng)
    sign_plan(folder)


def signed_plan_values(folder: Path, rng: random.Random) -> None:
    """Put a number out of range, or another text, into one row or into all."""
    table = table_of(folder)
    name = rng.choice(table.column_names)
    values = table[name].to_pylist()
    far = rng.choice([-(2**31), -1, 7, 10**6, 2**31 - 1])
    other = rng.choice(["", "x", "../x", "ape/00000.png", "ape/.."])
    one = values[0]
    junk = other if isinstance(one, str) else [far, *one[1:]] if isinstance(one, list) else far
    at = range(len(values)) if rng.random() < 0.3 else [rng.randrange(len(values))]
    for row in at:
        values[row] = junk
    put_column(folder, name, values)


def image_bytes(folder: Path, rng: random.Random) -> None:
    path = rng.choice(sorted(folder.glob("*/*")))
    path.write_bytes(flipped(path.read_bytes(), rng))


def signed_image_bytes(folder: Path, rng: random.Random) -> None:
    """Damage an image and sign what became of it, so that it is decoded."""
    path = rng.choice(sorted(folder.glob("*/*")))
    before = path.read_bytes()
    after = flipped(before, rng)
    path.write_bytes(after)
    hashes = [hashlib.sha256(content).hexdigest() for content in (before, after)]
    table = table_of(folder)
    put_column(
        folder, "sha256", [hashes[1] if h == hashes[0] else h for h in table["sha256"].to_pylist()]
    )


def files(folder: Path, rng: random.Random) -> None:
    """Take a file away, or put a folder, a link or another file in its place or beside it."""
    path = rng.choice([path for path in sorted(folder.rglob("*")) if path.name != "README.md"])
    beside = path.with_name(rng.choice(["x", "x.png", "train", ".hidden", "\udcff"]))
    way = rng.randrange(4)
    if way == 0:
        shutil.move(path, beside)
    elif way == 1:
        beside.mkdir()
    elif way == 2:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
        path.mkdir()
    else:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
        path.symlink_to(rng.choice([path, folder, Path("/nowhere")]))


DAMAGE: dict[str, Callable[[Path, random.Random], None]] = {
    damage.__name__: damage
    for damage in (
        files, image_bytes, manifest_bytes, plan_bytes, signed_image_bytes, signed_manifest_values,
        signed_plan_bytes, signed_plan_values,
    )
}  # fmt: skip


def contents(folder: Path) -> dict[str, bytes]:
    """Read every file but the card, which may be edited, by its path."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "README.md"]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def reads(folder: Path, made: CompressedDataset, *, signed: bool) -> str | None:
    """Say what is wrong with how the set in `folder` is read, if anything is.

    What a forger signed may be another set, but has to be a whole one.
    """
    for read in (open_set, verify):
        try:
            again = read(folder)
            if not isinstance(again, CompressedDataset):  # verify() accepted the set
                if not signed and contents(folder) != contents(made.path):
                    return "verify accepts files that are not those that were written"
                continue
            images = again.images(workers=1)
            if len(images) != len(again.labels):
                return "there are not as many images as labels"
            same = np.array_equal(again.labels, made.labels)
            if not signed and not (same and np.array_equal(images, made.images(workers=1))):
                return "it is taken for a set, and is not the one that was written"
        except (ValueError, OSError) as error:
            # verify() lists every problem, indented, between its first and last line
            said = str(error).splitlines()
            if len(said) != 1 and not all(line.startswith("  ") for line in said[1:-1]):
                return f"{read.__name__} says in several lines: {said}"
        except BaseException as error:
            return f"{read.__name__} raises {error!r}"
    return None


@pytest.mark.parametrize("kind", DAMAGE)
def test_damage_is_refused_in_one_line_or_harmless(sets, tmp_path, kind):
    wrong = {}
    for number in range(ROUNDS):
        made, folder = sets[number % len(sets)], tmp_path / f"damaged{number}"
        shutil.copytree(made.path, folder)
        DAMAGE[kind](folder, random.Random(f"{kind} {number}"))
        found = reads(folder, made, signed=kind.startswith("signed"))
        if found is not None:
            wrong[number] = found
    assert wrong == {}
