from statistics import fmean, pstdev

import numpy as np
from scores_toy import toy

from smallset.observers import Observer
from smallset.scores import DynUnc

SHORT = Observer("resnet8", epochs=4)


def test_it_is_the_mean_deviation_over_windows(tmp_path):
    observed = toy(tmp_path)
    p = np.exp([-observed.dynamics(SHORT).at(epoch)["loss"] for epoch in range(1, 5)])
    wanted = [fmean(pstdev(p[k : k + 3, b].tolist()) for k in range(2)) for b in range(40)]
    found = DynUnc(window=3, observer=SHORT)(observed)
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-8)
