import numpy as np
import pytest
import torch
from scores_toy import LABELS

from smallset.scores import Observer
from smallset.scores.aum import AUM, probability_margin
from smallset.scores.record import record
from smallset.train.evaluation import predict

SHORT = Observer("resnet8", epochs=3)


def lead(values: np.ndarray, label: int) -> float:
    return values[label] - max(v for j, v in enumerate(values) if j != label)


@pytest.mark.parametrize("on", ["logits", "probabilities"])
def test_the_score_is_minus_the_papers_mean_margin(on, seen):
    margins = []
    for epoch in (1, 2, 3):
        model = seen.network(SHORT, epoch=epoch)
        ((_, logits),) = predict(model, seen.images, machine=seen.machine)
        z = logits.double()
        values = (z if on == "logits" else z.softmax(1)).numpy()
        margins.append([lead(row, label) for row, label in zip(values, LABELS, strict=True)])
    np.testing.assert_allclose(
        AUM(on, observer=SHORT)(seen), -np.mean(margins, axis=0), rtol=1e-4, atol=1e-6
    )


@pytest.mark.parametrize("spread", [0.1, 3.0, 100.0])
def test_margins_of_probabilities_follow_from_the_record(spread):
    rng = np.random.default_rng(0)
    logits = torch.from_numpy(rng.normal(size=(300, 5)).astype(np.float32) * spread)
    labels = rng.integers(0, 5, 300)
    rows = record(logits, torch.zeros(300, 1), torch.from_numpy(labels))
    p = logits.double().softmax(1).numpy()
    wanted = [lead(row, label) for row, label in zip(p, labels, strict=True)]
    np.testing.assert_allclose(probability_margin(rows), wanted, atol=1e-6)


def test_tied_and_single_classes_have_finite_margins():
    tied = record(torch.zeros(2, 3), torch.zeros(2, 1), torch.tensor([0, 2]))
    np.testing.assert_allclose(probability_margin(tied), 0, atol=1e-7)
    single = record(torch.tensor([[3.0], [-3.0]]), torch.zeros(2, 1), torch.tensor([0, 0]))
    assert np.isfinite(probability_margin(single)).all()
