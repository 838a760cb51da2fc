import numpy as np
import pytest
import torch
from analysis_toy import TRAINED, Colours

from smallset.analysis.material import Material
from smallset.train.views import Drawn


def test_a_look_is_made_once_and_again_for_other_boxes(material, monkeypatch):
    made = material("random")
    subject = made.sets[0]
    first = made.plain(subject, TRAINED)
    monkeypatch.setattr(Material, "_network", None)
    np.testing.assert_array_equal(made.plain(subject, TRAINED), first)
    half = Drawn(np.array([[0, 0, 4, 8]], np.int32), np.array([False]))
    with pytest.raises(TypeError):
        made.look(subject, TRAINED, half, np.array([0]))


def test_a_mirrored_view_of_another_network_is_another_look(material, monkeypatch):
    class Left(Colours):
        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            return super().forward(pixels[..., :2])

    monkeypatch.setattr(Material, "_network", lambda *_: Left())
    made = material("random", ipc=1)
    box = np.array([[0, 0, 8, 8]] * 2, np.int32)
    looks = made.look(made.sets[0], TRAINED, Drawn(box, np.array([False, True])), np.zeros(2, int))
    assert looks["nll"][0] != looks["nll"][1]


def test_numbers_that_are_not_finite_are_refused_by_name(material, monkeypatch):
    class Broken(Colours):
        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            return super().forward(pixels) * torch.nan

    monkeypatch.setattr(Material, "_network", lambda *_: Broken())
    made = material("random")
    said = r"gives numbers that are not finite, for instance of 'ape/\d+\.png'\. Needed finite"
    with pytest.raises(ValueError, match=said):
        made.plain(made.sets[0], TRAINED)
    assert not list((made.seen.work / "analysis").iterdir())


def test_a_fact_names_no_folder_of_this_machine(material, tmp_path):
    made = material("random")
    found = made.fact(made.sets[0], "entropy", made_up(), observer=TRAINED)
    assert str(tmp_path) not in repr(found)
    assert found.set_digest == made.sets[0].digest


def made_up():
    from smallset.evidence.estimates import Estimate

    return Estimate(1.0, None, None, 3)
