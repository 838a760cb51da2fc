"""Observed through a network that is given: one look, at the data's classes, without training."""

import json
import re
import sys
from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest
import torch
from scores_toy import LABELS, NAMES, toy, weights
from torch import Tensor, nn

from smallset import score
from smallset.data import pixel_cache
from smallset.models import build_model, load_teacher
from smallset.observers import Pretrained, shards
from smallset.observers import observed as module
from smallset.observers.observed import Observed
from smallset.observers.record import RECORD, record
from smallset.observers.shards import Shards, look, shard_length
from smallset.parallel import Here
from smallset.scores import EL2N
from smallset.train.device import Machine


@pytest.fixture
def given(tmp_path) -> Pretrained:
    """A resnet8 of six animals, of which the data has four, in another order."""
    names = ["elk", "dog", "cow", "bee", "ape", "fox"]
    (tmp_path / "classes.json").write_text(json.dumps(names))
    file = weights(tmp_path / "w.pt", classes=6)
    return Pretrained(f"resnet8(weights={file}, classes={tmp_path / 'classes.json'})")


def own_pass(observed: Observed, file: str) -> tuple[Tensor, Tensor]:
    """Logits over the data's classes and features of the toy images, computed here."""
    model = build_model("resnet8", classes=6, size=8, seed=0)
    model.net.load_state_dict(torch.load(file, weights_only=True))
    seen: list[Tensor] = []
    model.net.head.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    with torch.no_grad():
        logits = model.eval()(observed.images.batch(np.arange(40)) / 255)
    return logits[:, [4, 3, 2, 1]], seen[0]


