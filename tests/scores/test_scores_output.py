import numpy as np
from scores_toy import toy

from smallset.observers import Observer
from smallset.scores import Entropy, LeastConfidence, Loss, Margin

SHORT = Observer("resnet8", epochs=3)


def test_scores_are_those_of_the_last_epoch_and_larger_is_harder(tmp_path):
    observed = toy(tmp_path)
    last = observed.dynamics(SHORT).at(3)
    wanted = {
        Loss: last["loss"],
        Entropy: last["entropy"],
        Margin: last["closeness"],
        LeastConfidence: last["doubt"],
    }
    for score, values in wanted.items():
        np.testing.assert_allclose(score(observer=SHORT)(observed), values, rtol=1e-6)


def test_epochs_are_averaged(tmp_path):
    observed = toy(tmp_path)
    dynamics = observed.dynamics(SHORT)
    wanted = (dynamics.at(1)["loss"].astype(float) + dynamics.at(3)["loss"]) / 2
    found = Loss(epochs=(1, 3), observer=SHORT)(observed)
    np.testing.assert_allclose(found, wanted, rtol=1e-6)
