import errno
import os

import pytest

from smallset import files
from smallset.files import at_home, replacing


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
