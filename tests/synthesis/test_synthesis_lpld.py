"""LPLD: one class in a batch, and its own statistics."""

from dataclasses import replace

import numpy as np
import pytest
from synthesis_toy import canvases, made, resnet8

from smallset.synthesis.lpld import LPLD
from smallset.synthesis.sre2l import SRe2L

NUMBERS = {"iterations": 3, "rate": 0.2, "r_bn": 0.1, "area": (0.3, 1.0), "flip": 0.5}


def test_with_its_changes_off_it_is_sre2l_bit_for_bit(tmp_path):
    observer = resnet8(tmp_path)
    off = made(tmp_path, LPLD(observer, **NUMBERS, together="rank", statistics="running"))
    np.testing.assert_array_equal(off, made(tmp_path, SRe2L(observer, **NUMBERS)))


def test_each_mechanism_acts(tmp_path):
    lpld = LPLD(resnet8(tmp_path), **NUMBERS)
    running = replace(lpld, statistics="running")
    sets = [made(tmp_path, one) for one in (lpld, running, replace(running, together="rank"))]
    assert (sets[0] != sets[1]).any()
    assert (sets[1] != sets[2]).any()


def test_a_batch_holds_one_class(tmp_path):
    begun = canvases(tmp_path, LPLD(resnet8(tmp_path), batch=2), ipc=3)
    assert [len(rows) for rows in begun.parts] == [2, 1] * 4
    assert all(len(set(begun.plan.label[list(rows)])) == 1 for rows in begun.parts)


def test_one_image_a_class_works(tmp_path):
    assert made(tmp_path, LPLD(resnet8(tmp_path), **NUMBERS), ipc=1).shape == (4, 8, 8, 3)


def test_statistics_of_a_class_need_a_batch_of_it():
    with pytest.raises(ValueError, match=r"rank\) puts many classes .* statistics=running"):
        LPLD(together="rank")
