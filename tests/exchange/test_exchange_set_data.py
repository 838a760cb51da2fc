"""A set that smallset wrote, opened as data."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest
from set_toy import NUMBERED, make_dataset

from smallset.data import CUT_OFF, Data, Folder, content_of, open_data
from smallset.desk import Desk
from smallset.exchange.export import export_set
from smallset.exchange.set_data import check_held_out, check_unseen, open_any
from smallset.records import Classes
from smallset.store import open_set


@pytest.fixture(autouse=True)
def work(tmp_path):
    (tmp_path / "work").mkdir()


@pytest.fixture
def judge(monkeypatch):
    """Let the name "judge" stand for data whose held-out images the test chooses."""

    def judge(
        test=None, held_out: str = "test split of the source", fingerprint: str = "j"
    ) -> None:
        train = make_dataset(names=NUMBERED)
        test = replace(make_dataset(names=NUMBERED, per_class=2, size=5) if test is None else test)
        data = Data("judge", train, test, held_out, fingerprint)
        monkeypatch.setattr("smallset.exchange.set_data.open_data", lambda *_, **__: data)

    return judge


def test_the_canvases_are_the_training_split_under_the_manifest_s_classes(make, tmp_path):
    made = make()
    for given in (made, made.path, str(made.path), Folder(str(made.path))):
        data = open_any(given, Desk(tmp_path / "work"))
        assert data.name == "made"
        assert data.train.classes.names == NUMBERED
        assert made.manifest.folders == ("0_cow", "1_b_e e", "2_ape")
        assert data.train.labels.tolist() == [0, 0, 1, 1, 2, 2]
        assert data.train.id(2) == "1_b_e e/00000.png"
        assert np.array_equal(data.train.pixels(2), made.images(workers=1)[2])
        assert data.fingerprint == data.train.fingerprint == made.digest
        assert data.train.encoded_bytes == made.manifest.image_bytes
        assert data.notes[0].endswith("each of its mosaics of 4 tiles counts as one image")
        assert data.made_from == (made.digest, "f" * 64)
    sha = [hashlib.sha256(data.train.encoded(i)).digest() for i in range(6)]
    assert data.train.content.tolist() == list(map(content_of, sha))


def test_original_bytes_have_their_own_sizes(make, tmp_path):
    made = make("original", factor=1)
    data = open_any(replace(made, manifest=replace(made.manifest, size=3)), Desk(tmp_path))
    assert data.train.sizes.tolist() == [[6, 6]] * 6
    assert data.notes == ("a set that smallset wrote",)


@pytest.mark.parametrize("to", ["hub", "imagefolder"])
def test_an_export_is_the_same_data(make, tmp_path, to):
    made = make()
    export_set(made, tmp_path / "out", to=to)
    data = open_any(tmp_path / "out", Desk(tmp_path / "work"))
    assert data.fingerprint == made.digest
    assert np.array_equal(data.train.pixels(5), made.images(workers=1)[5])


def test_a_changed_image_is_named_when_it_is_read(make, tmp_path):
    made = make()
    (made.path / made.files[3].path).write_bytes(b"other")
    data = open_any(made.path, Desk(tmp_path / "work"))
    with pytest.raises(ValueError, match=r"'1_b_e e/00001.png' of the set '.*made' was changed"):
        data.train.pixels(3)


def test_nothing_is_cut_off_a_set(make, tmp_path):
    data = open_any(make().path, Desk(tmp_path / "work"))
    assert (len(data.train), len(data.test)) == (6, 0)
    with pytest.raises(
        ValueError, match=r"set 'made' has no held-out images: .*\. Needed .*\. Give --test DATA"
    ):
        check_held_out(data)
    with pytest.raises(ValueError, match=r"made' is a set that smallset wrote, and is not read as"):
        open_data(make_path := tmp_path / "made", work=tmp_path / "work")
    with pytest.raises(ValueError, match="--train made names a set that smallset wrote, which has"):
        open_any(Folder(str(tmp_path), train="made"), Desk(tmp_path / "work"))
    export_set(open_set(make_path), tmp_path / "out", to="imagefolder")
    with pytest.raises(
        ValueError, match=r"train' is a set that smallset wrote, and is not read as"
    ):
        open_any(tmp_path / "out" / "train", Desk(tmp_path / "work"))
    (make_path / "manifest.json").write_text("{")
    with pytest.raises(ValueError, match="is not valid JSON"):
        open_any(make_path, Desk(tmp_path / "work"))


def test_other_data_gives_the_held_out_images(make, judge, tmp_path):
    made = make()
    judge()
    given = Folder(str(made.path), test="judge")
    data = open_any(given, Desk(tmp_path / "work"))
    assert open_any(str(given), Desk(tmp_path / "work")).fingerprint == data.fingerprint
    assert len(data.test) == 6
    assert data.fingerprint == data.train.fingerprint not in (made.digest, "j")
    assert data.notes[-1] == "the held-out images are those of 'judge'"
    check_held_out(data)


def test_held_out_images_that_the_set_shows_are_an_error(make, judge, tmp_path):
    made = make()
    judge(make_dataset(names=NUMBERED))
    with pytest.raises(ValueError, match=r"made' holds 12 of the 12 held-out images of 'judge'"):
        open_any(Folder(str(made.path), test="judge"), Desk(tmp_path / "work"))


def test_a_cut_of_another_state_of_the_data_is_an_error(make, judge, tmp_path):
    made = make()
    judge(held_out=CUT_OFF)
    with pytest.raises(ValueError, match="was made from another state of the data than 'judge'"):
        open_any(Folder(str(made.path), test="judge"), Desk(tmp_path / "work"))
    judge(held_out=CUT_OFF, fingerprint="f" * 64)
    data = open_any(Folder(str(made.path), test="judge"), Desk(tmp_path / "work"))
    check_unseen(made, data)
    older = replace(made.manifest.source, fingerprint="of a set")
    again = replace(made, manifest=replace(made.manifest, source=older))
    with pytest.raises(ValueError, match="another state"):
        check_unseen(again, data)
    made_with = {"made_from": f"{made.digest} {'f' * 64}"}
    check_unseen(replace(again, manifest=replace(again.manifest, made_with=made_with)), data)


def test_parts_and_classes_that_do_not_fit_are_errors(make, judge, tmp_path):
    made = make()
    with pytest.raises(ValueError, match=r"all of its images are for training\. Leave --train out"):
        open_any(Folder(str(made.path), train="0_cow"), Desk(tmp_path / "work"))
    judge()
    others = replace(made.manifest, classes=NUMBERED[::-1])
    (made.path / "manifest.json").write_text(others.to_json())
    told: list[Classes] = []
    open_any(made.path, Desk(tmp_path / "work"), fits=told.append)
    assert told == [Classes(NUMBERED[::-1])]


def test_a_set_that_lacks_a_class_is_an_error(make, tmp_path):
    made = make()
    lacking = replace(made, manifest=replace(made.manifest, counts=(4, 2, 0)))
    with pytest.raises(ValueError, match=r"set 'made' has no image of 'ape', but data needs"):
        open_any(lacking, Desk(tmp_path / "work"))
    assert open_set(made.path).manifest == made.manifest
