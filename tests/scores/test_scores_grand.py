import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scores_toy import LABELS, toy

from smallset.models import Network
from smallset.scores import Observer
from smallset.scores import grand as module
from smallset.scores.grand import GraNd
from smallset.train.evaluation import predict

SHORT = Observer("resnet8", epochs=3)


def backward(seen, epoch: int, parameters) -> list[float]:
    """The norm of each image's gradient by some parameters, an image at a time."""
    model, norms = seen.network(SHORT, epoch=epoch), []
    for i, label in enumerate(LABELS):
        model.zero_grad()
        pixels = seen.images.batch(np.array([i])).float() / 255
        F.cross_entropy(model(pixels), torch.tensor([label])).backward()
        norms.append(sum(float(p.grad.square().sum()) for p in parameters(model)) ** 0.5)
    return norms


def test_the_closed_form_is_the_gradient_of_the_last_layer(seen):
    wanted = [backward(seen, epoch, lambda model: model.net.head.parameters()) for epoch in (1, 3)]
    found = GraNd(epochs=(1, 3), observer=SHORT)(seen)
    np.testing.assert_allclose(found, np.mean(wanted, axis=0), rtol=1e-4)


def test_all_layers_are_the_gradient_of_all_weights(seen):
    wanted = [backward(seen, epoch, lambda model: model.parameters()) for epoch in (1, 2)]
    found = GraNd("all", epochs=2, observer=SHORT)(seen)
    np.testing.assert_allclose(found, np.mean(wanted, axis=0), rtol=1e-4)
    assert (found > GraNd("last", epochs=2, observer=SHORT)(seen)).all()


def test_gradients_are_made_once(tmp_path, monkeypatch):
    observed = toy(tmp_path)
    first = GraNd("all", epochs=(2,), observer=SHORT)(observed)
    monkeypatch.setattr(module, "gradient_norms", None)
    np.testing.assert_array_equal(first, GraNd("all", epochs=(2,), observer=SHORT)(observed))


def test_an_observer_without_gradients_is_refused_before_it_trains(tmp_path, monkeypatch):
    class Blind(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.mean((2, 3)) * x.sum().item()

    def build(name: str, *, classes: int, size: int, seed: int) -> Network:
        return Network(Blind(), worth_compiling=False)

    monkeypatch.setattr(module, "build_model", build)
    with pytest.raises(ValueError, match="the observer 'resnet8' gives no gradient for each image"):
        GraNd("all", epochs=1, observer=SHORT)(toy(tmp_path))
    assert not list(tmp_path.iterdir())


def test_the_features_are_read_where_the_networks_are(seen):
    ((_, logits),) = predict(seen.network(SHORT, epoch=3), seen.images, machine=seen.machine)
    error = logits.softmax(1) - F.one_hot(torch.from_numpy(LABELS), 4)
    length = np.linalg.norm(seen.features(SHORT), axis=1)
    wanted = error.norm(dim=1).numpy() * np.sqrt(1 + length**2)
    np.testing.assert_allclose(GraNd(epochs=(3,), observer=SHORT)(seen), wanted, rtol=1e-4)
