import re

import numpy as np
import pytest
from scores_toy import LABELS

from smallset.scores import Observer
from smallset.scores.loss import Loss
from smallset.train.evaluation import predict

SHORT = Observer("resnet8", epochs=2)


def test_the_score_is_the_cross_entropy_of_the_label_at_the_last_epoch(seen):
    for epochs, epoch in ((None, 2), ((1,), 1)):
        model = seen.network(SHORT, epoch=epoch)
        ((_, logits),) = predict(model, seen.images, machine=seen.machine)
        wanted = [
            -np.log(np.exp(row[label]) / np.exp(row).sum())
            for row, label in zip(logits.double().numpy(), LABELS, strict=True)
        ]
        np.testing.assert_allclose(Loss(epochs, observer=SHORT)(seen), wanted, rtol=1e-5)


def test_epochs_past_the_end_are_refused():
    said = (
        "loss's epochs=3 reads past the end of its observer, which trains for 2. "
        "Train longer: observer=observer(epochs=3)."
    )
    with pytest.raises(ValueError, match=re.escape(said)):
        Loss(3, observer=SHORT)
