import errno
import hashlib
import importlib
import os
import shutil
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from set_toy import ABOUT, make_plan, write

from smallset.store import render

# the name `smallset.store.write` is the function
WRITE = importlib.import_module("smallset.store.write")
CANVASES = importlib.import_module("smallset.store.canvases")


def hashes(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_set_is_files_by_class_in_order_of_choice(made, dataset):
    assert sorted(hashes(made.path)) == [
        "README.md",
        *(f"{name}/0000{rank}.png" for name in ("ape", "bee", "cow") for rank in (0, 1)),
        "manifest.json",
        "plan.parquet",
    ]
    np.testing.assert_array_equal(made.images()[1], dataset.pixels(1))


def test_two_writes_give_the_same_bytes_whatever_the_workers(tmp_path, dataset):
    plan = make_plan(ipc=4, factor=2)
    for codec in ("png", "jpeg:80", "webp:80"):
        one = write(plan, dataset, tmp_path / f"a{codec}", codec)
        two = write(plan, dataset, tmp_path / f"b{codec}", codec, workers=4)
        assert hashes(one.path) == hashes(two.path)
        assert one.manifest.digest == two.manifest.digest


def test_the_manifest_says_what_the_caller_said_and_what_was_written(tmp_path, plan, dataset):
    made = write(plan, dataset, tmp_path / "out").manifest
    assert (made.method, made.spec, made.view) == (ABOUT.method, ABOUT.spec, ABOUT.view)
    assert (made.images, made.ipc, made.counts) == (6, 2, (2, 2, 2))
    assert made.image_bytes == sum(f.stat().st_size for f in (tmp_path / "out").glob("*/*.png"))
    assert (made.source.images, made.source.bytes) == (12, dataset.encoded_bytes)
    assert made.source.skipped == ("bee/bad.png",)
    text = (tmp_path / "out/manifest.json").read_text()
    assert str(tmp_path) not in text


def test_classes_of_different_counts_have_no_ipc(tmp_path, plan, dataset):
    made = write(plan.take([0, 1, 2, 4, 5]), dataset, tmp_path / "out")
    assert (made.manifest.counts, made.manifest.ipc) == ((2, 1, 2), None)


def test_progress_counts_every_image_once(tmp_path, plan, dataset):
    seen: list[tuple[str, int, int]] = []

    def told(*step) -> None:
        seen.append(step)

    write(plan, dataset, tmp_path / "out", workers=2, progress=told)
    assert seen == [("write", done, 6) for done in range(1, 7)]


def test_only_a_few_canvases_wait_in_memory(tmp_path, dataset, monkeypatch):
    drawn, most_ahead, written = [0], [0], [0]
    lock = threading.Lock()

    def count(*arguments):
        with lock:
            drawn[0] += 1
            most_ahead[0] = max(most_ahead[0], drawn[0] - written[0])
        return render(*arguments)

    monkeypatch.setattr(CANVASES, "render", count)

    def step(stage: str, done: int, total: int) -> None:
        written[0] = done

    plan = make_plan(ipc=40)
    write(plan, dataset, tmp_path / "o", workers=2, progress=step)
    assert most_ahead[0] <= 2 * 2 + 1


@pytest.mark.parametrize("stop", [RuntimeError("boom"), KeyboardInterrupt()])
@pytest.mark.parametrize(
    "place", ["render", "write_file", "plan_bytes", "card", "check_output", "Path.rename"]
)
def test_an_interrupted_write_leaves_nothing(tmp_path, plan, dataset, monkeypatch, place, stop):
    calls = [0]

    def interrupt(*_: object, **__: object) -> None:
        calls[0] += 1
        raise stop

    if place == "Path.rename":
        monkeypatch.setattr("pathlib.Path.rename", interrupt)
    else:
        monkeypatch.setattr(CANVASES if place == "render" else WRITE, place, interrupt)
    with pytest.raises(type(stop)):
        write(plan, dataset, tmp_path / "out", workers=2)
    assert calls[0] > 0
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_in_the_middle_of_progress_leaves_nothing(tmp_path, plan, dataset):
    def stop(stage: str, done: int, total: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(plan, dataset, tmp_path / "o", workers=2, progress=stop)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_one_clear_error_and_leaves_nothing(tmp_path, plan, dataset, monkeypatch):
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("smallset.files.os.fsync", full)
    with pytest.raises(OSError, match=r"/out' cannot be written: the disk is full\. .* Free some"):
        write(plan, dataset, tmp_path / "out", workers=2)
    assert list(tmp_path.iterdir()) == []


def test_an_image_that_cannot_be_read_is_not_called_a_full_disk(
    tmp_path, plan, dataset, monkeypatch
):
    def gone(*_: object) -> None:
        raise FileNotFoundError("cow/1.png is gone")

    monkeypatch.setattr(CANVASES, "render", gone)
    with pytest.raises(FileNotFoundError, match=r"cow/1\.png is gone"):
        write(plan, dataset, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_partial_folder_of_a_killed_run_is_neither_used_nor_removed(tmp_path, plan, dataset):
    stale = tmp_path / ".out.partial-12345678"
    stale.mkdir()
    write(plan, dataset, tmp_path / "out")
    assert stale.is_dir()


def test_the_folder_can_be_read_by_others_as_any_new_folder_can(tmp_path, plan, dataset):
    (tmp_path / "plain").mkdir()
    write(plan, dataset, tmp_path / "out")
    assert (tmp_path / "out").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_no_canvas_is_still_drawn_when_a_failed_folder_is_removed(tmp_path, dataset, monkeypatch):
    drawing = threading.Lock()
    remove = shutil.rmtree

    def slow(*arguments):
        with drawing:
            time.sleep(0.01)
            return render(*arguments)

    def removing(*arguments, **options):
        assert not drawing.locked()
        remove(*arguments, **options)

    def stop(stage: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(CANVASES, "render", slow)
    monkeypatch.setattr("smallset.files.shutil.rmtree", removing)
    plan = make_plan(ipc=10)
    with pytest.raises(KeyboardInterrupt):
        write(plan, dataset, tmp_path / "o", workers=3, progress=stop)
    assert list(tmp_path.iterdir()) == []
