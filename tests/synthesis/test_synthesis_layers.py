"""Statistics of layers over all training images, against all images at once."""

import numpy as np
import pytest
import torch
from scores_toy import _PIXELS, LABELS, toy
from synthesis_toy import resnet8

from smallset.synthesis.layers import Pass, by_class, over_batches, watched_layers

STILL = Pass(16, (1.0, 1.0), 0.0)


def inputs(seen, observer, pixels, which="all"):
    """Return each layer, and what it is given of some images."""
    network = seen.network(observer, epoch=1)
    found = []
    for layer in watched_layers(network.net, which):
        layer.register_forward_pre_hook(lambda m, x: found.append((m, x[0])))
    with torch.no_grad():
        network(torch.from_numpy(pixels) / 255)
    order = watched_layers(network.net, which)
    return sorted(found, key=lambda one: order.index(one[0]))


@pytest.mark.parametrize("which", ["norms", "all"])
def test_a_class_has_the_total_variance_of_all_its_images(which, seen, tmp_path):
    observer = resnet8(tmp_path)
    found = by_class(seen, observer, 4, which)
    for label in range(4):
        wanted = []
        for layer, x in inputs(seen, observer, _PIXELS[label == LABELS], which):
            wanted += [x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)]
            if isinstance(layer, torch.nn.Conv2d):
                up = torch.nn.functional.interpolate(
                    x, tuple(-(-s // 4) * 4 for s in x.shape[2:]), mode="bilinear"
                )
                cells = [up[:, :, y : y + 4, z : z + 4] for y in range(0, up.shape[2], 4)
                         for z in range(0, up.shape[3], 4)]  # fmt: skip
                wanted += [torch.stack([c.mean() for c in cells]),
                           torch.stack([c.var(correction=0) for c in cells])]  # fmt: skip
        assert found.lengths.tolist() == [len(one) for one in wanted]
        np.testing.assert_allclose(found.values[label], torch.cat(wanted), rtol=2e-3, atol=1e-4)


def test_over_batches_the_variance_is_the_mean_of_that_within_each(seen, tmp_path):
    observer = resnet8(tmp_path)
    found = over_batches(seen, observer, STILL, 4)
    from smallset.seeds import generator

    order = generator(0, "pass", "order").permutation(40)
    first = 0
    for part in (order[:16], order[16:32], order[32:]):
        layer, x = inputs(seen, observer, _PIXELS[part])[0]
        assert isinstance(layer, torch.nn.Conv2d)
        first = first + len(part) / 40 * x.var((0, 2, 3), correction=0).numpy()
    np.testing.assert_allclose(found.values[0][3:6], first, rtol=1e-4)


@pytest.mark.parametrize("look", [Pass(16, (0.3, 1.0), 0.5), Pass(16, (1.0, 1.0), 0.5, pad=2)])
def test_a_pass_looks_at_crops_and_is_the_same_every_time(look, tmp_path):
    still = over_batches(toy(tmp_path), resnet8(tmp_path), STILL, 4)
    once = over_batches(toy(tmp_path), resnet8(tmp_path), look, 4)
    for file in (tmp_path / "statistics").iterdir():
        file.unlink()
    again = over_batches(toy(tmp_path), resnet8(tmp_path), look, 4)
    np.testing.assert_array_equal(once.values, again.values)
    assert (once.values != still.values).any()


def test_they_are_made_once_and_kept_apart_by_observer(tmp_path):
    told = []
    seen = toy(tmp_path, progress=lambda *news: told.append(news))
    first = by_class(seen, resnet8(tmp_path), 4, "norms")
    assert told[-1] == ("statistics", 40, 40)
    told.clear()
    np.testing.assert_array_equal(by_class(seen, resnet8(tmp_path), 4, "norms").values,
                                  first.values)  # fmt: skip
    assert not told
    by_class(seen, resnet8(tmp_path, 1), 4, "norms")
    assert told


@pytest.mark.parametrize("left", [0, 500, -500])
def test_a_damaged_file_is_made_again(left, seen, tmp_path):
    observer = resnet8(tmp_path)
    first = by_class(seen, observer, 4, "norms")
    [file] = (tmp_path / "statistics").iterdir()
    whole = file.read_bytes()
    file.write_bytes(whole[:left])
    np.testing.assert_array_equal(by_class(seen, observer, 4, "norms").values, first.values)
    assert file.read_bytes() == whole
