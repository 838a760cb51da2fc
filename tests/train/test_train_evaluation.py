import numpy as np
import pytest
import torch
from torch import nn

from smallset.train.device import Machine
from smallset.train.evaluation import accuracy, predict
from smallset.train.shown import InMemory

HERE = Machine("cpu", "float32", 1)


class Fixed(nn.Module):
    """Gives image i the i-th row of a table: it reads i from the first pixel's red and green."""

    def __init__(self, logits: np.ndarray) -> None:
        super().__init__()
        self.logits = torch.from_numpy(logits)
        self.batches: list[int] = []

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        assert not self.training
        first = (pixels[:, :2, 0, 0] * 255).round().long()
        self.batches.append(len(pixels))
        return self.logits[first[:, 0] * 256 + first[:, 1]]


def numbered(n: int, size: int = 4) -> InMemory:
    pixels = torch.zeros(n, 3, size, size, dtype=torch.uint8)
    pixels[:, 0] = (torch.arange(n) // 256)[:, None, None]
    pixels[:, 1] = (torch.arange(n) % 256)[:, None, None]
    return InMemory(pixels)


@pytest.mark.parametrize("classes", [2, 5, 6, 12])
def test_accuracies_are_those_of_a_naive_count(classes):
    rng = np.random.default_rng(classes)
    logits = rng.normal(size=(1100, classes)).astype(np.float32)
    labels = rng.integers(0, classes, 1100)
    found = accuracy(Fixed(logits), numbered(1100), labels, classes=classes, machine=HERE)
    first = five = 0
    hits, counts = [0] * classes, [0] * classes
    for row, label in zip(logits, labels.tolist(), strict=True):
        order = sorted(range(classes), key=lambda c: -row[c])
        first += order[0] == label
        five += label in order[:5]
        hits[label] += order[0] == label
        counts[label] += 1
    assert found.top1 == pytest.approx(first / 1100)
    assert found.top5 == pytest.approx(five / 1100)
    np.testing.assert_allclose(found.per_class, np.divide(hits, counts))


def test_a_class_without_images_has_nan():
    logits = np.eye(4, dtype=np.float32)[[0, 1, 1]]
    found = accuracy(Fixed(logits), numbered(3), np.array([0, 0, 1]), classes=4, machine=HERE)
    np.testing.assert_array_equal(found.per_class, [0.5, 1.0, np.nan, np.nan])
    assert found.top1 == pytest.approx(2 / 3)


def test_up_to_five_classes_the_top_five_hold_every_label():
    logits = np.zeros((9, 3), np.float32)
    found = accuracy(Fixed(logits), numbered(9), np.arange(9) % 3, classes=3, machine=HERE)
    assert found.top5 == 1.0


@pytest.mark.parametrize(("size", "batch"), [(4, 512), (64, 256), (256, 16), (300, 16)])
def test_batches_depend_on_the_image_size_alone(size, batch):
    model = Fixed(np.zeros((600, 2), np.float32))
    n = batch + 3
    seen = [indices for indices, _ in predict(model, numbered(n, size), machine=HERE)]
    assert model.batches == [batch, 3]
    assert np.concatenate(seen).tolist() == list(range(n))


def test_prediction_tells_its_progress_under_the_stage_given():
    told: list[tuple[str, int, int]] = []
    model = Fixed(np.zeros((520, 2), np.float32))
    list(
        predict(
            model,
            numbered(520),
            machine=HERE,
            stage="score",
            progress=lambda *report: told.append(report),
        )
    )
    assert told == [("score", 512, 520), ("score", 520, 520)]


def test_prediction_changes_no_weights_and_tracks_no_gradient():
    model = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(64, 2))
    before = {key: value.clone() for key, value in model.state_dict().items()}
    for _, logits in predict(model, numbered(6), machine=HERE):
        assert not logits.requires_grad
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())


def test_logits_are_float32_whatever_the_precision():
    model = nn.Sequential(nn.Flatten(), nn.Linear(48, 2))
    for _, logits in predict(model, numbered(6), machine=Machine("cpu", "bfloat16", 1)):
        assert logits.dtype == torch.float32
