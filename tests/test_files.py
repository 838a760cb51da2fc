import errno
import os

import pytest

from smallset import files
from smallset.files import at_home, check_output, replacing, whole_folder, writing


def put(path, content):
    with replacing(path) as file:
        file.write(content)


def test_a_file_is_replaced_whole_or_stays(tmp_path, monkeypatch):
    path = tmp_path / "state.pt"
    put(path, b"one")
    put(path, b"two")
    assert path.read_bytes() == b"two"

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        put(path, b"three")
    assert path.read_bytes() == b"two"
    assert [p.name for p in tmp_path.iterdir()] == ["state.pt"]


def test_a_writer_that_is_stopped_changes_nothing(tmp_path):
    path, seen = tmp_path / "state.pt", []

    def stop() -> bytes:
        seen.extend(p.name for p in tmp_path.glob(".*"))
        raise KeyboardInterrupt

    put(path, b"one")
    with pytest.raises(KeyboardInterrupt), replacing(path) as file:
        file.write(stop())
    assert [name.startswith(".state.pt.partial-") for name in seen] == [True]
    assert path.read_bytes() == b"one"
    assert [p.name for p in tmp_path.iterdir()] == ["state.pt"]


def test_a_tilde_is_a_home_folder_and_that_of_nobody_stays(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert at_home("~/s.npy") == tmp_path / "s.npy"
    assert str(at_home("~nobody-at-all/s.npy")) == "~nobody-at-all/s.npy"


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


@pytest.mark.parametrize(
    ("out", "error", "said"),
    [
        ("no/out", FileNotFoundError, r"the folder '.*/no' does not exist\. Make it"),
        ("file/out", NotADirectoryError, r"'.*/file' is a file and not a folder"),
    ],
)
def test_a_parent_that_cannot_hold_an_output_is_named(tmp_path, out, error, said):
    (tmp_path / "file").touch()
    with pytest.raises(error, match=said):
        check_output(tmp_path / out)


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
        (errno.EROFS, r"the folder is read-only\. .* Make the folder writable, or choose"),
        (errno.EACCES, r"the folder is read-only"),
        (errno.EIO, r"Input/output error\. Nothing was left behind\. Mend this, or choose another"),
    ],
)
def test_what_the_system_says_becomes_one_clear_error(tmp_path, number, message):
    with pytest.raises(OSError, match=message), writing(tmp_path / "out"):
        raise OSError(number, os.strerror(number), str(tmp_path / "out/a/0.png"))
