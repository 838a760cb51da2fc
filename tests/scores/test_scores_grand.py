import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scores_toy import LABELS, toy, weights

from smallset.models import build_model
from smallset.models.network import Network
from smallset.observers import Observer, Pretrained
from smallset.observers.record import look, record
from smallset.scores import GraNd
from smallset.scores import grand as module
from smallset.scores.grand import check_gradients, chunk_of, gradient_norms
from smallset.train.device import Machine
from smallset.train.render import to_unit
from smallset.train.shown import InMemory

SHORT = Observer("resnet8", epochs=2)
HERE = Machine("cpu", "float32", 1)


def naive(model: torch.nn.Module, pixels: torch.Tensor, label: int, layers: str) -> float:
    model.zero_grad()
    F.cross_entropy(model(to_unit(pixels[None])), torch.tensor([int(label)])).backward()
    weights = model.net.head.parameters() if layers == "last" else model.parameters()
    return float(torch.cat([w.grad.flatten() for w in weights]).norm())


def test_both_forms_are_the_norms_of_gradients_taken_one_image_at_a_time():
    model = build_model("resnet8", classes=4, size=8, seed=0)
    HERE.place(model)
    model.eval()
    images = InMemory(torch.randint(0, 256, (6, 3, 8, 8), dtype=torch.uint8))
    labels = torch.tensor([0, 1, 2, 3, 0, 1])
    ((_, logits, features),) = look(model, images, machine=HERE)
    last = GraNd().of_moment(record(logits, features, labels))
    every = gradient_norms(model, to_unit(images.pixels), labels).numpy()
    for i in range(6):
        wanted = {k: naive(model, images.pixels[i], int(labels[i]), k) for k in ("last", "all")}
        np.testing.assert_allclose(last[i], wanted["last"], rtol=1e-4)
        np.testing.assert_allclose(every[i], wanted["all"], rtol=1e-4)


def test_gradients_of_all_layers_are_means_over_epochs_whatever_the_chunk(tmp_path, monkeypatch):
    observed = toy(tmp_path)
    score = GraNd(epochs=2, layers="all", observer=SHORT)
    found = score(observed)
    parts = []
    for epoch in (1, 2):
        model = observed.network(SHORT, epoch=epoch)
        pixels = to_unit(observed.images.batch(np.arange(40)))
        parts.append(gradient_norms(model, pixels, torch.from_numpy(LABELS)).numpy())
    np.testing.assert_allclose(found, np.mean(parts, axis=0), rtol=1e-4)
    monkeypatch.setattr(module, "_HELD", 7 * 78_000)
    np.testing.assert_allclose(score(toy(tmp_path / "other")), found, rtol=1e-4)


def test_few_images_are_taken_at_once_where_weights_or_pixels_are_many():
    small, large = (build_model(n, classes=4, size=32, seed=0) for n in ("resnet8", "resnet18"))
    assert [chunk_of(small, size) for size in (8, 32, 96, 224)] == [64, 64, 14, 2]
    assert chunk_of(large, 32) == 6


class Choosing(torch.nn.Module):
    """A network that decides by what it sees."""

    def __init__(self) -> None:
        super().__init__()
        self.head = torch.nn.Linear(3, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        mean = x.mean((2, 3))
        return self.head(mean if mean.sum().item() > 0 else -mean)


def choosing(name: str, *, classes: int, size: int, seed: int) -> Network:
    return Network(Choosing(), worth_compiling=False)


SAID = (
    r"the observer 'resnet8' cannot give the gradient of a single image \(.*item.*\). Needed a "
    "network that torch.func can differentiate. Choose another observer, or layers=last."
)


def test_an_observer_without_a_gradient_an_image_is_refused_before_it_trains(tmp_path, monkeypatch):
    monkeypatch.setattr("smallset.observers.observed.build_model", choosing)
    with pytest.raises(ValueError, match=SAID):
        GraNd(epochs=1, layers="all", observer=SHORT)(toy(tmp_path))
    assert not list(tmp_path.iterdir())


def test_running_out_of_memory_says_nothing_about_the_network(monkeypatch):
    def full(*_: object) -> torch.Tensor:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(module, "gradient_norms", full)
    with pytest.raises(torch.OutOfMemoryError):
        check_gradients(build_model("resnet8", classes=4, size=8, seed=0), name="x", size=8)


def test_a_network_that_is_given_has_gradients_too(tmp_path):
    given = Pretrained(f"resnet8(weights={weights(tmp_path / 'w.pt')}, classes=same)")
    observed = toy(tmp_path)
    model = observed.network(given, epoch=1)
    wanted = gradient_norms(model, to_unit(observed.images.pixels), torch.from_numpy(LABELS))
    found = GraNd(layers="all", observer=given)(observed)
    np.testing.assert_allclose(found, wanted.numpy(), rtol=1e-4)


def test_the_gradients_of_all_epochs_and_runs_are_one_job(tmp_path):
    told: list[tuple[str, int, int]] = []
    seen = toy(tmp_path, progress=lambda *report: told.append(report))
    GraNd(epochs=2, runs=2, layers="all", observer=SHORT)(seen)
    assert [report for report in told if report[0].startswith("gradients")] == [
        ("gradients, run 1 of 2, epoch 1 of 2", 40, 160),
        ("gradients, run 1 of 2, epoch 2 of 2", 80, 160),
        ("gradients, run 2 of 2, epoch 1 of 2", 120, 160),
        ("gradients, run 2 of 2, epoch 2 of 2", 160, 160),
    ]
    trained = [report for report in told if report[0].startswith("train")]
    assert trained[-1] == ("train, run 2 of 2", 160, 160)
