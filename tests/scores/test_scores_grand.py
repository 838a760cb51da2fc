import numpy as np
import torch
import torch.nn.functional as F
from scores_toy import LABELS, toy

from smallset.models import build_model
from smallset.scores import GraNd, Observer
from smallset.scores import grand as module
from smallset.scores.grand import gradient_norms, last_layer
from smallset.scores.record import look, record
from smallset.train.device import Machine
from smallset.train.loop import InMemory
from smallset.train.render import to_unit

SHORT = Observer("resnet8", epochs=2)
HERE = Machine("cpu", "float32", 1)


def naive(model: torch.nn.Module, pixels: torch.Tensor, label: int, layers: str) -> float:
    model.zero_grad()
    F.cross_entropy(model(to_unit(pixels[None])), torch.tensor([label])).backward()
    weights = model.net.head.parameters() if layers == "last" else model.parameters()
    return float(torch.cat([w.grad.flatten() for w in weights]).norm())


def test_both_forms_are_the_norms_of_gradients_taken_one_image_at_a_time():
    model = build_model("resnet8", classes=4, size=8, seed=0)
    HERE.place(model)
    model.eval()
    images = InMemory(torch.randint(0, 256, (6, 3, 8, 8), dtype=torch.uint8))
    labels = torch.tensor([0, 1, 2, 3, 0, 1])
    ((_, logits, features),) = look(model, images, machine=HERE)
    last = last_layer(record(logits, features, labels))
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
