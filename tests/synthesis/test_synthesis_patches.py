"""Statistics of cells, on maps whose values are known."""

import pytest
import torch

from smallset.synthesis.patches import cell_sums, channel_sums, over_images


def test_the_cells_of_a_ramp_stand_row_by_row():
    ramp = torch.arange(8.0).expand(8, 8) + 10 * torch.arange(8.0)[:, None]
    x = torch.stack([ramp, ramp + 1])[None].repeat(3, 1, 1, 1)  # two channels, three images
    mean, variance = over_images(*cell_sums(x, 4))
    cells = [x[:, :, y : y + 4, z : z + 4] for y in (0, 4) for z in (0, 4)]
    torch.testing.assert_close(mean, torch.stack([c.mean() for c in cells]))
    torch.testing.assert_close(variance, torch.stack([c.var(correction=0) for c in cells]),
                               rtol=1e-3, atol=1e-3)  # fmt: skip


@pytest.mark.parametrize(("side", "cells"), [(8, 4), (6, 4), (4, 1), (1, 1)])
def test_a_map_is_enlarged_to_whole_cells(side, cells):
    mean, _ = cell_sums(torch.full((2, 3, side, side), 5.0), 4)
    assert mean.tolist() == [[5.0] * cells] * 2


def test_cells_are_not_rounded_by_the_precision_of_the_network():
    x = torch.rand(2, 3, 7, 7, generator=torch.Generator().manual_seed(0))  # to be enlarged to 8
    exact = cell_sums(x, 4)
    with torch.autocast("cpu", torch.bfloat16):
        found = cell_sums(x, 4)
    for a, b in zip(found, exact, strict=True):
        assert torch.equal(a, b)


def test_channels_over_images_are_those_of_all_numbers():
    x = torch.randn(5, 3, 4, 4)
    mean, variance = over_images(*channel_sums(x))
    torch.testing.assert_close(mean, x.mean((0, 2, 3)))
    torch.testing.assert_close(variance, x.var((0, 2, 3), correction=0))
