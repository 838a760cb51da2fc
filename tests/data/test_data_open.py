import os

import numpy as np
import pytest

from smallset.data import open_data


def test_a_missing_path_is_an_error_that_knows_digits(work):
    with pytest.raises(FileNotFoundError, match=r"no data set 'digit'\. Did you mean 'digits'\?"):
        open_data("digit", work=work)
    with pytest.raises(FileNotFoundError, match=r"no data set 'no/such'\. Needed 'digits', the pa"):
        open_data("no/such", work=work)


def test_a_file_is_an_error(work, tmp_path):
    (tmp_path / "a.png").write_bytes(b"x")
    with pytest.raises(NotADirectoryError, match=r"a\.png' is a file; needed a folder.*Give the"):
        open_data(tmp_path / "a.png", work=work)


def test_a_work_folder_that_cannot_be_made_is_an_error(write_folder, tmp_path):
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(OSError, match=r"work folder '.*file/work' cannot be made .*--work DIR"):
        open_data(write_folder({"ape/1.png": 1}), work=tmp_path / "file" / "work")


def test_the_name_is_the_folders(write_folder, work, monkeypatch):
    root = write_folder({f"{c}/{k}.png": ord(c) + k for c in "ab" for k in range(2)})
    monkeypatch.chdir(root)
    assert open_data(".", work=work).name == "set"


def test_real_cifar10_opens_as_expected(real_data, tmp_path):
    """Opens only the index of the small test file's split: the whole set takes seconds."""
    os.symlink(real_data / "cifar10/test-00000-of-00001.parquet", tmp_path / "train.parquet")
    data = open_data(tmp_path, work=tmp_path / "work")
    assert data.train.classes.names[:2] == ("airplane", "automobile")
    assert (len(data.train), len(data.test)) == (8000, 2000)
    assert np.bincount(data.test.labels).tolist() == [200] * 10
    assert data.train.pixels(0).shape == (32, 32, 3)


@pytest.mark.slow
def test_real_sets_have_their_published_sizes(real_data, work):
    cifar = open_data(real_data / "cifar10", work=work)
    assert (len(cifar.train), len(cifar.test)) == (50_000, 10_000)
    assert cifar.held_out == "test split of the source"
    nette = open_data(real_data / "imagenette-224", work=work)
    assert (len(nette.train), len(nette.test)) == (9_469, 3_925)
    assert nette.held_out == "validation split of the source (it has no test split)"
    assert (nette.train.sizes == 224).all()
