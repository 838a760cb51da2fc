import numpy as np
import pytest
import torch
from scores_toy import toy

from smallset.observers import Observer
from smallset.observers.record import record
from smallset.scores import AUM
from smallset.scores.aum import probability_margin
from smallset.train.evaluation import predict

LOGITS = np.random.default_rng(0).normal(0, 3, (50, 4)).astype(np.float32)
LABELS = np.random.default_rng(1).integers(0, 4, 50)


def naive(values: np.ndarray, labels: np.ndarray) -> list[float]:
    return [
        values[i, y] - max(values[i, j] for j in range(4) if j != y) for i, y in enumerate(labels)
    ]


def test_margins_of_logits_and_of_probabilities_are_the_formulas():
    moment = record(torch.from_numpy(LOGITS), torch.zeros(50, 1), torch.from_numpy(LABELS))
    p = np.exp(LOGITS) / np.exp(LOGITS).sum(1, keepdims=True)
    np.testing.assert_allclose(AUM().of_moment(moment), naive(LOGITS, LABELS), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(probability_margin(moment), naive(p, LABELS), rtol=1e-4, atol=1e-6)


def test_a_tie_with_the_true_class_has_no_margin():
    moment = record(torch.zeros(2, 3), torch.zeros(2, 1), torch.tensor([0, 2]))
    assert AUM().of_moment(moment).tolist() == [0, 0]
    np.testing.assert_allclose(probability_margin(moment), [0, 0], atol=1e-7)


@pytest.mark.parametrize(("epochs", "read"), [(None, (1, 2, 3)), (2, (1, 2)), ((1, 3), (1, 3))])
@pytest.mark.parametrize("on", ["logits", "probabilities"])
def test_it_is_minus_the_mean_margin_over_the_epochs_that_are_read(on, epochs, read, tmp_path):
    observed, observer = toy(tmp_path), Observer("resnet8", epochs=3)
    wanted = []
    for epoch in read:
        model = observed.network(observer, epoch=epoch)
        ((_, logits),) = predict(model, observed.images, machine=observed.machine)
        values = (logits if on == "logits" else logits.softmax(1)).numpy()
        wanted.append(naive(values, observed.labels))
    found = AUM(epochs, on, observer=observer)(observed)
    np.testing.assert_allclose(found, -np.mean(wanted, axis=0), rtol=1e-4, atol=1e-6)
