import re
import sys
from types import ModuleType, SimpleNamespace

import pytest
import torch
from torch import nn

from smallset.models import build_model, library_of, load_teacher, weights_sha256
from smallset.models.adapters import adapt, pretrained, replace_head


def fake(name: str, **members: object) -> ModuleType:
    module = ModuleType(name)
    module.__dict__.update(members)
    return module


def flat(classes: int, *before: nn.Module) -> nn.Sequential:
    return nn.Sequential(*before, nn.Flatten(), nn.Linear(48, classes))


@pytest.fixture
def timm(monkeypatch):
    known = ["resnet18", "resnet26"]

    def create_model(name: str, *, pretrained: bool, num_classes: int = 7) -> nn.Module:
        net = flat(num_classes)
        if pretrained:
            nn.init.ones_(net[1].weight)
            nn.init.zeros_(net[1].bias)
            net.num_classes = num_classes
            net.pretrained_cfg = {"mean": (0.5,) * 3, "std": (0.25,) * 3, "input_size": (3, 4, 4)}
        return net

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

    def get_model(name: str, *, weights: object, num_classes: int = 7) -> nn.Module:
        net = flat(num_classes)
        if weights is not None:
            nn.init.ones_(net[1].weight)
        return net

    view = SimpleNamespace(mean=[0.5] * 3, std=[0.25] * 3, crop_size=[4])
    default = SimpleNamespace(transforms=lambda: view, meta={"categories": list("abcdefg")})
    models = fake(
        "torchvision.models",
        list_models=list_models,
        get_model=get_model,
        get_model_weights=lambda name: SimpleNamespace(DEFAULT=default),
    )
    monkeypatch.setitem(sys.modules, "torchvision", fake("torchvision", models=models))
    monkeypatch.setitem(sys.modules, "torchvision.models", models)


both = pytest.mark.usefixtures("timm", "torchvision")


@both
@pytest.mark.parametrize("name", ["timm:resnet18", "torchvision:vgg11"])
def test_a_network_of_a_library_has_fresh_seeded_weights_and_our_classes(name):
    one, same = (build_model(name, classes=6, size=4, seed=1) for _ in range(2))
    x = torch.rand(2, 3, 4, 4)
    assert one(x).shape == (2, 6)
    assert torch.equal(one(x), same(x))