def test_the_records_are_those_of_its_logits_for_the_datas_classes(tmp_path, given):
    observed = toy(tmp_path)
    dynamics = observed.dynamics(given)
    logits, features = own_pass(observed, tmp_path / "w.pt")
    wanted = record(logits, features, torch.from_numpy(LABELS))
    assert (dynamics.epochs, len(dynamics.moments)) == (1, 1)
    for name in RECORD.names:
        np.testing.assert_allclose(dynamics.at(1)[name], wanted[name], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(observed.features(given), features, rtol=1e-4, atol=1e-5)


def test_it_looks_once_and_trains_nothing(tmp_path, given, monkeypatch):
    monkeypatch.setattr(module, "train_kept", None)
    told: list[str] = []
    observed = toy(tmp_path, progress=lambda stage, *_: told.append(stage))
    EL2N(observer=given)(observed)
    assert told == ["score"]
    EL2N(observer=given)(toy(tmp_path, progress=lambda stage, *_: told.append(stage)))
    assert told == ["score"]


def test_its_network_takes_gradients_and_gives_the_datas_classes(tmp_path, given):
    observed = toy(tmp_path)
    network = observed.network(given, epoch=1)
    assert not network.training
    network(observed.images.batch(np.arange(2)) / 255)[0, 0].backward()
    assert network.net.head.weight.grad[4].abs().sum() > 0
    assert network.net.head.weight.grad[0].abs().sum() == 0


def test_the_fingerprint_changes_with_every_fact(tmp_path, given):
    def found(observer: Pretrained = given, **changes: object) -> str:
        return toy(tmp_path, **changes).fingerprint(observer, 0)

    prints = [found(), found(source="other"), found(machine=Machine("cpu", "bfloat16", 1))]
    prints += [found(machine=Machine(*facts)) for facts in (("cuda", "float32", 1),
                                                            ("cpu", "float32", 2))]  # fmt: skip
    prints.append(found(Pretrained(given.network.replace("weights", "size=9, weights"))))
    larger = torch.zeros(40, 3, 16, 16, dtype=torch.uint8)
    base = toy(tmp_path)
    prints.append(replace(base, images=type(base.images)(larger)).fingerprint(given, 0))
    weights(tmp_path / "w.pt", classes=6, seed=1)
    prints.append(found())
    assert len(set(prints)) == len(prints)


def test_the_same_weights_elsewhere_are_the_same_run(tmp_path, given):
    moved = given.network.replace("w.pt", "moved.pt")
    before = toy(tmp_path).fingerprint(given, 0)
    (tmp_path / "w.pt").rename(tmp_path / "moved.pt")
    assert toy(tmp_path).fingerprint(Pretrained(moved), 0) == before


def test_another_run_or_epoch_of_it_is_refused(tmp_path, given):
    observed = toy(tmp_path)
    with pytest.raises(ValueError, match=r"run 2 reads an observer's training, but 'resnet8\("):
        observed.dynamics(given, run=2)
    with pytest.raises(ValueError, match=r"run 0, epoch 3 reads an observer's training, but"):
        observed.network(given, epoch=3)
    with pytest.raises(ValueError, match=r"run 1, epoch 1 reads an observer's training, but"):
        observed.network(given, run=1, epoch=1)


class Undecoded:
    """Images that nobody may ask for."""

    size = 8

    def __len__(self) -> int:
        return 40

    def batch(self, indices):
        raise AssertionError(indices)


@pytest.mark.parametrize(
    ("network", "error", "said"),
    [
        ("resnet8(weights=no.pt, classes=same)", FileNotFoundError, "no weights file 'no.pt'"),
        ("resnet8(weights={}/w.pt)", ValueError, "does not say what its outputs stand for"),
        ("resnet8(weights={}/w.pt, classes=same)", ValueError, "not those of 'resnet8' with these"),
        ("resnet8(weights={}/w.pt, classes={}/few.txt)", ValueError, "no class for 'cow', 'dog'"),
        ("no/teacher", FileNotFoundError, "there is no teacher 'no/teacher'. Needed a folder"),
    ],
)
def test_one_that_does_not_fit_is_refused_before_an_image_is_decoded(
    network, error, said, tmp_path, given
):
    (tmp_path / "few.txt").write_text("ape\nbee\na\nb\nc\nd\n")
    observed = replace(toy(tmp_path), images=Undecoded())
    with pytest.raises(error, match=re.escape(said)):
        observed.dynamics(Pretrained(network.replace("{}", str(tmp_path))))
    assert not (tmp_path / "observers").exists()


def test_a_librarys_own_weights_look_at_their_own_size(tmp_path, monkeypatch):
    def create_model(name: str, *, pretrained: bool, num_classes: int = 4) -> nn.Module:
        net = nn.Sequential(nn.Flatten(), nn.Linear(48, num_classes))
        torch.nn.init.constant_(net[1].bias, 1.0 if pretrained else 0.0)
        net.num_classes = num_classes
        net.pretrained_cfg = {"mean": (0.5,) * 3, "std": (0.25,) * 3, "input_size": (3, 4, 4)}
        return net

    timm = ModuleType("timm")
    timm.__dict__.update(create_model=create_model, list_models=lambda *_: ["resnet18"])
    monkeypatch.setitem(sys.modules, "timm", timm)
    observed = toy(tmp_path)
    features = observed.features(Pretrained("timm:resnet18(weights=default, classes=same)"))
    assert features.shape == (40, 48)
    unit = observed.images.batch(np.arange(40)) / 255
    seen = torch.nn.functional.interpolate(unit, (4, 4), mode="bilinear", antialias=True)
    np.testing.assert_allclose(features, (seen.flatten(1) - 0.5) / 0.25, rtol=1e-4, atol=1e-5)


@pytest.fixture
def mapped(tmp_path, monkeypatch):
    """The toy data in a mapped file, in three shards."""
    monkeypatch.setattr(shards, "SHARD", 16)
    monkeypatch.setattr(shards, "inference_batch", lambda _: 16)
    monkeypatch.setattr("smallset.train.evaluation.inference_batch", lambda _: 16)
    base = toy(tmp_path)
    assert shard_length(8) == 16
    return replace(base, images=pixel_cache(base.dataset, 8, view="squash", work=tmp_path))


def test_workers_look_through_it_too_with_the_same_values(tmp_path, given, mapped):
    alone = np.array(mapped.dynamics(given).at(1))
    spread = replace(mapped, work=tmp_path / "spread", spread=Shards(Here(1)))
    np.testing.assert_array_equal(spread.dynamics(given).at(1), alone)
    assert not list(tmp_path.rglob("shards.pt"))


def test_a_worker_that_finds_another_network_says_so(tmp_path, given, mapped):
    (shard, *_) = shards._shards(mapped, given.network, tmp_path / "w.pt", "0" * 64)
    own = load_teacher(given.network, classes=NAMES, size=8).sha256
    with pytest.raises(ValueError, match="a worker finds another network under 'resnet8") as said:
        look(shard)
    assert str(said.value).endswith(
        f"than the driver (sha256 {own[:12]}... and not 000000000000...). Needed the same files on "
        "all nodes. Put them where all nodes see them."
    )


# It knows 91.7 % of the test images, as published, and nearly all those that it was trained on.
@pytest.mark.slow
def test_the_given_resnet20_finds_what_it_was_trained_on_easy(real_data, tmp_path):
    file = real_data / "weights/resnet20-12fca82f.th"
    classes = real_data / "cifar10/classes.json"
    spec = f"el2n(observer=resnet20(weights={file}, shortcut=a, size=32, classes={classes}))"
    found = score(real_data / "cifar10", tmp_path / "s.parquet", scores=[spec], work=tmp_path)
    [values] = [scores.values for scores in found.values()]
    assert values.shape == (50_000,)
    assert np.median(values) < 1e-4
    assert 0 < np.mean(values > 0.8) < 0.02
