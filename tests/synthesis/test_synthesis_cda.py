"""CDA: SRe2L with a curriculum of crops."""

from dataclasses import replace

import numpy as np
import pytest
from synthesis_toy import made, resnet8

from smallset.synthesis.cda import CDA
from smallset.synthesis.sre2l import SRe2L

NUMBERS = {"iterations": 4, "rate": 0.2, "r_bn": 0.1, "area": (0.08, 1.0), "flip": 0.5,
           "roll": (0, 4)}  # fmt: skip


def test_without_its_curriculum_it_is_sre2l_bit_for_bit(tmp_path):
    observer = resnet8(tmp_path)
    off = made(tmp_path, CDA(observer, **NUMBERS, milestone=0))
    np.testing.assert_array_equal(off, made(tmp_path, SRe2L(observer, **NUMBERS)))


@pytest.mark.parametrize("change", [{"milestone": 0.0}, {"milestone": 0.5}, {"curve": "step"}])
def test_each_mechanism_acts(change, tmp_path):
    cda = CDA(resnet8(tmp_path), **NUMBERS)
    assert (made(tmp_path, cda) != made(tmp_path, replace(cda, **change))).any()


def test_its_numbers_are_the_papers():
    rows = [(n.iterations, n.rate, n.r_bn, n.roll) for n in
            (CDA()._numbers(setting) for setting in ("imagenet", "tiny"))]  # fmt: skip
    assert rows == [(4000, 0.25, 0.01, (0, 32)), (4000, 0.4, 0.05, (0, 4))]


def test_a_milestone_that_is_no_share_is_refused():
    with pytest.raises(ValueError, match=r"milestone=1.5 is not a share"):
        CDA(milestone=1.5)
