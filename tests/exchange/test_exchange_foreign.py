"""Other people's folders and parquet files, read as sets."""

import hashlib
import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import datasets
import numpy as np
import pytest
from PIL import Image

from smallset.data import ImageDataset, content_of, pixel_cache
from smallset.desk import Desk
from smallset.exchange.foreign import as_found, read_foreign, set_name
from smallset.records import Classes
from smallset.store import PlainSet

ZOO = Classes(("cow", "ape", "bee"))
WHOLE = np.array([[0, 0, 6, 6]], np.int32)


def encoded(seed: int, width: int = 6, height: int = 6, form: str = "PNG") -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, form)
    return buffer.getvalue()


FILES = {
    "train/ape/b.png": encoded(1),
    "train/ape/a.png": encoded(2),
    "train/bee/x.jpg": encoded(3, form="JPEG"),
    "train/cow/y.png": encoded(4),
}


def folder(root: Path, files: Mapping[str, bytes] = FILES) -> Path:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return root


def parquet(root: Path, files: Mapping[str, bytes] = FILES, names=("bee", "ape", "cow")) -> Path:
    """Write the same images in the Hub's layout, with other indices."""
    root.mkdir()
    kind = datasets.ClassLabel(names=list(names))
    features = datasets.Features({"image": datasets.Image(), "label": kind})
    rows = {
        "image": [{"bytes": content, "path": None} for content in files.values()],
        "label": [names.index(name.split("/")[1]) for name in files],
    }
    table = datasets.Dataset.from_dict(rows, features=features)
    table.to_parquet(root / "train-00000-of-00001.parquet")
    return root


@pytest.fixture
def read(tmp_path) -> Callable[..., ImageDataset]:
    def read(given: str | Path, naming: Path | None = None, *, skip_bad: bool = False):
        desk = Desk(tmp_path / "work", skip_bad=skip_bad, workers=1)
        return read_foreign(given, ZOO, desk, data="zoo", naming=naming)

    (tmp_path / "work").mkdir()
    return read


def found(images: ImageDataset, *, size: int = 6, view: str = "canvas", tiles=WHOLE) -> PlainSet:
    return as_found(images, size=size, view=view, tiles=tiles)


def squares(made: PlainSet) -> np.ndarray:
    """Decode all images of a set as training does."""
    pixels = pixel_cache(made.dataset, made.facts.size, view=made.facts.fit, work=None, workers=1)
    return pixels.batch(np.arange(len(made.dataset))).permute(0, 2, 3, 1).numpy()


@pytest.mark.parametrize("layout", [folder, parquet])
def test_images_take_the_data_s_class_indices_and_order(read, tmp_path, layout):
    images = read(layout(tmp_path / "theirs"))
    made = found(images)
    assert made.dataset.labels.tolist() == [0, 1, 1, 2]
    assert made.facts.classes == ZOO.names
    assert made.facts.counts == (1, 2, 1)
    first = np.asarray(Image.open(io.BytesIO(FILES["train/cow/y.png"])))
    assert np.array_equal(squares(made)[0], first)
    assert {*made.content.tolist()} == {
        content_of(hashlib.sha256(content).digest()) for content in FILES.values()
    }
    assert made.facts.image_bytes == sum(map(len, FILES.values()))
    assert made.facts.images == 4


def test_class_folders_without_a_split_are_read_too(read, tmp_path):
    root = folder(tmp_path / "theirs", {k.removeprefix("train/"): v for k, v in FILES.items()})
    assert read(root).labels.tolist() == [0, 1, 1, 2]


def test_wordnet_folders_in_the_published_layout_map_by_a_file(read, tmp_path):
    ids = {"ape": "n02470325", "bee": "n02206856", "cow": "n01887787"}
    renamed = {name.replace(key, ids[key]): content
               for name, content in FILES.items() for key in ids if f"/{key}/" in name}  # fmt: skip
    root = folder(tmp_path / "2025-rethinkdc-imagenet-random-ipc-10", renamed)
    with pytest.raises(ValueError, match="only in the set: 'n01887787', 'n02206856', 'n02470325'"):
        read(root)
    naming = tmp_path / "classes.json"
    naming.write_text(json.dumps({"names": list(ids), "wnids": list(ids.values())}))
    made = found(read(root, naming))
    assert made.dataset.labels.tolist() == [0, 1, 1, 2]
    assert made.facts.spec == "foreign(2025-rethinkdc-imagenet-random-ipc-10)"


def test_the_hub_is_asked_by_key(read, tmp_path, monkeypatch):
    asked, root = [], parquet(tmp_path / "theirs")
    build = datasets.load_dataset_builder

    def load(name: str, config: str | None, **options: object) -> datasets.DatasetBuilder:
        asked.append((name, config))
        return build(str(root))

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "hub")
    monkeypatch.setattr(datasets, "load_dataset_builder", load)
    images = read("hf:he-yang/2025-rethinkdc-imagenet-random-ipc-10")
    assert asked == [("he-yang/2025-rethinkdc-imagenet-random-ipc-10", None)]
    assert images.name == "he-yang/2025-rethinkdc-imagenet-random-ipc-10"
    assert images.labels.tolist() == [0, 1, 1, 2]


