import numpy as np
import pytest
import torch
from scores_toy import LABELS, el2n, toy, weights

from smallset.observers import Observer, Pretrained
from smallset.observers.record import record
from smallset.scores import AUM, EL2N, Entropy, LeastConfidence, Loss, Margin
from smallset.scores.output import probability_margin
from smallset.train.evaluation import predict

SHORT = Observer("resnet8", epochs=2)


def naive(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """arXiv 2107.07075, equation 4, image by image in float64."""
    out = []
    for row, label in zip(logits.astype(np.float64), labels, strict=True):
        p = np.exp(row - row.max())
        p /= p.sum()
        p[label] -= 1
        out.append(np.sqrt((p**2).sum()))
    return np.array(out)


@pytest.mark.parametrize("spread", [0.1, 1.0, 30.0, 1e4, 1e30])
def test_the_score_is_the_papers_formula(spread):
    rng = np.random.default_rng(0)
    logits = (rng.normal(size=(200, 7)) * spread).astype(np.float32)
    labels = rng.integers(0, 7, 200)
    found = el2n(torch.from_numpy(logits), torch.from_numpy(labels))
    np.testing.assert_allclose(found, naive(logits, labels), rtol=1e-4, atol=1e-6)
    assert found.min() >= 0
    assert found.max() <= 2**0.5 + 1e-6


def test_the_score_is_the_mean_over_runs_and_epochs_and_trains_each_run_once(tmp_path):
    observed = toy(tmp_path)
    runs = [[m["el2n"] for m in observed.dynamics(SHORT, run=run).moments] for run in (0, 1)]
    values = {
        (1, 1): [runs[0][0]],
        (2, 1): [runs[0][0], runs[0][1]],
        (2, 2): [runs[0][0], runs[0][1], runs[1][0], runs[1][1]],
        ((2,), 1): [runs[0][1]],
        ((2,), 2): [runs[0][1], runs[1][1]],
        ((2, 1), 1): [runs[0][0], runs[0][1]],
    }
    for (epochs, count), parts in values.items():
        found = EL2N(epochs, count, SHORT)(observed)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, np.mean(parts, axis=0, dtype=np.float64), rtol=1e-6)
    assert len(list((tmp_path / "observers").iterdir())) == 2


def test_the_score_of_a_network_that_is_given_is_its_one_look(tmp_path):
    file = weights(tmp_path / "w.pt")
    observed = toy(tmp_path)
    given = Pretrained(f"resnet8(weights={file}, classes=same)")
    model = observed.network(given, epoch=1)
    ((_, logits),) = predict(model, observed.images, machine=observed.machine)
    np.testing.assert_allclose(EL2N(observer=given)(observed), naive(logits.numpy(), LABELS), 1e-4)


def test_the_looks_of_all_epochs_and_runs_are_one_job(tmp_path):
    told: list[tuple[str, int, int]] = []
    seen = toy(tmp_path, progress=lambda *report: told.append(report))
    EL2N(epochs=2, runs=2, observer=Observer("resnet8", epochs=2))(seen)
    assert told == [
        (f"{stage}, run {run + 1} of 2", 80 * run + 40 * epoch, 160)
        for run in (0, 1)
        for epoch in (1, 2)
        for stage in ("train", "score")
    ]


def test_scores_are_those_of_the_last_epoch_and_larger_is_harder(work):
    observed, observer = toy(work), Observer("resnet8", epochs=3)
    last = observed.dynamics(observer).at(3)
    wanted = {
        Loss: last["loss"],
        Entropy: last["entropy"],
        Margin: last["closeness"],
        LeastConfidence: last["doubt"],
    }
    for score, values in wanted.items():
        np.testing.assert_allclose(score(observer=observer)(observed), values, rtol=1e-6)


LOGITS = np.random.default_rng(0).normal(0, 3, (50, 4)).astype(np.float32)
OWN = np.random.default_rng(1).integers(0, 4, 50)


def margins(values: np.ndarray, labels: np.ndarray) -> list[float]:
    return [
        values[i, y] - max(values[i, j] for j in range(4) if j != y) for i, y in enumerate(labels)
    ]


def test_margins_of_logits_and_of_probabilities_are_the_formulas():
    moment = record(torch.from_numpy(LOGITS), torch.zeros(50, 1), torch.from_numpy(OWN))
    p = np.exp(LOGITS) / np.exp(LOGITS).sum(1, keepdims=True)
    np.testing.assert_allclose(AUM().of_moment(moment), margins(LOGITS, OWN), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(probability_margin(moment), margins(p, OWN), rtol=1e-4, atol=1e-6)


def test_a_tie_with_the_true_class_has_no_margin():
    moment = record(torch.zeros(2, 3), torch.zeros(2, 1), torch.tensor([0, 2]))
    assert AUM().of_moment(moment).tolist() == [0, 0]
    np.testing.assert_allclose(probability_margin(moment), [0, 0], atol=1e-7)


@pytest.mark.parametrize(("epochs", "read"), [(None, (1, 2, 3)), (2, (1, 2)), ((1, 3), (1, 3))])
@pytest.mark.parametrize("on", ["logits", "probabilities"])
def test_it_is_minus_the_mean_margin_over_the_epochs_that_are_read(on, epochs, read, work):
    observed, observer = toy(work), Observer("resnet8", epochs=3)
    wanted = []
    for epoch in read:
        model = observed.network(observer, epoch=epoch)
        ((_, logits),) = predict(model, observed.images, machine=observed.machine)
        values = (logits if on == "logits" else logits.softmax(1)).numpy()
        wanted.append(margins(values, observed.labels))
    found = AUM(epochs, on, observer=observer)(observed)
    np.testing.assert_allclose(found, -np.mean(wanted, axis=0), rtol=1e-4, atol=1e-6)
