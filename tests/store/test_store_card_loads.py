"""The code that a card recommends, run on several sets under one cache."""

import shutil
from dataclasses import replace

import datasets
import numpy as np
import pytest
from set_toy import make_dataset, make_plan, write
from store_toy import by_card, pixels_of

from smallset.exchange.export import FORMATS, export_set
from smallset.store import CompressedDataset
from smallset.store.past import PAST, past_picture

LAYOUTS = ("set", *FORMATS)


@pytest.fixture(autouse=True)
def one_cache(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    datasets.disable_progress_bars()


@pytest.fixture
def make(tmp_path):
    def make(name: str, layout: str, *, first: int, ipc: int) -> CompressedDataset:
        """Write a set of `ipc` images a class, from the `first` of each, to NAME/LAYOUT."""
        plan, folder = make_plan(ipc=ipc), tmp_path / name
        plan = replace(plan, source=plan.source + first)
        out = folder / ("set" if layout == "set" else "made")
        folder.mkdir(exist_ok=True)
        shutil.rmtree(out, ignore_errors=True)
        made = write(plan, make_dataset(), out)
        if layout != "set":
            shutil.rmtree(folder / layout, ignore_errors=True)
            export_set(made, folder / layout, to=layout)
        return made

    return make


def check(loaded: datasets.Dataset, made: CompressedDataset, layout: str) -> None:
    images, label = ("png", "cls") if layout == "webdataset" else ("image", "label")
    order = np.lexsort((made.labels, np.arange(len(made)) % made.manifest.ipc))
    rows = order if layout == "webdataset" else np.arange(len(made))
    assert loaded[label] == made.labels[rows].tolist()
    np.testing.assert_array_equal(pixels_of(loaded[images]), made.images(workers=1)[rows])


def test_the_picture_of_how_images_came_about_is_none_of_them(make, tmp_path):
    made = make("a", "set", first=0, ipc=2)
    past = past_picture(np.zeros((2, 6, 6, 3), np.uint8), [0], np.zeros((2, 6, 6, 3), np.uint8))
    (made.path / PAST).write_bytes(past)
    for data in (by_card(made.path), datasets.load_dataset(str(made.path), split="train")):
        check(data, made, "set")
    for to in FORMATS:
        export_set(made, tmp_path / to, to=to)
        assert not list((tmp_path / to).rglob(PAST))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_two_sets_of_one_folder_name_are_each_their_own(make, tmp_path, layout):
    sets = {"a": make("a", layout, first=0, ipc=1), "b": make("b", layout, first=1, ipc=1)}
    sets["c"] = make("c", layout, first=0, ipc=2)
    for name, made in sets.items():
        folder = tmp_path / name / layout
        for data in (by_card(folder), datasets.load_dataset(str(folder), split="train")):
            check(data, made, layout)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_set_made_again_in_the_same_place_is_read_anew(make, tmp_path, layout):
    for first in (0, 1):
        made = make("a", layout, first=first, ipc=2)
        folder = tmp_path / "a" / layout
        for data in (by_card(folder), datasets.load_dataset(str(folder), split="train")):
            check(data, made, layout)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_set_that_was_moved_is_found_by_the_code_of_its_card(make, tmp_path, layout):
    """Another set lies in the old place, so that a path that was kept would show its images."""
    made = make("a", layout, first=0, ipc=2)
    by_card(tmp_path / "a" / layout)
    images = made.images(workers=1)
    shutil.move(tmp_path / "a", tmp_path / "b")
    make("a", layout, first=1, ipc=2)
    moved = replace(made, path=tmp_path / "b" / made.path.name)
    np.testing.assert_array_equal(moved.images(workers=1), images)
    check(by_card(tmp_path / "b" / layout), moved, layout)


def test_the_digest_is_in_the_block_that_names_the_cache(make, tmp_path):
    digests = []
    for layout in LAYOUTS:
        made = make("a", layout, first=0, ipc=1)
        text = (tmp_path / "a" / layout / "README.md").read_text(encoding="utf-8")
        assert f'  description: "{made.manifest.digest}"\n' in text.split("---\n")[1]
        digests.append(made.manifest.digest)
    assert len(set(digests)) == 1
