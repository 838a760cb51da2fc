import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from labels_toy import bright_images, bright_teacher, files

from smallset.labels import teacher_top1
from smallset.models.teacher import Teacher
from smallset.train.device import Machine
from smallset.train.shown import InMemory

HERE = Machine("cpu", "float32", 1)
LABELS = np.arange(30) % 3


def images(labels: np.ndarray = LABELS, size: int = 8) -> InMemory:
    return InMemory(torch.from_numpy(bright_images(labels, size=size)).permute(0, 3, 1, 2))


def measured(
    teacher: Teacher,
    work: Path,
    *,
    shown: InMemory | None = None,
    data: str = "d",
    machine: Machine = HERE,
    labels: np.ndarray = LABELS,
) -> float:
    return teacher_top1(teacher, shown or images(), labels, data=data, machine=machine, work=work)


def test_the_fraction_of_right_answers_is_given_and_kept_with_what_made_it(tmp_path):
    wrong = LABELS.copy()
    wrong[:3] = (LABELS[:3] + 1) % 3
    assert measured(bright_teacher(), tmp_path, shown=images(wrong)) == 27 / 30
    (file,) = files(tmp_path)
    kept = json.loads(file.read_text())
    assert (kept["top1"], kept["sha256"]) == (0.9, "a" * 64)
    assert (kept["data"], kept["size"], kept["precision"]) == ("d", 8, "float32")


def test_a_teacher_is_measured_once_for_the_same_data_size_and_machine(tmp_path):
    def looks(teacher: Teacher, **changes: object) -> bool:
        calls = []
        teacher.network.register_forward_hook(lambda *_: calls.append(1))
        measured(teacher, tmp_path, **changes)
        return bool(calls)

    assert looks(bright_teacher())
    assert not looks(bright_teacher())
    assert looks(bright_teacher(sha256="b" * 64))
    assert not looks(bright_teacher(spec="other.pt"))  # the same network elsewhere
    assert looks(bright_teacher(), data="e")
    assert looks(bright_teacher(), shown=images(size=9))
    assert looks(bright_teacher(), machine=Machine("cpu", "bfloat16", 1))
    assert not looks(bright_teacher())


@pytest.mark.parametrize("torn", ["", "{", "[]", '{"top1": null}'])
def test_a_torn_file_is_measured_again(tmp_path, torn):
    measured(bright_teacher(), tmp_path)
    (file,) = files(tmp_path)
    file.write_text(torn)
    assert measured(bright_teacher(), tmp_path) == 1
    assert json.loads(file.read_text())["top1"] == 1
    assert files(tmp_path) == [file]


@pytest.mark.parametrize("found", ["measured", "kept"])
def test_a_teacher_near_chance_is_refused_with_what_is_probably_wrong(tmp_path, found):
    shifted = bright_teacher(order=(1, 2, 0))
    said = (
        "the teacher 'bright.pt' has 0.00 % top-1 on the 30 held-out images at 8 px, but needs to "
        "be clearly above the 33.33 % of chance: its classes or its normalisation are probably "
        "wrong. Check its classes, mean and std, or give another teacher."
    )
    for _ in range(1 if found == "measured" else 2):
        with pytest.raises(ValueError, match=f"^{re.escape(said)}$"):
            measured(shifted, tmp_path)


def test_chance_is_the_largest_class_and_a_few_images_prove_little(tmp_path):
    labels = np.zeros(100, np.int64)
    labels[:20] = 1
    mostly = bright_teacher(2)
    shown = images(np.zeros(100, np.int64))  # it always says 0: right for 80 of 100
    with pytest.raises(ValueError, match=r"80\.00 % top-1 .* 80\.00 % of chance"):
        measured(mostly, tmp_path, shown=shown, labels=labels)
    few = np.array([0, 1, 2])
    assert measured(bright_teacher(), tmp_path, shown=images(few), labels=few, data="few") == 1
