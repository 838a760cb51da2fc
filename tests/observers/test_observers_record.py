import errno
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from smallset import files
from smallset.models import build_model
from smallset.observers import record as module
from smallset.observers.record import FIELDS, RECORD, Dynamics, look, record, reduced, write_rows
from smallset.scores.output import probability_margin
from smallset.train.device import Machine
from smallset.train.shown import InMemory

LOGITS = [[2.0, -1.0, 0.5], [0.0, 0.0, 0.0], [-3.0, 4.0, 3.5]]
LABELS = [0, 1, 2]


def naive(z: list[float], y: int, h: list[float]) -> dict[str, float]:
    total = sum(math.exp(v) for v in z)
    p = [math.exp(v) / total for v in z]
    ranked = sorted(p, reverse=True)
    return {
        "loss": -math.log(p[y]),
        "margin": z[y] - max(v for j, v in enumerate(z) if j != y),
        "el2n": math.sqrt(sum((v - (j == y)) ** 2 for j, v in enumerate(p))),
        "entropy": -sum(v * math.log(v) for v in p),
        "closeness": 1 - (ranked[0] - ranked[1]),
        "doubt": 1 - ranked[0],
        "feature": math.sqrt(sum(v * v for v in h)),
    }


def test_a_row_is_each_formula_spelled_out():
    features = [[1.0, 2.0], [0.0, 0.0], [-3.0, 4.0]]
    rows = record(torch.tensor(LOGITS), torch.tensor(features), torch.tensor(LABELS))
    assert rows.dtype.names == FIELDS
    for row, z, y, h in zip(rows, LOGITS, LABELS, features, strict=True):
        wanted = naive(z, y, h)
        assert dict(zip(FIELDS, row.tolist(), strict=True)) == pytest.approx(wanted, abs=1e-6)


def test_of_a_single_class_nothing_competes():
    rows = record(torch.tensor([[3.0], [-3.0]]), torch.zeros(2, 2), torch.tensor([0, 0]))
    assert rows.tolist() == [(0.0, np.inf, 0.0, 0.0, 0.0, 0.0, 0.0)] * 2
    assert probability_margin(rows).tolist() == [1, 1]


def test_certain_predictions_have_finite_numbers():
    rows = record(
        torch.tensor([[200.0, 0.0], [200.0, 0.0]]), torch.zeros(2, 1), torch.tensor([0, 1])
    )
    assert rows["entropy"].tolist() == [0, 0]
    assert rows["loss"].tolist() == [0, 200]
    assert rows["margin"].tolist() == [200, -200]


def test_images_that_a_network_is_certain_of_are_told_apart():
    """Where p is 1 in float32: a network that has long learned an image still has an order."""
    z = [[17.0, 0.0, 0.0], [30.0, 0.0, -2.0], [60.0, 1.0, 0.0], [80.0, 0.0, 0.0]]
    rows = record(torch.tensor(z), torch.zeros(4, 1), torch.zeros(4, dtype=torch.int64))
    for row, (first, *others) in zip(rows, z, strict=True):
        odds = [math.exp(v - first) for v in others]  # of p to 1 - p: nothing near 1 is subtracted
        wanted = {
            "loss": sum(odds),
            "el2n": math.hypot(sum(odds), *odds),
            "entropy": sum(odds) + sum(v * -math.log(v) for v in odds),
            "closeness": sum(odds) + max(odds),
            "doubt": sum(odds),
        }
        found = {name: float(row[name]) for name in wanted}
        assert found == pytest.approx(wanted, rel=1e-5, abs=0)


def test_features_are_what_the_last_linear_layer_reads():
    model = build_model("resnet8", classes=3, size=8, seed=0)
    here = Machine("cpu", "float32", 1)
    here.place(model)
    images = InMemory(torch.randint(0, 256, (5, 3, 8, 8), dtype=torch.uint8))
    ((_, logits, features),) = look(model, images, machine=here)
    with torch.inference_mode():
        torch.testing.assert_close(model.net.head(features), logits)
    assert not model.net.head._forward_pre_hooks


def rows_of(values: list[float]) -> np.ndarray:
    rows = np.zeros(len(values), RECORD)
    rows["margin"] = values
    return rows


def test_rows_may_come_in_any_order(tmp_path):
    file = tmp_path / "moment-00001.npy"
    write_rows(file, iter([(3, rows_of([3, 4])), (0, rows_of([0, 1, 2]))]), 5)
    assert np.load(file, mmap_mode="r")["margin"].tolist() == [0, 1, 2, 3, 4]


def test_a_full_disk_leaves_no_half_of_a_file(tmp_path, monkeypatch):
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_rows(tmp_path / "moment-00001.npy", iter([(0, rows_of([1]))]), 1)
    assert not list(Path(tmp_path).iterdir())


def test_epochs_are_read_at_their_end_and_in_blocks(monkeypatch):
    monkeypatch.setattr(module, "BLOCK", 2)
    dynamics = Dynamics(tuple(rows_of([t, 10 * t, 100 * t]) for t in range(1, 7)), snapshots=2)
    assert dynamics.epochs == 3
    assert dynamics.at(2)["margin"].tolist() == [4, 40, 400]
    ends = [moment["margin"].tolist() for moment in dynamics.ends]
    assert ends == [[2, 20, 200], [4, 40, 400], [6, 60, 600]]
    assert reduced(lambda v: v.sum(0), dynamics.ends, "margin").tolist() == [12, 120, 1200]
    assert reduced(lambda v: v[-1], dynamics.moments, "margin").tolist() == [6, 60, 600]
