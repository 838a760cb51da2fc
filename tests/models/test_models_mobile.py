import pytest
import torch
import torch.nn.functional as F
from torch import nn

from smallset.models.mobile import (
    EFFICIENTNET_B0,
    EFFICIENTNET_LITE0,
    MOBILENET_V2,
    InvertedResidual,
    MobileNet,
    SamePadded,
    SqueezeExcite,
    Stage,
)


@pytest.mark.parametrize("family", [MOBILENET_V2, EFFICIENTNET_B0, EFFICIENTNET_LITE0])
def test_the_features_are_a_thirty_second_of_the_image_wide(family):
    with torch.device("meta"):
        net = MobileNet(10, stages=family[0], style=family[1])
        features = nn.Sequential(*list(net.body)[:-2])
        assert features(torch.empty(1, 3, 224, 224)).shape == (1, 1280, 7, 7)


@pytest.mark.parametrize(("family", "norm", "activation", "squeezes"), [
    (MOBILENET_V2, (1e-5, 0.1), nn.ReLU6, 0),
    (EFFICIENTNET_B0, (1e-3, 0.01), nn.SiLU, 16),
    (EFFICIENTNET_LITE0, (1e-3, 0.01), nn.ReLU6, 0),
])  # fmt: skip
def test_norms_and_activations_are_those_of_the_family(family, norm, activation, squeezes):
    with torch.device("meta"):
        modules = [*MobileNet(10, stages=family[0], style=family[1]).modules()]
    assert {(m.eps, m.momentum) for m in modules if isinstance(m, nn.BatchNorm2d)} == {norm}
    assert {type(m) for m in modules if isinstance(m, nn.ReLU6 | nn.SiLU)} == {activation}
    assert sum(isinstance(m, SqueezeExcite) for m in modules) == squeezes


@pytest.mark.parametrize(("side", "kernel", "before", "after"), [
    (8, 3, 0, 1), (7, 3, 1, 1), (8, 5, 1, 2), (7, 5, 2, 2),
])  # fmt: skip
def test_same_padding_puts_the_odd_pixel_last(side, kernel, before, after):
    layer = SamePadded(2, 3, kernel, 2, 0, bias=False)
    x = torch.randn(2, 2, side, side)
    padded = torch.zeros(2, 2, side + before + after, side + before + after)
    padded[:, :, before : before + side, before : before + side] = x
    wanted = F.conv2d(padded, layer.weight, stride=2)
    torch.testing.assert_close(layer(x), wanted)
    assert wanted.shape[-1] == -(-side // 2)


def test_a_block_that_keeps_its_shape_adds_its_input():
    for stage, stride, adds in ((Stage(6, 8, 1, 1), 1, True), (Stage(6, 8, 1, 2), 2, False)):
        block = InvertedResidual(8, stage, stride, EFFICIENTNET_LITE0[1]).eval()
        nn.init.zeros_(block.project[1].weight)
        x = torch.randn(2, 8, 6, 6)
        torch.testing.assert_close(block(x), x if adds else torch.zeros(2, 8, 3, 3))


def test_squeeze_and_excitation_weighs_channels_by_their_means():
    layer = SqueezeExcite(4, 2)
    x = torch.randn(3, 4, 5, 6)
    means = x.mean((2, 3))
    hidden = F.silu(means @ layer.reduce.weight[:, :, 0, 0].T + layer.reduce.bias)
    gate = torch.sigmoid(hidden @ layer.expand.weight[:, :, 0, 0].T + layer.expand.bias)
    torch.testing.assert_close(layer(x), x * gate[:, :, None, None])


def test_training_draws_nothing_from_the_global_random_state():
    net = MobileNet(3, stages=EFFICIENTNET_B0[0], style=EFFICIENTNET_B0[1])
    pixels, before = torch.rand(2, 3, 32, 32), torch.get_rng_state()
    net.train()(pixels)
    assert torch.equal(torch.get_rng_state(), before)
