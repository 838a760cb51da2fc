from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from smallset.records import Plan
from smallset.report.sheet import _columns, _fitting, _left_out, _wrapped, contact_sheet
from smallset.store import CompressedDataset, Seeds
from smallset.store.manifest import Manifest, Origin


class Drawn(CompressedDataset):
    """A set whose pixels are not on a disk: image i is one colour, its tiles alike."""

    def images(self, rows=None, *, workers=0):
        chosen = np.arange(len(self)) if rows is None else rows
        size = self.manifest.size
        colours = np.stack([chosen % 7 * 30, chosen % 5 * 40, 50 + chosen % 3 * 60], axis=-1)
        shape = (len(chosen), size, size, 3)
        return np.broadcast_to(colours[:, None, None].astype(np.uint8), shape).copy()

    def __len__(self) -> int:
        return len(self.labels)


@pytest.fixture
def make_set() -> Callable[..., CompressedDataset]:
    def make(
        names: tuple[str, ...] = ("ape", "bee", "cow"),
        counts: tuple[int, ...] | None = None,
        size: int = 32,
        factor: int = 1,
        method: str = "pca",
    ) -> CompressedDataset:
        counts = counts or (2,) * len(names)
        m, tiles = sum(counts), factor * factor
        edges = [(k * size) // factor for k in range(factor + 1)]
        boxes = [
            (edges[x], edges[y], edges[x + 1], edges[y + 1])
            for y in range(factor)
            for x in range(factor)
        ]
        tile_box = np.tile(np.array(boxes, dtype=np.int32), (m, 1, 1))
        source = np.zeros((m, tiles), dtype=np.int64)
        label = np.repeat(np.arange(len(names)), counts)
        manifest = Manifest(
            smallset="0",
            method=method,
            spec=method,
            seeds=Seeds(0, None),
            source=Origin("data/tiny/", "f", "train", 600, 600_000, "test split", ()),
            classes=names,
            folders=names,
            counts=counts,
            size=size,
            fit="squash",
            view="canvas",
            codec="png",
            precision="float32",
            device="cpu",
            made_with={},
            image_bytes=12_345,
            plan_sha256="0",
        )
        plan = Plan(size, "antialias", source, tile_box, tile_box, label)
        return Drawn(Path("nowhere"), manifest, (), plan, np.zeros(0, np.int64))

    return make


def colours(sheet: Image.Image) -> set[tuple[int, int, int]]:
    return {tuple(c) for c in np.unique(np.asarray(sheet).reshape(-1, 3), axis=0).tolist()}


def test_every_image_is_on_the_sheet_at_a_whole_factor(make_set):
    compressed = make_set(counts=(3, 3, 3))
    sheet = np.asarray(contact_sheet(compressed))
    for pixels in compressed.images():
        ys, xs = np.nonzero((sheet == pixels[0, 0]).all(axis=-1))
        side = ys.max() - ys.min() + 1
        assert side == xs.max() - xs.min() + 1
        assert side % 32 == 0
        assert side * side == len(ys)


def test_small_pixels_stay_crisp(make_set):
    compressed = make_set(size=8)
    assert len(colours(contact_sheet(compressed)) & {tuple(p[0, 0]) for p in compressed.images()})
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)
    object.__setattr__(compressed, "images", lambda rows, workers: np.stack([pixels] * len(rows)))
    found = colours(contact_sheet(compressed))
    assert {tuple(c) for c in pixels.reshape(-1, 3).tolist()} <= found


def test_seams_part_the_tiles_of_a_mosaic_and_nothing_else(make_set):
    plain, mosaic = make_set(), make_set(factor=2)
    a, b = np.asarray(contact_sheet(plain)), np.asarray(contact_sheet(mosaic))
    assert a.shape == b.shape
    differing = (a != b).any(axis=-1).mean()
    assert 0 < differing < 0.02
    assert (b.astype(int) >= a).all()


@pytest.mark.parametrize("width", [320, 700, 2000])
@pytest.mark.parametrize("size", [8, 96, 1000])
@pytest.mark.parametrize("count", [1, 50])
def test_a_sheet_is_never_wider_than_asked(make_set, width, size, count):
    sheet = contact_sheet(make_set(counts=(count,) * 3, size=size), width=width)
    assert sheet.width <= width
    assert sheet.height <= 1200


def test_a_thousand_classes_of_fifty_images_make_a_picture_of_sensible_size(make_set):
    names = tuple(f"a class with a rather long name, number {i}" for i in range(1000))
    sheet = contact_sheet(make_set(names, (50,) * 1000))
    assert sheet.width <= 1200
    assert sheet.height <= 2600


def test_what_is_left_out_is_said(make_set, monkeypatch):
    said: list[str] = []
    layouts = []

    def left_out(compressed, layout):
        layouts.append(layout)
        said.extend(_left_out(compressed, layout))
        return _left_out(compressed, layout)

    monkeypatch.setattr("smallset.report.sheet._left_out", left_out)
    names = tuple(str(i) for i in range(1000))
    contact_sheet(make_set(names, (50,) * 1000), per_class=8, classes=10)
    assert said == ["the first 8 images of 50 a class", "... and 990 more classes"]
    said.clear()
    contact_sheet(make_set(names[:11]), classes=10)
    assert said == ["... and 1 more class"]
    said.clear()
    contact_sheet(make_set())
    assert said == []
    contact_sheet(make_set(counts=(50,) * 3), per_class=50, width=400)
    assert said == [f"the first {layouts[-1].images} images of 50 a class"]


@pytest.mark.parametrize("names", [("", "\n", "\u732b"), ("x" * 500, "y", "z")])
def test_odd_names_can_be_drawn(make_set, names):
    sheet = contact_sheet(make_set(names, method="pca(" + "x" * 300 + ")"))
    assert sheet.width <= 1200
    assert len(set(sheet.tobytes())) > 2  # something was drawn on the background


def test_the_same_set_gives_the_same_picture(make_set):
    assert contact_sheet(make_set()).tobytes() == contact_sheet(make_set()).tobytes()


@pytest.mark.parametrize(
    ("classes", "fit", "columns"),
    [(10, 4, 2), (10, 5, 5), (11, 4, 4), (3, 9, 3), (1, 9, 1), (7, 2, 2), (5, 4, 3), (10, 1, 1)],
)
def test_columns_are_as_even_as_can_be(classes, fit, columns):
    assert _columns(classes, fit) == columns


def test_text_too_long_is_cut_with_three_dots():
    assert _fitting("short", 14, 200) == "short"
    cut = _fitting("x" * 100, 14, 200)
    assert cut.endswith("...")
    assert len(cut) < 60


def test_facts_go_to_the_next_line_where_they_do_not_fit():
    assert len(_wrapped(["a fact"] * 3, 1000)) == 1
    assert len(_wrapped(["a fact"] * 3, 100)) > 1
    assert _wrapped([], 100) == []


@pytest.mark.parametrize("option", [{"per_class": 0}, {"classes": -1}, {"width": 100}])
def test_an_option_that_leaves_no_room_is_named(make_set, option):
    (name, value), *_ = option.items()
    with pytest.raises(ValueError, match=rf"^{name}={value} is too small\. Give a .*, at least "):
        contact_sheet(make_set(), **option)
