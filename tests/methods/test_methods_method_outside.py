"""Methods from outside of the package: no composition, no sources, made in parts."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from cli_toy import in_memory
from own_method import InAll, Wave

import smallset
from smallset.methods import METHODS
from smallset.parallel import Here


@pytest.fixture
def data(tmp_path, monkeypatch) -> smallset.data.Data:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(METHODS, "wave", Wave)
    return in_memory()


def test_a_method_that_draws_its_own_images_makes_a_set_like_any_other(data):
    made = smallset.compress(data, "set", method="wave", ipc=2, seed=5, work=Path("w"))
    assert made.manifest.spec == "wave(stops_at=none, view=canvas(scale=(0.08, 1.0), "\
        "ratio=(0.75, 1.3333333333333333), flip=0.5))"  # fmt: skip
    assert made.manifest.made_with == {"waves": "2"}
    assert made.images()[:, 0, 0, 0].tolist() == [6, 6, 10, 10, 14, 14]
    assert (made.plan.source == -1).all()
    assert smallset.verify(made.path).files == 6
    assert not list(Path("w/parts").iterdir())  # what was kept is gone once the set stands


def test_parts_on_workers_give_the_same_bytes(data):
    here = smallset.compress(data, "here", method="wave", ipc=3, work=Path("w"))
    there = smallset.compress(data, "there", method="wave", ipc=3, work=Path("w"), spread=Here(2))
    assert here.manifest.digest == there.manifest.digest


KILLED = """
import sys; sys.path.insert(0, {tests!r})
from pathlib import Path
import smallset
from cli_toy import in_memory
from own_method import Wave
smallset.compress(in_memory(), "set", method=Wave(stops_at=4), ipc=2, work=Path("w"))
"""


@pytest.fixture(scope="module")
def killed(tmp_path_factory) -> Path:
    """The folder that a process was killed in, when it had kept two parts of three."""
    folder = tmp_path_factory.mktemp("killed")
    code = KILLED.format(tests=str(Path(__file__).parents[1]))
    assert subprocess.run([sys.executable, "-c", code], cwd=folder).returncode == 9
    return folder


def test_a_set_killed_between_two_parts_goes_on_there(killed, data):
    shutil.copytree(killed, ".", dirs_exist_ok=True)
    assert not Path("set").exists()
    assert Path("drawn.txt").read_text().split() == ["0", "2"]
    made = smallset.compress(data, "set", method=Wave(), ipc=2, work=Path("w"))
    assert Path("drawn.txt").read_text().split() == ["0", "2", "4"]
    whole = smallset.compress(data, "whole", method=Wave(), ipc=2, work=Path("other"))
    np.testing.assert_array_equal(made.images(), whole.images())


def test_what_needs_sources_is_refused(data):
    with pytest.raises(ValueError, match=r"codec 'original' copies .* but this method draws its"):
        smallset.compress(data, "set", method="wave", ipc=1, work=Path("w"), codec="original")
    with pytest.raises(ValueError, match="draws its own images, so there is no list"):
        smallset.select(data, "list", method="wave", ipc=1, work=Path("w"))


def test_a_budget_of_a_new_kind_is_one_class_and_one_line(data, monkeypatch):
    from smallset import budget

    monkeypatch.setitem(budget.BUDGETS, "total", InAll)
    made = smallset.compress(data, "set", method="random", budget="total=7", work=Path("w"))
    assert (made.manifest.counts, made.manifest.asked.budget) == ((3, 2, 2), "total=7")
    with pytest.raises(ValueError, match=r"total=2 leaves no image for the class 'cow', but"):
        smallset.compress(data, "none", method="random", budget="total=2", work=Path("w"))
    for text in ("total=0", "total=-3", "total=abc"):
        with pytest.raises(ValueError, match=r"total=.* (too small|not a whole number)"):
            smallset.compress(data, "none", method="random", budget=text, work=Path("w"))


@pytest.mark.parametrize("damage", [b"", b"\x93NUMPY", None])
def test_a_kept_part_that_is_damaged_or_gone_is_made_again(killed, data, damage):
    shutil.copytree(killed, ".", dirs_exist_ok=True)
    first = min(Path("w/parts").glob("*/rows-*.npy"))
    if damage is None:
        np.save(first, np.zeros((1, 8, 8, 3), np.float32))
    else:
        first.write_bytes(damage)
    made = smallset.compress(data, "set", method=Wave(), ipc=2, work=Path("w"))
    assert Path("drawn.txt").read_text().split() == ["0", "2", "0", "4"]
    whole = smallset.compress(data, "whole", method=Wave(), ipc=2, work=Path("other"))
    np.testing.assert_array_equal(made.images(), whole.images())
