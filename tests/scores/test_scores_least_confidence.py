import numpy as np
from scores_toy import CLASSES

from smallset.scores import Observer
from smallset.scores.least_confidence import LeastConfidence
from smallset.train.evaluation import predict

SHORT = Observer("resnet8", epochs=2)


def test_the_score_is_what_the_likeliest_class_leaves(seen):
    ((_, logits),) = predict(seen.network(SHORT, epoch=2), seen.images, machine=seen.machine)
    wanted = [1 - max(np.exp(row) / np.exp(row).sum()) for row in logits.double().numpy()]
    found = LeastConfidence(observer=SHORT)(seen)
    np.testing.assert_allclose(found, wanted, rtol=1e-5)
    assert 0 <= found.min() < found.max() <= 1 - 1 / CLASSES + 1e-6
