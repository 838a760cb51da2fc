import numpy as np
import pytest
import torch
from labels_toy import bright_images, bright_teacher

from smallset.labels.online import Watching
from smallset.train.device import Machine
from smallset.train.loop import SoftLabels, divergence

LABELS = np.array([2, 0, 1, 1])
HERE = Machine("cpu", "float32", 1)


def pixels() -> torch.Tensor:
    return torch.from_numpy(bright_images(LABELS)).permute(0, 3, 1, 2) / 255


def test_a_teacher_answers_for_the_pixels_it_is_shown():
    soft = Watching(bright_teacher(), HERE)
    assert isinstance(soft, SoftLabels)
    logits = soft(pixels(), np.arange(4), 0)
    assert logits.argmax(1).tolist() == LABELS.tolist()
    assert torch.equal(soft(pixels().flip(0), np.arange(4), 7), logits.flip(0))


def test_a_teacher_neither_trains_nor_keeps_a_graph_and_its_student_does():
    teacher = bright_teacher()
    teacher.network.train()
    soft = Watching(teacher, HERE)
    logits = soft(pixels(), np.arange(4), 0)
    assert teacher.network.net.modes == {(False, False)}
    assert not logits.requires_grad
    student = torch.zeros(4, 3, requires_grad=True)
    divergence(student, logits, 20.0).backward()
    assert student.grad.abs().sum() > 0


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_teacher_runs_in_the_precision_of_the_machine_and_answers_in_float32(precision):
    teacher = bright_teacher()
    teacher.network.net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(192, 3))
    kept = []
    teacher.network.net[1].register_forward_hook(lambda *call: kept.append(call[2].dtype))
    logits = Watching(teacher, Machine("cpu", precision, 1))(pixels(), np.arange(4), 0)
    assert kept == [getattr(torch, precision)]
    assert logits.dtype == torch.float32
