import pytest
import torch

from smallset.models.resnet import BasicBlock, Bottleneck, ResNet


def net(stem: str, block: type = BasicBlock) -> ResNet:
    return ResNet(4, block=block, blocks=(1, 1), widths=(4, 8), stem=stem)


@pytest.mark.parametrize(("stem", "side"), [("3x3", 8), ("7x7", 2)])
def test_the_wide_stem_shrinks_four_times_at_once(stem, side):
    features = torch.nn.Sequential(*list(net(stem).body)[:-2])
    assert features(torch.rand(1, 3, 16, 16)).shape == (1, 8, side, side)


@pytest.mark.parametrize("block", [BasicBlock, Bottleneck])
def test_a_block_adds_its_input(block):
    one = block(8, 8 // block.expansion, 1).eval()
    last = one.bn2 if block is BasicBlock else one.bn3
    torch.nn.init.zeros_(last.weight)
    x = torch.randn(2, 8, 5, 5)
    torch.testing.assert_close(one(x.clone()), x.relu())


def test_the_stride_sits_in_the_three_by_three_of_a_bottleneck():
    one = Bottleneck(8, 4, 2)
    assert (one.conv1.stride, one.conv2.stride, one.conv3.stride) == ((1, 1), (2, 2), (1, 1))


def test_kernels_start_at_the_scale_of_he():
    torch.manual_seed(0)
    one = ResNet(4, block=BasicBlock, blocks=(1,), widths=(64,), stem="3x3")
    kernel = one.body[3].conv1.weight
    assert abs(float(kernel.detach().std()) - (2 / (64 * 9)) ** 0.5) < 2e-3


def test_option_a_takes_every_second_pixel_between_zero_channels():
    block = BasicBlock(4, 8, 2, "a")
    x = torch.randn(2, 4, 5, 6)
    wanted = torch.zeros(2, 8, 3, 3)
    for channel in range(4):
        for row in range(3):
            for column in range(3):
                wanted[:, 2 + channel, row, column] = x[:, channel, 2 * row, 2 * column]
    assert torch.equal(block.shortcut(x), wanted)
    assert not list(block.shortcut.parameters())
