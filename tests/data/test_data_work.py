import errno
import os

import pytest

from smallset.data.work import check_work, keeping


def test_a_work_folder_is_made_where_it_is_missing(tmp_path):
    check_work(tmp_path / "a/b")
    check_work(tmp_path / "a/b")
    assert (tmp_path / "a/b").is_dir()


def test_a_work_folder_that_cannot_be_made_or_written_names_the_way_out(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=r"'.*file' cannot be made \(File exists\).*--work DIR"):
        check_work(tmp_path / "file")
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(OSError, match=r"' is read-only for you\. Needed a folder.*--work DIR"):
        check_work(tmp_path)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_said_to_be_the_work_folders(tmp_path, code):
    said = r"cannot take more: the disk is full\. .*--work DIR"
    with pytest.raises(OSError, match=said), keeping(tmp_path):
        raise OSError(code, "full")


def test_other_errors_pass_as_they_are(tmp_path):
    for error in (FileNotFoundError("no data"), ValueError("bad"), OSError(errno.EIO, "io")):
        with pytest.raises(type(error)) as caught, keeping(tmp_path):
            raise error
        assert caught.value is error
