"""SRe2L: its batches, their names and their progress."""

from dataclasses import replace

import numpy as np
import pytest
from scores_toy import toy
from synthesis_toy import canvases, made, resnet8

from smallset.methods import method_from, spec_of
from smallset.observers import Observer
from smallset.synthesis import crops, layers, optimised
from smallset.synthesis.sre2l import SRe2L
from smallset.train.device import Machine


@pytest.fixture
def sre2l(tmp_path) -> SRe2L:
    return SRe2L(resnet8(tmp_path), iterations=3, r_bn=0.1, area=(0.3, 1.0), flip=0.5)


def test_a_batch_makes_the_same_alone(sre2l, tmp_path):
    begun = canvases(tmp_path, sre2l, ipc=3)
    alone = begun.draw(begun.parts[1])
    np.testing.assert_array_equal(alone, made(tmp_path, sre2l, ipc=3)[1::3])


def test_a_smaller_set_is_the_beginning_of_a_larger_one(sre2l, tmp_path):
    np.testing.assert_array_equal(made(tmp_path, sre2l, ipc=1), made(tmp_path, sre2l, ipc=3)[::3])


def test_finished_batches_are_kept_under_a_name_of_all_they_depend_on(sre2l, tmp_path, monkeypatch):
    seen = toy(tmp_path)
    names = [
        canvases(tmp_path, one, seed=seed, seen=seen).kept_as
        for one, seed in ((sre2l, 0), (sre2l, 0), (sre2l, 1), (replace(sre2l, rate=0.2), 0))
    ]
    names.append(canvases(tmp_path, sre2l, ipc=3).kept_as)
    names.append(canvases(tmp_path, replace(sre2l, observer=resnet8(tmp_path, 1))).kept_as)
    for machine in (Machine("cpu", "bfloat16", 1), Machine("cpu", "float32", 2)):
        names.append(canvases(tmp_path, sre2l, seen=toy(tmp_path, machine=machine)).kept_as)
    for module in (optimised, layers, crops):
        monkeypatch.setattr(module, "VERSION", -1)
        names.append(canvases(tmp_path, sre2l).kept_as)
    assert names[0] == names[1]
    assert len(set(names)) == 10


def test_progress_counts_the_iterations_of_all_batches(sre2l, tmp_path):
    told = []
    begun = canvases(tmp_path, sre2l)
    begun.draw(begun.parts[1], lambda *news: told.append(news))
    assert told == [("recover, batch 2 of 2", t, 6) for t in (4, 5, 6)]


def test_the_spec_builds_it_again():
    text = "sre2l(observer=observer(model=resnet8, epochs=3), roll=(0, 2), view=patch)"
    method = method_from(text)
    assert method_from(spec_of(method)) == method
    assert method.looks_through == Observer("resnet8", 3)
    assert method.through(Observer("resnet20")).synthesis.observer == Observer("resnet20")
