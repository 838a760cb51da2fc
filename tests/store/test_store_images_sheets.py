"""Sets of sheets on disk: written, read back image by image, and damaged."""

import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from cli_toy import tree
from PIL import Image

import smallset
from smallset.data import cores
from smallset.exchange.export import export_set
from smallset.store import Codec, images, open_set, read_manifest, verify
from smallset.store.images import CheckedRows

METHOD = "prune(select=random, mosaic=sheet(side={side}, columns=3))"


def make(folder, codec="png", side=8, **options):
    data = folder / "data"
    if not data.exists():
        tree(data, {"ape": 12, "bee": 12, "cow": 12})
    options = {"ipc": 11} | options
    out = folder / f"{codec.replace(':', '-')}-{side}-{'-'.join(map(str, options.values()))}"
    method = METHOD.format(side=side)
    work = folder / "work"
    return smallset.compress(data, out, method=method, codec=codec, work=work, **options)


def test_every_image_of_a_sheet_is_an_image_of_the_set(tmp_path):
    made = make(tmp_path)
    manifest = read_manifest(made.path)
    assert (manifest.images, manifest.ipc, manifest.size, manifest.sheet) == (33, 11, 8, 48)
    assert len(made.files) == 6  # nine and two of each class
    assert len(made) == len(made.labels) == len(made.dataset) == 33
    assert made.tile_box.tolist() == [[[0, 0, 8, 8]]] * 33
    source = smallset.open_data(tmp_path / "data", work=tmp_path / "work").train
    shown = made.plan.source[made.plan.source >= 0].tolist()
    assert (made.images() == np.stack([source.pixels(i) for i in shown])).all()
    assert (made.labels == source.labels[shown]).all()
    assert verify(made.path).files == 6
    assert made.dataset.id(10) == "ape/00001.png#1"
    assert len({*made.dataset.content.tolist()}) == 33


def test_students_train_on_images_at_the_size_of_the_set_wherever_they_are_stored(tmp_path, quick):
    small = make(tmp_path, side=4)
    assert small.images().shape == (33, 8, 8, 3)
    assert small.dataset.pixels(0).shape == (4, 4, 3)
    (result,) = smallset.evaluate(
        small, tmp_path / "data", student="resnet8", seeds=1, work=tmp_path / "work"
    )
    assert (result.images, result.ipc, result.size) == (33, 11, 8)


def test_each_sheet_is_decoded_once_by_many_threads(tmp_path, monkeypatch):
    made = make(tmp_path)
    read: list[int] = []
    once = CheckedRows.read
    monkeypatch.setattr(CheckedRows, "read", lambda self, row: read.append(row) or once(self, row))
    with ThreadPoolExecutor(8) as pool:
        pixels = list(pool.map(made.dataset.pixels, [*range(33)] * 4))
    assert sorted(read) == [0, 1, 2, 3, 4, 5]
    again = pickle.loads(pickle.dumps(made.dataset))
    assert (again.pixels(7) == pixels[7]).all()
    monkeypatch.setattr(images, "KEPT_BYTES", 1)
    few = open_set(made.path)
    assert (few.images(workers=cores()) == made.images()).all()


@pytest.mark.parametrize("codec", ["webp:50", "avif:60", "jpeg:50", "png"])
def test_a_sheet_set_has_the_same_bytes_in_every_run(codec, tmp_path):
    made, again = make(tmp_path, codec), make(tmp_path, codec, workers=1)
    assert made.files == again.files
    assert made.images().shape == (33, 8, 8, 3)
    again = make(tmp_path, codec, budget=f"bytes={made.manifest.image_bytes}", ipc=None)
    assert again.files == made.files


def test_the_margin_of_a_sheet_goes_on_with_the_edge_of_its_image(tmp_path):
    made = make(tmp_path, side=10)
    sheet = np.asarray(Image.open(made.path / made.files[0].path))
    assert (sheet[:10, 10:16] == sheet[:10, 9:10]).all()
    assert (sheet[10:16, :16] == sheet[9, :16]).all()


def test_a_sheet_cut_short_is_refused_by_name(tmp_path):
    made = make(tmp_path, "webp:50")
    file = made.path / made.files[2].path
    file.write_bytes(file.read_bytes()[:-9])
    with pytest.raises(ValueError, match=r"'bee/00000\.webp' of the set .* was changed"):
        open_set(made.path).images()
    # The maker of a set may have recorded a bad file.
    bad = replace(made, files=(*made.files[:2], _as_is(made, 2), *made.files[3:]))
    with pytest.raises(ValueError, match=r"'bee/00000\.webp' .* is damaged or cut short"):
        bad.images()


def _as_is(made, row):
    import hashlib

    content = (made.path / made.files[row].path).read_bytes()
    return replace(made.files[row], sha256=hashlib.sha256(content).hexdigest())


def test_a_sheet_of_another_size_is_refused(tmp_path):
    made = make(tmp_path)
    file = made.path / made.files[0].path
    file.write_bytes(Codec("png").encode(np.zeros((32, 32, 3), np.uint8)))
    bad = replace(made, files=(_as_is(made, 0), *made.files[1:]))
    with pytest.raises(ValueError, match="is 32 x 32 pixels, but the manifest says 48 x 48"):
        bad.images()


def test_a_sheet_cannot_be_a_copy_of_a_file(tmp_path):
    with pytest.raises(ValueError, match="a sheet of this method shows several of them"):
        make(tmp_path, "original")


def test_a_sheet_set_is_data_for_another_set_but_has_no_files_to_copy(tmp_path):
    made = make(tmp_path)
    again = smallset.compress(made, tmp_path / "again", method="random", ipc=2)
    assert again.manifest.source.images == 33
    with pytest.raises(ValueError, match="has pixels and no encoded images"):
        smallset.compress(made, tmp_path / "copy", method="random", ipc=2, codec="original")


@pytest.mark.parametrize("to", ["hub", "imagefolder"])
def test_an_export_reads_as_the_same_set(to, tmp_path):
    made = make(tmp_path)
    out = smallset.export(made, tmp_path / to, to=to)
    again = smallset.compress(out, tmp_path / "again", method="random", ipc=11)
    assert again.manifest.source.images == 33


def test_an_export_to_images_has_a_file_for_each_image(tmp_path):
    made = make(tmp_path, "webp:50")
    export_set(made, tmp_path / "images", to="images")
    files = sorted((tmp_path / "images" / "train").rglob("*.png"))
    assert [str(file.relative_to(tmp_path / "images" / "train")) for file in files][8:11] == [
        "ape/00000-8.png", "ape/00001-0.png", "ape/00001-1.png",
    ]  # fmt: skip
    pixels = np.stack([np.asarray(Image.open(file)) for file in files])
    assert (pixels == made.images()).all()
    plain = smallset.open_data(tmp_path / "images", work=tmp_path / "work")
    assert len(plain.train) + len(plain.test) == 33
