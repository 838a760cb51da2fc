import numpy as np
import torch

from smallset.scores.aum import logit_margin, probability_margin
from smallset.scores.record import record

LOGITS = np.random.default_rng(0).normal(0, 3, (50, 4)).astype(np.float32)
LABELS = np.random.default_rng(1).integers(0, 4, 50)


def naive(values: np.ndarray) -> list[float]:
    return [
        values[i, y] - max(values[i, j] for j in range(4) if j != y) for i, y in enumerate(LABELS)
    ]


def test_margins_of_logits_and_of_probabilities_are_the_formulas():
    moment = record(torch.from_numpy(LOGITS), torch.zeros(50, 1), torch.from_numpy(LABELS))
    p = np.exp(LOGITS) / np.exp(LOGITS).sum(1, keepdims=True)
    np.testing.assert_allclose(logit_margin(moment), naive(LOGITS), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(probability_margin(moment), naive(p), rtol=1e-4, atol=1e-6)


def test_a_tie_with_the_true_class_has_no_margin():
    moment = record(torch.zeros(2, 3), torch.zeros(2, 1), torch.tensor([0, 2]))
    assert logit_margin(moment).tolist() == [0, 0]
    np.testing.assert_allclose(probability_margin(moment), [0, 0], atol=1e-7)
