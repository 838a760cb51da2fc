import errno
import os

import pytest

from smallset.exchange.export import FORMATS, export_set
from smallset.files import write_file


def contents(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize("to", FORMATS)
def test_the_same_set_gives_the_same_bytes_and_its_records(made, tmp_path, to):
    export_set(made, tmp_path / "one", to=to)
    export_set(made, tmp_path / "two", to=to)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    records = () if to == "images" else ("manifest.json", "plan.parquet")
    for name in records:
        assert (tmp_path / "one" / name).read_bytes() == (made.path / name).read_bytes()
    assert sorted(os.listdir(tmp_path)) == ["made", "one", "two"]


def test_imagefolder_copies_every_file_below_train(made, tmp_path):
    export_set(made, tmp_path / "out", to="imagefolder")
    found = contents(tmp_path / "out")
    for file in made.files:
        assert found.pop(f"train/{file.path}") == (made.path / file.path).read_bytes()
    assert sorted(found) == ["README.md", "manifest.json", "plan.parquet"]
    assert sorted(os.listdir(tmp_path / "out" / "train")) == ["0_cow", "1_b_e e", "2_ape"]


@pytest.mark.parametrize("to", FORMATS)
def test_progress_reaches_the_number_of_images(made, tmp_path, to):
    seen = []
    export_set(made, tmp_path / "out", to=to, progress=lambda *told: seen.append(told))
    assert seen[-1] == ("export", 6, 6)


def test_an_unknown_format_is_an_error_with_the_nearest(made, tmp_path):
    with pytest.raises(
        ValueError,
        match=r"no export format 'webdata'\. Did you mean 'webdataset'\? Known: webdataset, hub",
    ):
        export_set(made, tmp_path / "out", to="webdata")
    assert not (tmp_path / "out").exists()


def test_an_output_that_exists_or_lies_inside_the_set_is_an_error(made, tmp_path):
    (tmp_path / "out").mkdir()
    with pytest.raises(FileExistsError, match=r"'.*/out' exists already, and nothing is overwrit"):
        export_set(made, tmp_path / "out", to="hub")
    with pytest.raises(
        ValueError, match=r"'.*/made/out' lies inside the set '.*/made', whose file"
    ):
        export_set(made, made.path / "out", to="hub")
    assert not (made.path / "out").exists()


@pytest.mark.parametrize("to", FORMATS)
@pytest.mark.parametrize("change", ["edit", "remove"])
def test_an_image_that_was_changed_is_an_error_and_leaves_nothing(made, tmp_path, to, change):
    path = made.path / made.files[3].path
    path.unlink() if change == "remove" else path.write_bytes(b"another")
    with pytest.raises(
        ValueError, match=r"00001.png' of .* was changed after it was written\. Resto"
    ):
        export_set(made, tmp_path / "out", to=to)
    assert os.listdir(tmp_path) == ["made"]


@pytest.mark.parametrize("to", FORMATS)
def test_a_full_disk_is_one_clear_error_and_leaves_nothing(made, tmp_path, monkeypatch, to):
    def full(path, content) -> None:
        if path.name == "README.md":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write_file(path, content)

    monkeypatch.setattr("smallset.exchange.export.write_file", full)
    with pytest.raises(OSError, match=r"out' cannot be written: the disk is full\. Nothing was"):
        export_set(made, tmp_path / "out", to=to)
    assert os.listdir(tmp_path) == ["made"]


def test_a_disk_that_fills_inside_a_shard_leaves_nothing(made, tmp_path, monkeypatch):
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    for to in ("hub", "webdataset"):
        with monkeypatch.context() as patch:
            patch.setattr("smallset.files.os.fsync", full)
            with pytest.raises(OSError, match="the disk is full"):
                export_set(made, tmp_path / "out", to=to)
        assert os.listdir(tmp_path) == ["made"]


@pytest.mark.parametrize("to", FORMATS)
def test_ctrl_c_leaves_nothing(made, tmp_path, to):
    def stop(*told: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export_set(made, tmp_path / "out", to=to, progress=stop)
    assert os.listdir(tmp_path) == ["made"]
