import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from loop_toy import HERE, same
from torch import nn

from smallset.models import MODELS, Architecture
from smallset.models.network import Network
from smallset.train import run
from smallset.train.protocol import SMALL_V1
from smallset.train.run import component_versions, train_kept
from smallset.train.shown import InMemory, Shown
from smallset.train.views import Canvas


def test_whatever_decides_a_number_has_a_version():
    assert set(component_versions()) == {"decode", "models", "views", "render", "torch"}
    assert all(component_versions().values())


PIXELS = np.random.default_rng(0).integers(0, 256, (24, 3, 8, 8), dtype=np.uint8)
SHOWN = Shown.whole(InMemory(torch.from_numpy(PIXELS)), Canvas())
LABELS = np.arange(24) % 3
SHORT = replace(SMALL_V1, epochs=3, batch=10, optimizer="sgd", rate=0.1, momentum=(0.9, 0.0))


class Killed(BaseException):
    """As a lost machine would end the run."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Network:
    """The network of an uninterrupted run."""
    return trained(tmp_path_factory.mktemp("whole") / "state.pt")


def trained(state: Path, **options: object) -> Network:
    return train_kept(
        SHOWN,
        LABELS,
        classes=3,
        protocol=SHORT,
        machine=HERE,
        state=state,
        **{"model": "resnet8", "seed": 4, **options},
    )


@pytest.mark.parametrize("epoch", [0, 1, 2])
@pytest.mark.parametrize("at", ["after the epoch", "before the state"])
def test_a_killed_run_goes_on_to_the_same_weights(epoch, at, whole, tmp_path, monkeypatch):
    asked: list[int] = []

    def stop(finished: int, _: Network) -> None:
        asked.append(finished)
        if at == "after the epoch" and finished == epoch + 1:
            raise Killed

    real = run.write_whole

    def stop_or_write(path: Path, content: memoryview) -> None:
        if at == "before the state" and asked[-1] == epoch + 1:
            raise Killed
        real(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(run, "write_whole", stop_or_write)
        with pytest.raises(Killed):
            trained(tmp_path / "killed.pt", at_moment=stop)
    asked.clear()
    again = trained(tmp_path / "killed.pt", at_moment=lambda finished, _: asked.append(finished))
    assert asked == list(range(epoch + 1, 4))
    assert same(again, whole)


def test_a_killed_run_of_a_network_with_dropout_goes_on_to_the_same_weights(tmp_path, monkeypatch):
    def build(classes: int, size: int) -> nn.Module:
        return nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(3 * size * size, classes))

    monkeypatch.setitem(MODELS, "dropping", Architecture(build, "drops half of the pixels"))

    def stop(finished: int, _: Network) -> None:
        if finished == 2:
            raise Killed

    torch.manual_seed(1)
    whole = trained(tmp_path / "whole.pt", model="dropping")
    with pytest.raises(Killed):
        trained(tmp_path / "killed.pt", model="dropping", at_moment=stop)
    torch.manual_seed(2)
    before = torch.get_rng_state()
    assert same(trained(tmp_path / "killed.pt", model="dropping"), whole)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_finished_run_trains_no_more(tmp_path):
    whole = trained(tmp_path / "state.pt")
    again = trained(tmp_path / "state.pt", at_moment=lambda *_: pytest.fail("trains"))
    assert same(again, whole)


def test_seeds_make_different_networks(whole, tmp_path):
    assert not same(whole, trained(tmp_path / "b.pt", seed=5))


def test_moments_are_told_evenly_and_change_no_weights(whole, tmp_path):
    told: list[tuple[int, Network]] = []

    def look(moment: int, network: Network) -> None:
        network.eval()
        told.append((moment, copy.deepcopy(network)))

    looked = trained(tmp_path / "looked.pt", moments=3, at_moment=look)  # an epoch has 3 steps
    assert [moment for moment, _ in told] == list(range(1, 10))
    assert same(whole, looked)
    assert same(told[-1][1], looked)
    assert not same(told[-2][1], looked)


def test_more_moments_than_steps_are_refused(tmp_path):
    said = (
        r"4 snapshots an epoch were asked for, but an epoch of 24 images has 3 steps "
        r"\(batch 10\)\. Ask for at most 3; epochs=4, snapshots=3 gives as many in all\."
    )
    with pytest.raises(ValueError, match=said):
        trained(tmp_path / "state.pt", moments=4)
