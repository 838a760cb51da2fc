import pytest
import torch
from torch import Tensor, nn

from smallset.models import MODELS
from smallset.models.keys import translate
from smallset.models.weights import load_weights

BN = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")


def norm(name: str) -> list[str]:
    return [f"{name}.{part}" for part in BN]


def resnet_keys(blocks: tuple[int, ...], convolutions: int, *, head: str, down: bool) -> list[str]:
    """The keys of torchvision's ResNets, and without `downsample` of akamaster's."""
    keys = ["conv1.weight", *norm("bn1"), f"{head}.weight", f"{head}.bias"]
    for stage, count in enumerate(blocks, 1):
        for index in range(count):
            at = f"layer{stage}.{index}"
            for c in range(1, convolutions + 1):
                keys += [f"{at}.conv{c}.weight", *norm(f"{at}.bn{c}")]
            if down and not index and (stage > 1 or convolutions == 3):
                keys += [f"{at}.downsample.0.weight", *norm(f"{at}.downsample.1")]
    return keys


def efficient_keys(*, squeeze: bool) -> list[str]:
    """The keys of lukemelas' EfficientNet-B0 and, without the squeeze, of the Lite port."""
    keys = ["_conv_stem.weight", *norm("_bn0"), "_conv_head.weight", *norm("_bn1")]
    keys += ["_fc.weight", "_fc.bias"]
    for index in range(16):
        at = f"_blocks.{index}"
        if index:
            keys += [f"{at}._expand_conv.weight", *norm(f"{at}._bn0")]
        keys += [f"{at}._depthwise_conv.weight", *norm(f"{at}._bn1")]
        if squeeze:
            keys += [f"{at}._se_{w}.{p}" for w in ("reduce", "expand") for p in ("weight", "bias")]
        keys += [f"{at}._project_conv.weight", *norm(f"{at}._bn2")]
    return keys


def built(name: str, option_a: bool = False) -> nn.Module:
    entry = MODELS[name]
    return entry.build_a(10, 32) if option_a and entry.build_a else entry.build(10, 32)


@pytest.mark.parametrize(
    ("name", "option_a", "keys"),
    [
        ("resnet20", True, resnet_keys((3, 3, 3), 2, head="linear", down=False)),
        ("resnet18", False, resnet_keys((2, 2, 2, 2), 2, head="fc", down=True)),
        ("resnet50", False, resnet_keys((3, 4, 6, 3), 3, head="fc", down=True)),
        ("efficientnet-b0", False, efficient_keys(squeeze=True)),
        ("efficientnet-lite0", False, efficient_keys(squeeze=False)),
    ],
)
def test_every_foreign_key_is_one_of_ours_and_each_is_used_once(name, option_a, keys):
    net = built(name, option_a)
    foreign = {key: torch.zeros(()) for key in keys}
    assert sorted(translate(foreign, net)) == sorted(net.state_dict())


def test_weights_come_to_the_layer_they_belong_to():
    net = built("resnet18")
    found = translate({"layer2.0.downsample.0.weight": torch.zeros(3)}, net)
    assert list(found) == ["body.6.shortcut.0.weight"]
    assert net.get_submodule("body.6.shortcut.0").weight.shape == (128, 64, 1, 1)
    lite = built("efficientnet-lite0")
    found = translate({"_blocks.3._bn1.weight": torch.zeros(3)}, lite)
    assert list(found) == ["body.4.depthwise.1.weight"]
    assert lite.get_submodule("body.4.depthwise.1").num_features == 144


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("resnet18", "layer1.2.conv1.weight"),
        ("resnet18", "layer5.0.conv1.weight"),
        ("resnet18", "layer0.0.conv1.weight"),
        ("resnet18", "body.0.weight"),
        ("efficientnet-lite0", "_blocks.16._bn1.weight"),
        ("efficientnet-lite0", "_blocks.1._bn7.weight"),
        ("convnet-d3", "conv1.weight"),
    ],
)
def test_a_key_that_has_no_place_keeps_its_name(name, key):
    assert list(translate({key: torch.zeros(())}, built(name))) == [key]


def test_a_deeper_network_is_not_taken_for_a_shallow_one():
    net = built("resnet18")
    foreign: dict[str, Tensor] = {}
    for key in resnet_keys((3, 4, 6, 3), 2, head="fc", down=True):
        (own,) = translate({key: torch.zeros(())}, net)
        foreign[key] = net.state_dict().get(own, torch.zeros(()))
    with pytest.raises(ValueError, match=r"not those of 'resnet18'.*unknown layer1\.2\.conv1\.we"):
        load_weights(net, foreign, name="resnet18", source="x.pt", new_head=False)
