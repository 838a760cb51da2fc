import numpy as np

from smallset.scores import Observer
from smallset.scores.margin import Margin
from smallset.train.evaluation import predict

SHORT = Observer("resnet8", epochs=2)


def test_the_score_is_minus_the_lead_of_the_likeliest_class(seen):
    ((_, logits),) = predict(seen.network(SHORT, epoch=2), seen.images, machine=seen.machine)
    wanted = []
    for row in logits.double().numpy():
        second, first = sorted(np.exp(row) / np.exp(row).sum())[-2:]
        wanted.append(-(first - second))
    found = Margin(observer=SHORT)(seen)
    np.testing.assert_allclose(found, wanted, atol=1e-6)
    assert -1 <= found.min() < found.max() <= 0