def test_the_digest_names_the_content_and_how_it_is_read(read, tmp_path):
    images = read(folder(tmp_path / "theirs"))

    halves = np.array([[0, 0, 3, 6], [3, 0, 6, 6]], np.int32)
    (tmp_path / "elsewhere").mkdir()
    again = read(folder(tmp_path / "elsewhere" / "theirs"))
    assert found(again).digest == found(images).digest
    edited = {**FILES, "train/cow/y.png": encoded(9)}
    other = read(folder(tmp_path / "other" / "theirs", edited))
    changes = ({"size": 5}, {"view": "patch"}, {"tiles": halves})
    sets = (found(images), found(other), *(found(images, **change) for change in changes))
    assert len({made.digest for made in sets}) == 5


def test_a_foreign_set_has_no_seed_and_says_foreign(read, tmp_path):
    images = read(folder(tmp_path / "their set"))
    facts = found(images).facts
    assert (facts.method, facts.spec) == ("foreign", 'foreign("their set")')
    assert (facts.seeds.set, facts.seeds.observer) == (None, None)
    assert (facts.codec, facts.fit) == ("as found", "squash")


def test_every_image_has_the_same_tiles(read, tmp_path):
    halves = np.array([[0, 0, 3, 6], [3, 0, 6, 6]], np.int32)
    made = found(read(folder(tmp_path / "s")), view="patch", tiles=halves)
    assert made.tile_box.shape == (4, 2, 4)
    assert (made.tile_box == halves).all()


def test_oblong_images_are_squashed_to_the_size(read, tmp_path):
    halved = np.zeros((2, 4, 3), np.uint8)
    halved[:, 2:] = 200
    buffer = io.BytesIO()
    Image.fromarray(halved).save(buffer, "PNG")
    root = folder(tmp_path / "s", {**FILES, "train/cow/y.png": buffer.getvalue()})
    made = found(read(root), size=2, tiles=np.array([[0, 0, 2, 2]], np.int32))
    expected = Image.fromarray(halved).resize((2, 2), Image.Resampling.BILINEAR)
    assert np.array_equal(squares(made)[0], np.asarray(expected))


def test_an_image_that_changes_after_opening_is_an_error(read, tmp_path):
    root = folder(tmp_path / "theirs")
    made = found(read(root))
    (root / "train/ape/a.png").write_bytes(encoded(77))
    with pytest.raises(ValueError, match=r"'ape/a.png' of the set 'theirs' was changed .*Restore"):
        squares(made)


def test_bad_images_are_an_error_that_names_them_or_left_out_when_asked(read, tmp_path):
    bad = {"train/ape/c.png": b"", "train/bee/z.jpg": encoded(3, form="JPEG")[:300]}
    root = folder(tmp_path / "theirs", {**FILES, **bad})
    with pytest.raises(ValueError, match=r"2 bad files: 'ape/c.png' is empty .*--skip-bad"):
        read(root)
    images = read(root, skip_bad=True)
    assert images.labels.tolist() == [0, 1, 1, 2]
    assert images.skipped == ("ape/c.png", "bee/z.jpg")


def test_an_empty_class_is_an_error_that_names_it(read, tmp_path):
    root = folder(tmp_path / "theirs")
    (root / "train/bee/x.jpg").unlink()
    with pytest.raises(
        ValueError,
        match=r"set 'theirs' has no image of .* 'bee'\. Every .* Add some, or test on data without",
    ):
        read(root)


def test_a_folder_without_labels_is_an_error(read, tmp_path):
    root = folder(tmp_path / "theirs", {"a.png": encoded(1), "b.png": encoded(2)})
    with pytest.raises(ValueError, match=r"holds no images in a layout that is understood"):
        read(root)


def test_parquet_without_labels_is_an_error_that_lists_the_columns(read, tmp_path):
    root = tmp_path / "theirs"
    root.mkdir()
    features = datasets.Features({"image": datasets.Image()})
    table = datasets.Dataset.from_dict(
        {"image": [{"bytes": encoded(1), "path": None}]}, features=features
    )
    table.to_parquet(root / "train.parquet")
    with pytest.raises(ValueError, match=r"has no label column; its columns are \['image'\]"):
        read(root)


def test_a_set_that_is_missing_is_an_error(read, tmp_path, monkeypatch):
    with pytest.raises(FileNotFoundError, match=r"'.*/no' does not exist\. Give the folder"):
        read(tmp_path / "no")

    def load(*arguments: object, **options: object) -> None:
        raise ConnectionError("Couldn't reach the Hub")

    monkeypatch.setattr("datasets.load_dataset_builder", load)
    with pytest.raises(FileNotFoundError, match="'hf:no/such' could not be read"):
        read("hf:no/such")


def test_a_set_is_named_after_its_folder_or_its_place_on_the_hub(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert set_name("a/b/") == "b"
    assert set_name(".") == tmp_path.name
    assert set_name("hf:he-yang/some-set") == "he-yang/some-set"
