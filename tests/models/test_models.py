import numpy as np
import pytest
import torch
import torch.nn.functional as F

from smallset.models import MEAN, MODELS, STD, build_model, check_model
from smallset.models.build import bare_network
from smallset.models.network import Network
from smallset.models.spec import read_model

SIZES = {"convnet-d3": 8, "convnet-d4": 16, "convnet-d5": 32}


@pytest.mark.parametrize("name", MODELS)
def test_every_model_gives_logits_and_learns_from_a_batch_of_two(name):
    size = SIZES.get(name, 64)
    model = build_model(name, classes=7, size=size, seed=0)
    logits = model(torch.rand(2, 3, size, size))
    assert logits.shape == (2, 7)
    F.cross_entropy(logits, torch.tensor([0, 2])).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())


@pytest.mark.parametrize("name", ["convnet-d3", "resnet8", "resnet10", "resnet18-3x3"])
def test_same_seed_same_weights(name):
    one, same, other = (
        build_model(name, classes=10, size=32, seed=seed).state_dict() for seed in (5, 5, 6)
    )
    assert all(torch.equal(one[key], same[key]) for key in one)
    assert not all(torch.equal(one[key], other[key]) for key in one)


def test_building_leaves_the_global_random_state_alone(monkeypatch):
    monkeypatch.setattr(torch.cuda, "manual_seed_all", lambda _: pytest.fail("seeds the GPUs"))
    before = torch.get_rng_state()
    build_model("resnet8", classes=10, size=32, seed=3)
    assert torch.equal(torch.get_rng_state(), before)


# Published for ImageNet's heads in torchvision's documentation and timm's table (Lite0: 4.65 M),
# for CIFAR's in the table of github.com/akamaster/pytorch_resnet_cifar10 (0.27 M, option A).
@pytest.mark.parametrize(
    ("name", "classes", "parameters"),
    [
        ("resnet18", 1000, 11_689_512),
        ("resnet34", 1000, 21_797_672),
        ("resnet50", 1000, 25_557_032),
        ("resnet18-3x3", 10, 11_689_512 - 990 * 513 - 64 * 3 * (49 - 9)),
        ("convnet-d3", 10, 320_010),
        ("mobilenet-v2", 1000, 3_504_872),
        ("efficientnet-b0", 1000, 5_288_548),
        ("efficientnet-lite0", 1000, 4_652_008),
        ("resnet20(shortcut=a)", 10, 269_722),
    ],
)
def test_parameter_counts_are_the_published_ones(name, classes, parameters):
    with torch.device("meta"):
        net = bare_network(read_model(name), classes=classes, size=32)
    assert sum(p.numel() for p in net.parameters()) == parameters


def test_the_network_normalises_with_the_statistics_of_imagenet():
    pixels = torch.rand(2, 3, 4, 4)
    wanted = (pixels.numpy() - np.float32(MEAN)[:, None, None]) / np.float32(STD)[:, None, None]
    network = Network(torch.nn.Flatten(), worth_compiling=False)
    np.testing.assert_array_equal(network(pixels).numpy(), wanted.reshape(2, 48))


def test_normalisation_constants_are_not_part_of_the_weights():
    assert not {"mean", "std"} & set(build_model("resnet8", classes=2, size=8, seed=0).state_dict())


def test_an_unknown_model_gets_the_nearest_and_the_list():
    for refuse in (check_model, lambda name: build_model(name, classes=2, size=8, seed=0)):
        with pytest.raises(ValueError, match="there is no model 'resnet19'") as caught:
            refuse("resnet19")
        said = str(caught.value)
        assert "Did you mean 'resnet1" in said
        assert all(name in said for name in MODELS)
        assert said.endswith("Or timm:NAME, torchvision:NAME, from those libraries.")
