import re

import pytest
import torch

from smallset.models.convnet import ConvNet, InstanceNorm


def spelled(plain: bool, monkeypatch: pytest.MonkeyPatch) -> InstanceNorm:
    monkeypatch.setattr(torch.compiler, "is_compiling", lambda: plain)
    norm = InstanceNorm(5)
    with torch.no_grad():
        norm.weight.copy_(torch.linspace(-1, 2, 5))
        norm.bias.copy_(torch.linspace(1, -1, 5))
    return norm


@pytest.mark.parametrize("plain", [False, True])
def test_instance_norm_is_torchs_forward_and_backward(plain, monkeypatch):
    torch.manual_seed(0)
    ours, theirs = spelled(plain, monkeypatch), torch.nn.InstanceNorm2d(5, affine=True, eps=1e-5)
    theirs.load_state_dict(ours.state_dict())
    x = (torch.randn(4, 5, 6, 7) * 3 + 2).requires_grad_()
    twin = x.detach().clone().requires_grad_()
    upstream = torch.randn(4, 5, 6, 7)
    y, wanted = ours(x), theirs(twin)
    torch.testing.assert_close(y, wanted, rtol=1e-5, atol=1e-5)
    y.backward(upstream)
    wanted.backward(upstream)
    torch.testing.assert_close(x.grad, twin.grad, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(ours.weight.grad, theirs.weight.grad, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(ours.bias.grad, theirs.bias.grad, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("plain", [False, True])
def test_a_constant_channel_becomes_its_bias(plain, monkeypatch):
    norm = spelled(plain, monkeypatch)
    y = norm(torch.full((2, 5, 4, 4), 3.0))
    torch.testing.assert_close(
        y, norm.bias.detach().view(1, 5, 1, 1).expand(2, 5, 4, 4), atol=1e-3, rtol=0
    )


@pytest.mark.parametrize("plain", [False, True])
def test_instance_norm_keeps_bfloat16(plain, monkeypatch):
    x = torch.randn(2, 5, 4, 4, dtype=torch.bfloat16)
    with torch.autocast("cpu", torch.bfloat16):
        assert spelled(plain, monkeypatch)(x).dtype == torch.bfloat16


def test_odd_sizes_lose_their_last_row_and_column():
    assert ConvNet(2, 31, depth=3)(torch.rand(1, 3, 31, 31)).shape == (1, 2)
    assert ConvNet(2, 31, depth=3).head.in_features == 128 * 9


@pytest.mark.parametrize("depth", [3, 4, 5])
def test_a_net_deeper_than_the_image_is_refused(depth):
    ConvNet(2, 2**depth, depth=depth)
    said = (
        f"ConvNet-D{depth} halves the image {depth} times, so it needs at least {2**depth} px, "
        f"but the size is {2**depth - 1}. Use a larger --size or a shallower student."
    )
    with pytest.raises(ValueError, match=re.escape(said)):
        ConvNet(2, 2**depth - 1, depth=depth)
