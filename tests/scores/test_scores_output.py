import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from scores_toy import LABELS, el2n, toy, weights

from smallset.observers import Observer, Pretrained
from smallset.scores import EL2N, Entropy, LeastConfidence, Loss, Margin
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


def test_certain_networks_score_nothing_when_right_and_root_two_when_wrong():
    logits = torch.tensor([[1e4, 0, 0], [0, 1e4, 0], [0, 0, 0]])
    found = el2n(logits, torch.zeros(3, dtype=torch.int64))
    np.testing.assert_allclose(found, [0, 2**0.5, (6 / 9) ** 0.5], rtol=1.3e-6, atol=1e-5)


def test_the_score_is_the_mean_over_runs_and_epochs(tmp_path):
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


def test_reading_more_epochs_trains_no_other_network(tmp_path):
    observed = toy(tmp_path)
    EL2N(1, 1, SHORT)(observed)
    EL2N((2,), 1, SHORT)(observed)
    assert len(list((tmp_path / "observers").iterdir())) == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"runs": 0}, "el2n's runs=0 measures nothing. Give at least 1."),
        ({"epochs": 0}, "el2n's epochs=0 reads nothing. Give a number from 1, or a tuple "
         "of epochs counted from 1."),
        ({"epochs": ()}, "el2n's epochs=() reads nothing. Give a number from 1, or a tuple "
         "of epochs counted from 1."),
        ({"epochs": (0, 3)}, "el2n's epochs=(0, 3) reads nothing. Give a number from 1, or a tuple "
         "of epochs counted from 1."),
        ({"epochs": 11}, "el2n's epochs=11 reads past the end of its observer, which trains "
         "for 10 epochs or more, by the number of images. Train longer: "
         "observer=observer(epochs=11), or read less: epochs=10."),
        ({"epochs": (3, 12)}, "el2n's epochs=(3, 12) reads past the end of its observer, which "
         "trains for 10 epochs or more, by the number of images. Train longer: "
         "observer=observer(epochs=12), or read less: epochs=10."),
    ],
)  # fmt: skip
def test_options_that_read_nothing_are_refused(options, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        EL2N(**options)


def test_a_longer_observer_allows_later_epochs():
    later = EL2N(12, observer=replace(Observer(), epochs=12))
    assert later.observer.epochs == 12


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"epochs": 5}, "el2n's epochs=5 reads an observer's training, but 'resnet8("),
        ({"epochs": (1,)}, "el2n's epochs=(1,) reads an observer's training, but 'resnet8("),
        ({"runs": 3}, "el2n's runs=3 reads an observer's training, but 'resnet8("),
    ],
)
def test_of_a_network_that_is_given_nothing_but_its_one_look_can_be_asked(options, said):
    given = Pretrained("resnet8(weights=w.pt, classes=same)")
    with pytest.raises(ValueError, match=re.escape(said)):
        EL2N(observer=given, **options)


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


LONGER = Observer("resnet8", epochs=3)


def test_scores_are_those_of_the_last_epoch_and_larger_is_harder(tmp_path):
    observed = toy(tmp_path)
    last = observed.dynamics(LONGER).at(3)
    wanted = {
        Loss: last["loss"],
        Entropy: last["entropy"],
        Margin: last["closeness"],
        LeastConfidence: last["doubt"],
    }
    for score, values in wanted.items():
        np.testing.assert_allclose(score(observer=LONGER)(observed), values, rtol=1e-6)


def test_epochs_are_averaged(tmp_path):
    observed = toy(tmp_path)
    dynamics = observed.dynamics(LONGER)
    wanted = (dynamics.at(1)["loss"].astype(float) + dynamics.at(3)["loss"]) / 2
    found = Loss(epochs=(1, 3), observer=LONGER)(observed)
    np.testing.assert_allclose(found, wanted, rtol=1e-6)
