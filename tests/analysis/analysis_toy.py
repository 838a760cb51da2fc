"""A network whose answers are known, and material that it looks at."""

from pathlib import Path

import numpy as np
import pytest
import torch
from cli_toy import tree

from smallset import compress, open_data
from smallset.analysis.material import Material, Sight
from smallset.analysis.subject import Subject, of_set, of_split
from smallset.desk import desk_for
from smallset.observers import Observer
from smallset.pipeline.desk import observed

TRAINED = Observer(epochs=1)
SCALE = 20.0


class Colours(torch.nn.Module):
    """Logits of three classes: the mean red, green and blue of an image, times `SCALE`."""

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return SCALE * pixels.mean((2, 3))


def probabilities(pixels: np.ndarray) -> np.ndarray:
    """The answers of `Colours` for uint8 images (k, s, s, 3), in float64."""
    logits = SCALE * pixels.astype(np.float64).mean((1, 2)) / 255
    odds = np.exp(logits - logits.max(1, keepdims=True))
    return odds / odds.sum(1, keepdims=True)


def sight(material: Material, subject: Subject | None = None) -> Sight:
    """A subject, or else the first set, through the observer."""
    return Sight(material, subject or material.sets[0], TRAINED)


@pytest.fixture
def material(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Make material from methods, one set for each, seen through `Colours`."""
    monkeypatch.setattr(Sight, "_network", lambda *_: Colours())
    desk = desk_for(work=tmp_path / "work", device="cpu", precision="float32", workers=1)
    data = open_data(tree(tmp_path / "data"), work=desk.work)

    def make(*methods: str, ipc: int = 2, results: tuple = (), splits: bool = True) -> Material:
        made = [
            compress(data, tmp_path / f"set{i}", method=method, ipc=ipc, seed=i, **desk.options)
            for i, method in enumerate(methods)
        ]
        return Material(
            data=data,
            sets=tuple(of_set(one, data, desk, name=one.path.name) for one in made),
            train=of_split(data.train, data, 8, "squash", desk),
            held_out=of_split(data.test, data, 8, "squash", desk),
            observers=(TRAINED,),
            seen=observed(data.train, 8, "squash", desk),
            splits=splits,
            results=results,
        )

    return make
