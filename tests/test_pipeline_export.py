import pickle
from pathlib import Path

import pytest
from cli_toy import contents, tree

import smallset


@pytest.fixture
def made(quick, tmp_path):
    method = "prune(select=random, mosaic=sheet(columns=2))"
    return smallset.compress(tree(tmp_path / "data"), "set", method=method, ipc=4)


@pytest.mark.parametrize("opened", [False, True])
def test_a_set_or_its_folder_is_exported_and_the_folder_given_back(made, opened):
    seen = []
    out = smallset.export(
        made if opened else "set", "out", to="hub", progress=lambda *told: seen.append(told)
    )
    assert out == Path("out")
    assert seen == [("export", 3, 3)]
    assert "data/train-00000-of-00001.parquet" in contents(out)


@pytest.mark.parametrize("to", ["hub", "imagefolder", "webdataset"])
def test_an_export_is_not_exported_again(made, to):
    smallset.export(made, "out", to=to)
    with pytest.raises(ValueError, match=f"out' is an export to {to}. Needed the set as it was"):
        smallset.export("out", "again", to="hub")
    assert not Path("again").exists()


@pytest.mark.parametrize("to", ["hub", "imagefolder"])
def test_an_export_gives_the_images_that_its_card_promises(made, to):
    out = smallset.export(made, "out", to=to)
    assert "`smallset.open_set(PATH)`" in (out / "README.md").read_text()
    again = pickle.loads(pickle.dumps(smallset.open_set(out)))  # as a DataLoader's worker gets it
    assert (again.images() == made.images()).all()
    image, label = again[5]
    assert (image.shape, label) == ((3, 8, 8), 1)


def test_a_set_as_it_was_made_is_opened(made):
    assert smallset.open_set("set").manifest == made.manifest


def test_a_stream_is_refused_and_its_card_promises_nothing(made):
    out = smallset.export(made, "out", to="webdataset")
    assert "open_set" not in (out / "README.md").read_text()
    with pytest.raises(ValueError, match="is an export for webdataset, which can only be streamed"):
        smallset.open_set(out)
