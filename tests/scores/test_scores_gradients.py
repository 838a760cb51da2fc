import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scores_toy import LABELS

from smallset.models import Network, build_model
from smallset.scores import gradients as module
from smallset.scores.gradients import check_gradients, gradient_norms
from smallset.train.device import Machine


@pytest.mark.parametrize("name", ["resnet8", "convnet-d3"])
def test_norms_are_those_of_a_backward_pass_an_image(name, seen):
    model = build_model(name, classes=4, size=8, seed=0)
    seen.machine.place(model)
    found = np.concatenate(
        list(gradient_norms(model, seen.images, LABELS, machine=Machine("cpu", "bfloat16", 1)))
    )
    model.eval()
    for i, label in enumerate(LABELS):
        model.zero_grad()
        pixels = seen.images.batch(np.array([i])).float() / 255
        F.cross_entropy(model(pixels), torch.tensor([label])).backward()
        total = sum(float(p.grad.double().square().sum()) for p in model.parameters())
        assert found[i] == pytest.approx(total**0.5, rel=1e-4)
    assert found.dtype == np.float32


def test_few_images_at_a_time_give_the_same(seen, monkeypatch):
    model = build_model("resnet8", classes=4, size=8, seed=0)
    whole = np.concatenate(list(gradient_norms(model, seen.images, LABELS, machine=seen.machine)))
    monkeypatch.setattr(module, "_HELD", 1)
    told: list[int] = []
    parts = list(
        gradient_norms(
            model, seen.images, LABELS, machine=seen.machine,
            progress=lambda stage, done, total: told.append(done),
        )
    )  # fmt: skip
    assert {len(part) for part in parts} == {1}
    assert told == list(range(1, 41))
    np.testing.assert_allclose(np.concatenate(parts), whole, rtol=1e-5)


class Choosing(torch.nn.Module):
    """A network that decides by what it sees."""

    def __init__(self) -> None:
        super().__init__()
        self.head = torch.nn.Linear(3, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        seen = x.mean((2, 3))
        return self.head(seen if seen.sum().item() > 0 else -seen)


def test_a_network_without_a_gradient_an_image_is_refused():
    model = Network(Choosing(), worth_compiling=False)
    with pytest.raises(ValueError, match="the observer 'choosing' gives no gradient for each image "
                       r"by itself \(.*item.*\). Needed a network that torch.func can "
                       "differentiate. Choose another observer, or layers=last."):  # fmt: skip
        check_gradients(model, name="choosing", size=8)
