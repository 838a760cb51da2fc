"""Moments of each class: all its images at once, against one pass over all."""

import numpy as np
import torch
from scores_toy import _PIXELS, LABELS, toy
from synthesis_toy import resnet8

from smallset.synthesis.class_moments import class_moments
from smallset.synthesis.statistics import batch_norms


def test_they_are_those_of_all_images_of_a_class_together(tmp_path):
    seen, observer = toy(tmp_path), resnet8(tmp_path)
    found = class_moments(seen, observer)
    network = seen.network(observer, epoch=1)
    given = []
    for norm in batch_norms(network.net):
        norm.register_forward_pre_hook(lambda _, x: given.append(x[0]))
    for label in range(4):
        given.clear()
        with torch.no_grad():
            network(torch.from_numpy(_PIXELS[label == LABELS]) / 255)
        mean = np.concatenate([x.mean((0, 2, 3)).numpy() for x in given])
        # Total variance: that within images and that between them.
        variance = np.concatenate([x.var((0, 2, 3), correction=0).numpy() for x in given])
        np.testing.assert_allclose(found[0, label], mean, rtol=1e-3, atol=1e-5)
        np.testing.assert_allclose(found[1, label], variance, rtol=1e-3, atol=1e-5)


def test_they_are_made_once_and_kept(tmp_path):
    told = []
    seen = toy(tmp_path, progress=lambda *news: told.append(news))
    first = class_moments(seen, resnet8(tmp_path))
    assert told == [("moments", 40, 40)]
    np.testing.assert_array_equal(class_moments(seen, resnet8(tmp_path)), first)
    assert len(told) == 1
    class_moments(seen, resnet8(tmp_path, 1))
    assert len(told) == 2
