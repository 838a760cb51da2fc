import numpy as np
from scores_toy import CLASSES

from smallset.scores import Observer
from smallset.scores.entropy import Entropy
from smallset.train.evaluation import predict

SHORT = Observer("resnet8", epochs=2)


def test_the_score_is_the_entropy_of_the_trained_observer(seen):
    ((_, logits),) = predict(seen.network(SHORT, epoch=2), seen.images, machine=seen.machine)
    wanted = [
        -sum(p * np.log(p) for p in np.exp(row) / np.exp(row).sum())
        for row in logits.double().numpy()
    ]
    found = Entropy(observer=SHORT)(seen)
    np.testing.assert_allclose(found, wanted, rtol=1e-5)
    assert 0 <= found.min() <= found.max() <= np.log(CLASSES) + 1e-6


def test_epochs_read_others_than_the_last(seen):
    parts = [Entropy(epochs=(epoch,), observer=SHORT)(seen) for epoch in (1, 2)]
    np.testing.assert_array_equal(parts[1], Entropy(observer=SHORT)(seen))
    np.testing.assert_allclose(
        Entropy(epochs=2, observer=SHORT)(seen), np.mean(parts, axis=0), rtol=1e-6
    )
