"""compress() under a share of the data, with short and vanishing classes, and original bytes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cli_toy import contents, in_memory, picture, tree
from PIL import Image

import smallset
from smallset.data import Data
from smallset.methods import Pruned
from smallset.records import Selection
from smallset.report.sheet import contact_sheet
from smallset.store import Asked, read_manifest, verify

UNBALANCED = "el2n(epochs=1, observer=observer(epochs=1), select=easiest(balanced=false))"


pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture
def data() -> Data:
    return in_memory(np.repeat(np.arange(3), (10, 6, 3)))


@pytest.fixture
def scored(monkeypatch) -> None:
    """Scores as if an observer had looked: the images of class ape are the easiest, then cow."""

    def look(self, pool, seen):
        easiness = np.array([0, 2, 1])[pool.labels]
        return replace(pool, values=easiness.astype(np.float32))

    monkeypatch.setattr(Pruned, "_looked", look)


def test_a_share_of_each_class_is_kept_and_recorded(data):
    made = smallset.compress(data, "set", method="random", keep=0.5)
    assert (made.manifest.counts, made.manifest.ipc) == ((5, 3, 2), None)
    assert made.manifest.asked == Asked("keep=0.5")
    assert "| Asked for | `keep=0.5` |" in Path("set/README.md").read_text()
    verify(Path("set"))
    (result,) = smallset.evaluate(made, data, student="resnet8", seeds=1)
    assert (result.ipc, result.images) == (None, 10)


def test_a_smaller_share_is_a_prefix_of_a_larger_one(data):
    small = smallset.compress(data, "small", method="random", keep=0.3)
    large = smallset.compress(data, "large", method="random", keep=0.7)
    chosen = {c: large.plan.source[large.labels == c, 0].tolist() for c in range(3)}
    for c in range(3):
        mine = small.plan.source[small.labels == c, 0].tolist()
        assert mine == chosen[c][: len(mine)]


def test_a_plain_ipc_leaves_the_manifest_as_it_always_was(data):
    made = smallset.compress(data, "set", method="random", ipc=2)
    assert made.manifest.asked is None
    assert '"asked"' not in Path("set/manifest.json").read_text()
    assert "Asked for" not in Path("set/README.md").read_text()


def test_short_classes_give_what_they_have_and_are_named(data):
    with pytest.raises(
        ValueError, match=r"'cow', but it has 3\. Use ipc<=3\. Or let small classes give"
    ):
        smallset.compress(data, "set", method="random", ipc=5)
    made = smallset.compress(data, "set", method="random", ipc=5, short_classes="keep")
    assert made.manifest.counts == (5, 5, 3)
    assert made.manifest.asked == Asked("ipc=5", ("cow",))
    card = Path("set/README.md").read_text()
    assert "| Asked for | `ipc=5` |" in card
    assert "| Classes that gave all they had | 1: `cow` |" in card


def test_classes_may_vanish_from_an_unbalanced_selection(data, scored):
    made = smallset.compress(data, "set", method=UNBALANCED, ipc=4)
    m = made.manifest
    assert (m.counts, m.folders, m.vanished) == ((10, 0, 2), ("0_ape", "1_bee", "2_cow"), ("bee",))
    assert m.asked == Asked("ipc=4")
    assert sorted(p.name for p in Path("set").iterdir() if p.is_dir()) == ["0_ape", "2_cow"]
    assert read_manifest(Path("set")) == m
    assert verify(Path("set")).files == 12
    card = Path("set/README.md").read_text()
    assert "| Classes without an image | 1: `bee` |" in card
    assert "take the index from the front of a folder's name" in card
    assert contact_sheet(made).size[0] > 0
    assert contact_sheet(replace(made), classes=2).size[0] > 0
    (result,) = smallset.evaluate(made, data, student="resnet8", seeds=1)
    assert (result.classes, result.ipc, result.images) == (("ape", "bee", "cow"), None, 12)
    assert len(result.per_class) == 3
    assert result.vanished == ("bee",)


@pytest.mark.parametrize("to", ["hub", "imagefolder", "webdataset"])
def test_a_set_without_some_class_is_exported_and_comes_back_the_same(data, scored, to):
    made = smallset.compress(data, "set", method=UNBALANCED, ipc=4)
    smallset.export(made, "out", to=to)
    assert not [p for p in Path("out").rglob("*") if p.is_dir() and not list(p.iterdir())]
    if to == "webdataset":
        return
    options = {"student": "resnet8", "seeds": 1, "results": "r.jsonl"}
    (first,) = smallset.evaluate(made, data, **options)
    (again,) = smallset.evaluate("out", data, **options)
    assert again == first


def test_a_contact_sheet_of_vanished_classes_alone_is_drawn(data, monkeypatch):
    def look(self, pool, seen):
        return replace(pool, values=(-pool.labels).astype(np.float32))

    monkeypatch.setattr(Pruned, "_looked", look)
    made = smallset.compress(data, "set", method=UNBALANCED, ipc=1)
    assert made.manifest.counts == (0, 0, 3)
    assert contact_sheet(made, classes=2).size[0] > 0


def test_a_balanced_selector_that_leaves_out_a_class_is_still_an_error(data, monkeypatch):
    monkeypatch.setattr(Pruned, "of_pool", lambda *_, **__: Selection(np.arange(3)))
    with pytest.raises(ValueError, match=r"no image of class 'bee', but a set needs one of every"):
        smallset.compress(data, "set", method="random", ipc=1)
    assert contents(Path()) == ["cache"]


def test_an_unbalanced_mosaic_is_refused_before_anything_is_opened():
    said = r"select=easiest\(balanced=false\) takes any number .* multiple of 4\. Use factor=1"
    with pytest.raises(ValueError, match=said):
        smallset.compress("nowhere", "set", method="pca(select=easiest(balanced=false))", ipc=1)


def oblong(root: Path) -> Path:
    """Write images of several formats and shapes, one of them turned by its EXIF."""
    tree(root, {"ape": 2, "bee": 2})
    turned = Image.Exif()
    turned[0x0112] = 6
    wide = Image.fromarray(np.asarray(picture(3, 24))[:9])
    wide.save(root / "train/ape/wide.jpg", quality=90)
    wide.save(root / "train/ape/turned.jpg", quality=90, exif=turned)
    wide.save(root / "train/bee/wide.webp", quality=80)
    wide.convert("RGBA").save(root / "train/bee/wide.tif")
    return root


@pytest.mark.parametrize("fit", ["squash", "crop", "pad"])
def test_original_bytes_are_copied_and_seen_as_they_would_have_been_drawn(fit):
    oblong(Path("data"))
    drawn = smallset.compress("data", "drawn", method="random", ipc=4, size=12, fit=fit)
    made = smallset.compress(
        "data", "set", method="random", ipc=4, size=12, fit=fit, codec="original"
    )
    assert np.array_equal(made.images(), drawn.images())
    assert np.array_equal(made.images(np.array([3, 0]), workers=1), drawn.images()[[3, 0]])
    endings = sorted(file.path.rpartition(".")[2] for file in made.files)
    assert endings == ["jpg", "jpg", "png", "png", "png", "png", "tif", "webp"]
    source = {p.read_bytes() for p in Path("data/train").rglob("*.*")}
    assert {(Path("set") / file.path).read_bytes() for file in made.files} == source
    assert made.manifest.image_bytes == sum(map(len, source))
    assert verify(Path("set")).bytes == made.manifest.image_bytes
    assert "each of its own size, read at 12 x 12 px" in Path("set/README.md").read_text()


def test_original_bytes_are_evaluated_shown_and_exported_like_drawn_ones():
    oblong(Path("data"))
    options = {"method": "random(factor=1)", "ipc": 4, "size": 12}
    drawn = smallset.compress("data", "drawn", **options)
    made = smallset.compress("data", "set", codec="original", **options)
    (plain,) = smallset.evaluate(drawn, "data", student="resnet8", seeds=1)
    (result,) = smallset.evaluate(made, "data", student="resnet8", seeds=1, results="r.jsonl")
    assert (result.top1, result.loss) == (plain.top1, plain.loss)
    assert np.array_equal(contact_sheet(made).crop((0, 120, 99, 200)),
                          contact_sheet(drawn).crop((0, 120, 99, 200)))  # fmt: skip
    for to in ("hub", "imagefolder", "webdataset"):
        smallset.export(made, to, to=to)
    for to in ("hub", "imagefolder"):
        (again,) = smallset.evaluate(to, "data", student="resnet8", seeds=1, results="r.jsonl")
        assert again == result
    assert 'path: "train/*/*"' in Path("imagefolder/README.md").read_text()
    assert '.to_tuple("image", "cls", "json")' in Path("webdataset/README.md").read_text()


def test_original_bytes_of_nearest_sampling_are_read_by_nearest_sampling():
    oblong(Path("data"))
    method = "prune(select=random, mosaic=grid(resize=nearest))"
    drawn = smallset.compress("data", "drawn", method=method, ipc=4, size=5)
    made = smallset.compress("data", "set", method=method, ipc=4, size=5, codec="original")
    assert np.array_equal(made.images(), drawn.images())


def test_original_bytes_need_single_images_that_have_bytes(data, monkeypatch):
    tree(Path("data"))
    with pytest.raises(ValueError, match=r"a canvas of this method shows 4 of them\. Use another"):
        smallset.compress("data", "set", method="pca", ipc=1, codec="original")
    with pytest.raises(ValueError, match="'toy' has pixels and no encoded images"):
        smallset.compress(data, "set", method="random", ipc=1, codec="original")
    assert not Path("set").exists()
    assert not Path("cache/observers").exists()


def test_an_original_that_is_no_image_any_more_is_named_and_nothing_is_left():
    tree(Path("data"))
    opened = smallset.open_data("data", work=Path("cache"))
    (Path("data/train/bee/03.png")).write_bytes(b"words, now")
    said = r"'bee/03\.png' of 'data' is not an image of a known format, but was an image when it"
    with pytest.raises(ValueError, match=said):
        smallset.compress(opened, "set", method="random", ipc=8, codec="original")
    assert contents(Path()) != []
    assert not Path("set").exists()
    assert not [p for p in Path().iterdir() if "partial" in p.name]


def sizes(made) -> list[int]:
    return [len((made.path / file.path).read_bytes()) for file in made.files]


@pytest.mark.parametrize("method", ["random", "pca(score=none, select=random)", "k-center"])
def test_a_budget_in_bytes_holds_as_many_images_as_fit(method, tmp_path):
    data = tree(tmp_path / "data", {"ape": 9, "bee": 12})
    made = smallset.compress(data, "set", method=method, budget="bytes=1500")
    each, used = made.manifest.ipc, sum(sizes(made))
    assert used == made.manifest.image_bytes <= 1500
    assert made.manifest.asked == Asked("bytes=1.5kB")
    assert made.manifest.budget == "bytes=1.5kB"
    same = smallset.compress(data, "same", method=method, ipc=each)
    assert made.files == same.files
    if (each + 1) * made.tile_box.shape[1] <= 9:
        more = smallset.compress(data, "more", method=method, ipc=each + 1)
        assert more.manifest.image_bytes > 1500
    assert "Asked for | `bytes=1.5kB`" in Path("set/README.md").read_text()


def test_classes_that_gave_all_let_the_others_fill_the_bytes(data):
    made = smallset.compress(data, "set", method="random", budget="bytes=1MB", short_classes="keep")
    assert made.manifest.counts == (10, 6, 3)
    assert made.manifest.asked == Asked("bytes=1MB", ("bee", "cow"))
    all_equal = smallset.compress(data, "equal", method="random", budget="bytes=1MB")
    assert all_equal.manifest.counts == (3, 3, 3)


def test_an_unbalanced_choice_fills_the_bytes_image_by_image(data, scored):
    made = smallset.compress(data, "set", method=UNBALANCED, budget="bytes=3kB")
    taken = sizes(made)
    assert sum(taken) <= 3000 < sum(taken) + max(taken)
    assert made.manifest.counts == (10, 0, 1)


def test_bytes_of_original_images_are_counted(tmp_path):
    tree(tmp_path / "data", {"ape": 6, "bee": 6})
    made = smallset.compress(
        tmp_path / "data", "set", method="random", codec="original", budget="bytes=1kB"
    )
    assert sum(sizes(made)) <= 1000
    assert made.manifest.ipc >= 1


def test_drawn_images_fill_the_bytes_and_leave_no_parts_behind(data, tmp_path):
    made = smallset.compress(data, "set", method="noise", budget="bytes=1.5kB", work=tmp_path)
    assert sum(sizes(made)) <= 1500
    assert not [*tmp_path.rglob("rows-*.npy")]


def test_bytes_that_hold_no_image_of_each_class_are_refused_with_the_least_that_do(data):
    with pytest.raises(ValueError, match="has no room for one image of each class") as found:
        smallset.compress(data, "set", method="random", budget="bytes=100")
    least = str(found.value).partition("Give ")[2].split()[0]
    made = smallset.compress(data, "set", method="random", budget=least)
    assert made.manifest.counts == (1, 1, 1)
    assert Asked(least) == made.manifest.asked


def test_a_list_of_images_has_no_bytes(data):
    with pytest.raises(ValueError, match="a list of images has no image files that take bytes"):
        smallset.select(data, "list", method="random", budget="bytes=1kB")


@pytest.mark.parametrize(
    ("method", "ordered"),
    [
        ("random(factor=2)", True),
        ("spread(score=el2n(epochs=1, observer=observer(epochs=1)))", False),
        (UNBALANCED, False),
        ("prune(select=random, mosaic=sheet)", False),
    ],
)
def test_the_card_calls_the_first_files_the_smaller_set_only_if_they_are(method, ordered):
    made = smallset.compress(in_memory(), "set", method=method, ipc=2)
    text = (made.path / "README.md").read_text()
    assert ("the first ones are the smaller set" in text) == ordered