@both
@pytest.mark.parametrize(
    ("library", "name", "said"),
    [
        ("timm", "resnet19", "timm has no model 'resnet19'. Did you mean 'resnet18'? Known: "
                             "resnet18, resnet26."),
        ("torchvision", "vgg12", "torchvision has no classifier 'vgg12'. Did you mean 'vgg11'? "
                                 "Known: vgg11."),
        ("kers", "resnet18", "there is no model library 'kers'. Known: timm, torchvision. "
                             "Write timm:NAME or torchvision:NAME."),
    ],
)  # fmt: skip
def test_an_unknown_name_is_refused_with_the_known_ones(library, name, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        adapt(library, name, 2)


@pytest.mark.parametrize("library", ["timm", "torchvision"])
def test_a_missing_library_says_what_to_install(library, monkeypatch):
    for name in (library, f"{library}.models"):
        monkeypatch.setitem(sys.modules, name, None)  # import now raises ImportError
    for ask in (lambda name: build_model(name, classes=2, size=8, seed=0), library_of):
        with pytest.raises(ValueError, match="which cannot be used here") as caught:
            ask(f"{library}:resnet18")
        said = str(caught.value)
        assert said.startswith(f"the model {library}:resnet18 needs {library}, which cannot be")
        assert said.endswith(f"Install it with: pip install 'smallset[{library}]'.")


@both
@pytest.mark.parametrize("name", ["timm:resnet18.a1_in1k", "torchvision:vgg11"])
def test_default_weights_bring_their_normalisation_and_a_fitting_head(name):
    finetuned = build_model(f"{name}(weights=default)", classes=3, size=4, seed=0)
    kept = build_model(f"{name}(weights=default)", classes=7, size=4, seed=0)
    own = build_model(f"{name}(weights=default, mean=(0, 0, 0))", classes=7, size=4, seed=0)
    assert finetuned.net[1].weight.shape == (3, 48)
    assert not torch.equal(finetuned.net[1].weight, torch.ones(3, 48))
    assert torch.equal(kept.net[1].weight, torch.ones(7, 48))
    assert (kept.mean.unique().tolist(), kept.std.unique().tolist()) == ([0.5], [0.25])
    assert (own.mean.unique().tolist(), own.std.unique().tolist()) == ([0.0], [0.25])


@pytest.mark.usefixtures("timm")
def test_a_network_of_another_library_has_its_version(monkeypatch):
    assert library_of("resnet18") == {}
    assert library_of("timm:resnet18") == {"timm": "unknown"}
    monkeypatch.setattr(sys.modules["timm"], "__version__", "1.0.9", raising=False)
    assert library_of("timm:resnet18(weights=default)") == {"timm": "1.0.9"}


@pytest.mark.usefixtures("timm")
def test_default_weights_have_a_hash_of_their_values(monkeypatch):
    spec, create = "timm:resnet18(weights=default)", sys.modules["timm"].create_model
    before = torch.get_rng_state()
    first = weights_sha256(spec)
    assert first == weights_sha256(spec)
    assert torch.equal(torch.get_rng_state(), before)

    def newer(name: str, *, pretrained: bool, num_classes: int = 7) -> nn.Module:
        net = create(name, pretrained=pretrained, num_classes=num_classes)
        nn.init.ones_(net[1].bias)
        return net

    monkeypatch.setattr(sys.modules["timm"], "create_model", newer)
    assert weights_sha256(spec) not in (first, None)


@pytest.mark.usefixtures("timm")
def test_a_network_that_does_not_take_the_size_is_refused(tmp_path):
    with pytest.raises(ValueError, match="the network 'timm:resnet18' cannot be used on") as caught:
        build_model("timm:resnet18", classes=6, size=8, seed=1)
    said = str(caught.value)
    assert "on images of 8 px (mat1 and mat2 shapes cannot be multiplied (2x192 and 48x6))" in said
    assert said.endswith("returns 6 logits for them. Choose another network or another size.")
    torch.save(flat(2).state_dict(), tmp_path / "w.pt")
    spec = f"timm:resnet18(weights={tmp_path}/w.pt, classes=same"
    with pytest.raises(
        ValueError, match=r"w\.pt, classes=same\)' cannot be used on images of 8 px"
    ):
        load_teacher(f"{spec})", classes=("a", "b"), size=8)
    load_teacher(f"{spec}, size=4)", classes=("a", "b"), size=8)


class Auxiliary(nn.Sequential):
    """Gives more than logits in training."""

    def forward(self, x: torch.Tensor) -> object:
        logits = super().forward(x)
        return (logits, logits) if self.training else logits


@pytest.mark.usefixtures("timm")
def test_a_network_that_gives_more_than_logits_in_training_is_refused(monkeypatch):
    net = Auxiliary(*flat(6))
    monkeypatch.setattr(sys.modules["timm"], "create_model", lambda name, **_: net)
    with pytest.raises(
        ValueError, match=r"\(for 2 images it returns a tuple, not \(2, 6\)\)\. Needed"
    ):
        build_model("timm:resnet18", classes=6, size=4, seed=1)


@pytest.mark.usefixtures("timm")
def test_the_trial_of_a_network_leaves_its_statistics_alone(monkeypatch):
    net = flat(6, nn.BatchNorm2d(3))
    monkeypatch.setattr(sys.modules["timm"], "create_model", lambda name, **_: net)
    model = build_model("timm:resnet18", classes=6, size=4, seed=1)
    assert model.net[0].num_batches_tracked == 0
    assert torch.equal(model.net[0].running_mean, torch.zeros(3))


@pytest.mark.usefixtures("timm")
def test_a_fresh_head_on_default_weights_follows_the_seed():
    one, same, other = (
        build_model("timm:resnet18(weights=default)", classes=3, size=4, seed=seed).net[1].weight
        for seed in (0, 0, 1)
    )
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


@both
@pytest.mark.parametrize("name", ["timm:resnet18", "torchvision:vgg11"])
def test_a_teacher_with_default_weights_looks_at_their_size(name, tmp_path):
    (tmp_path / "c.txt").write_text("\n".join("abcdefg"))
    spec = f"{name}(weights=default, classes={tmp_path}/c.txt)"
    teacher = load_teacher(spec, classes=("b", "a"), size=16)
    net = teacher.network
    assert (net.size, net.mean.unique().tolist(), net.outputs.tolist()) == (4, [0.5], [1, 0])
    assert net(torch.rand(2, 3, 16, 16)).shape == (2, 2)
    assert teacher.bytes == 4 * 7 * 49
    assert teacher.sha256 != load_teacher(spec, classes=("a", "b"), size=16).sha256


@pytest.mark.usefixtures("timm")
def test_a_teacher_of_another_number_of_outputs_than_its_class_file_is_refused(tmp_path):
    (tmp_path / "c.txt").write_text("a\nb")
    said = "has 7 outputs, but the class file"
    with pytest.raises(ValueError, match=said) as caught:
        load_teacher(
            f"timm:resnet18(weights=default, classes={tmp_path}/c.txt)", classes=("a",), size=4
        )
    assert str(caught.value).endswith("for all its outputs, or with imagenet_1k_index.")


@pytest.mark.usefixtures("timm")
def test_default_weights_that_cannot_be_fetched_say_what_else_there_is(monkeypatch):
    create = sys.modules["timm"].create_model

    def offline(name: str, *, pretrained: bool, num_classes: int = 7) -> nn.Module:
        if pretrained:
            raise ConnectionError("no route to host")
        return create(name, pretrained=False, num_classes=num_classes)

    monkeypatch.setattr(sys.modules["timm"], "create_model", offline)
    said = "the default weights of timm:resnet18 cannot be loaded (no route to host). Needed"
    with pytest.raises(ValueError, match=re.escape(said)) as caught:
        pretrained("timm", "resnet18")
    assert str(caught.value).endswith("Or give weights=PATH of a file.")


def test_the_last_linear_layer_is_replaced_wherever_it_stands():
    net = nn.Sequential(nn.Linear(2, 3), nn.Sequential(nn.Linear(3, 4, bias=False), nn.Dropout()))
    replace_head(net, 9)
    assert (net[1][0].in_features, net[1][0].out_features, net[1][0].bias) == (3, 9, None)
    assert net[0].out_features == 3


@pytest.mark.usefixtures("timm")
def test_a_weights_file_fits_a_network_of_another_library(tmp_path):
    net = flat(5)
    torch.save(net.state_dict(), tmp_path / "w.pt")
    pixels = torch.rand(2, 3, 4, 4)
    spec = f"timm:resnet18(weights={tmp_path}/w.pt, mean=(0, 0, 0), std=(1, 1, 1))"
    assert torch.equal(build_model(spec, classes=5, size=4, seed=0)(pixels), net(pixels))
    assert build_model(spec, classes=2, size=4, seed=0)(pixels).shape == (2, 2)
    taught = load_teacher(f"{spec[:-1]}, classes=same)", classes=tuple("abcde"), size=4)
    assert torch.equal(taught.network(pixels), net(pixels))
