import numpy as np
import pytest
import torch
from analysis_toy import Colours, sight

from smallset.analysis.material import Sight
from smallset.evidence.estimates import Estimate
from smallset.train.views import Drawn


def test_a_look_is_made_once_and_again_for_other_boxes(material, monkeypatch):
    seen = sight(material("random"))
    first = seen.whole()
    monkeypatch.setattr(Sight, "_network", None)
    np.testing.assert_array_equal(seen.whole(), first)
    half = Drawn(np.array([[0, 0, 4, 8]], np.int32), np.array([False]))
    with pytest.raises(TypeError):
        seen.look([half], np.array([0]))


def test_a_mirrored_view_of_another_network_is_another_look(material, monkeypatch):
    class Left(Colours):
        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            return super().forward(pixels[..., :2])

    monkeypatch.setattr(Sight, "_network", lambda *_: Left())
    box = np.array([[0, 0, 8, 8]], np.int32)
    draws = [Drawn(box, np.array([flip])) for flip in (False, True)]
    plain, mirrored = sight(material("random", ipc=1)).look(draws, np.array([0]))
    assert plain["nll"] != mirrored["nll"]


def test_numbers_that_are_not_finite_are_refused_by_name(material, monkeypatch):
    class Broken(Colours):
        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            return super().forward(pixels) * torch.nan

    monkeypatch.setattr(Sight, "_network", lambda *_: Broken())
    seen = sight(material("random"))
    said = r"gives numbers that are not finite, for instance of 'ape/\d+\.png'\. Needed finite"
    with pytest.raises(ValueError, match=said):
        seen.whole()
    assert not list((seen.material.seen.work / "analysis").iterdir())


def test_a_fact_names_no_folder_of_this_machine(material, tmp_path):
    seen = sight(material("random"))
    found = seen.fact("entropy", Estimate(1.0, None, None, 3))
    assert str(tmp_path) not in repr(found)
    assert found.set_digest == seen.subject.digest
