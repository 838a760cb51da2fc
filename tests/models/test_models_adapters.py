import re
import sys
from types import ModuleType

import pytest
import torch
from torch import nn

from smallset.models import build_model
from smallset.models.adapters import adapt


def fake(name: str, **members: object) -> ModuleType:
    module = ModuleType(name)
    module.__dict__.update(members)
    return module


@pytest.fixture
def timm(monkeypatch):
    known = ["resnet18", "resnet26"]

    def create_model(name: str, *, pretrained: bool, num_classes: int) -> nn.Module:
        assert not pretrained
        return nn.Sequential(nn.Flatten(), nn.Linear(48, num_classes))

    def list_models(like: str = "*") -> list[str]:
        return [n for n in known if like.strip("*") in n]

    monkeypatch.setitem(
        sys.modules, "timm", fake("timm", create_model=create_model, list_models=list_models)
    )


@pytest.fixture
def torchvision(monkeypatch):
    def list_models(*, module: ModuleType) -> list[str]:
        assert module is models
        return ["vgg11"]

    def get_model(name: str, *, weights: None, num_classes: int) -> nn.Module:
        return nn.Sequential(nn.Flatten(), nn.Linear(48, num_classes))

    models = fake("torchvision.models", list_models=list_models, get_model=get_model)
    monkeypatch.setitem(sys.modules, "torchvision", fake("torchvision", models=models))
    monkeypatch.setitem(sys.modules, "torchvision.models", models)


@pytest.mark.usefixtures("timm")
def test_a_network_of_timm_has_fresh_seeded_weights_and_our_classes():
    one, same = (build_model("timm:resnet18", classes=6, size=4, seed=1) for _ in range(2))
    x = torch.rand(2, 3, 4, 4)
    assert one(x).shape == (2, 6)
    assert torch.equal(one(x), same(x))


@pytest.mark.usefixtures("timm")
def test_a_network_that_timm_lacks_is_refused_with_the_nearest():
    with pytest.raises(ValueError, match="timm has no model 'resnet19'") as caught:
        adapt("timm", "resnet19", 2)
    assert "Did you mean 'resnet18'? Known: resnet18, resnet26." in str(caught.value)


@pytest.mark.usefixtures("torchvision")
def test_a_network_of_torchvision_has_our_classes():
    model = build_model("torchvision:vgg11", classes=6, size=4, seed=1)
    assert model(torch.rand(2, 3, 4, 4)).shape == (2, 6)


@pytest.mark.usefixtures("torchvision")
def test_a_network_that_torchvision_lacks_is_refused_with_the_nearest():
    said = "torchvision has no classifier 'vgg12'. Did you mean 'vgg11'? Known: vgg11."
    with pytest.raises(ValueError, match=re.escape(said)):
        adapt("torchvision", "vgg12", 2)


@pytest.mark.parametrize("library", ["timm", "torchvision"])
def test_a_missing_library_says_what_to_install(library, monkeypatch):
    for name in (library, f"{library}.models"):
        monkeypatch.setitem(sys.modules, name, None)  # import now raises ImportError
    with pytest.raises(ValueError, match="which cannot be used here") as caught:
        build_model(f"{library}:resnet18", classes=2, size=8, seed=0)
    said = str(caught.value)
    assert said.startswith(f"the model {library}:resnet18 needs {library}, which cannot be used")
    assert said.endswith(f"Install it with: pip install 'smallset[{library}]'.")


def test_an_unknown_library_is_refused_with_the_known_ones():
    said = (
        "there is no model library 'kers'. Known: timm, torchvision. "
        "Write timm:NAME or torchvision:NAME."
    )
    with pytest.raises(ValueError, match=re.escape(said)):
        adapt("kers", "resnet18", 2)
