import errno
import os

import pytest

from smallset.files import check_output, whole_folder, writing


def test_an_output_that_exists_names_itself_and_the_way_out(tmp_path):
    (tmp_path / "file").touch()
    os.symlink("nowhere", tmp_path / "dangling")
    for out in (tmp_path, tmp_path / "file", tmp_path / "dangling"):
        with pytest.raises(FileExistsError) as caught:
            check_output(out)
        assert str(caught.value) == (
            f"'{out}' exists already, and nothing is overwritten. Choose another name, or move or "
            f"delete it first."
        )


def test_a_missing_parent_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"the folder '.*/no' does not exist\. Make it"):
        check_output(tmp_path / "no" / "out")


def test_a_parent_that_is_a_file_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError, match=r"'.*/file' is a file and not a folder"):
        check_output(tmp_path / "file" / "out")


def test_a_read_only_parent_is_named(tmp_path, monkeypatch):
    # the user may be root, whom permissions do not stop
    monkeypatch.setattr("smallset.files.os.access", lambda path, mode: False)
    with pytest.raises(PermissionError, match=r"is read-only for you\. Choose another place"):
        check_output(tmp_path / "out")


def test_a_folder_that_appears_in_the_meantime_is_not_replaced(tmp_path):
    with pytest.raises(FileExistsError, match="exists already"), whole_folder(tmp_path / "out"):
        (tmp_path / "out").mkdir()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_the_folder_is_not_there_before_it_is_whole(tmp_path):
    with whole_folder(tmp_path / "out") as partial:
        assert not (tmp_path / "out").exists()
        assert partial.parent == tmp_path
        (partial / "file").touch()
    assert (tmp_path / "out" / "file").exists()


def test_a_name_as_long_as_the_system_allows_can_be_made(tmp_path):
    with whole_folder(tmp_path / ("x" * 255)):
        pass
    assert (tmp_path / ("x" * 255)).is_dir()


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (errno.ENOSPC, r"the disk is full\. Nothing was left behind\. Free some space"),
        (errno.EDQUOT, r"the disk is full"),
        (errno.EROFS, r"the folder is read-only\. .* Choose a place that you can write to"),
        (errno.EACCES, r"the folder is read-only"),
        (errno.EIO, r"Input/output error\. Nothing was left behind\. Choose another place"),
    ],
)
def test_what_the_system_says_becomes_one_clear_error(tmp_path, number, message):
    with pytest.raises(OSError, match=message), writing(tmp_path / "out"):
        raise OSError(number, os.strerror(number), str(tmp_path / "out/a/0.png"))
