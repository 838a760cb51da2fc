import subprocess
import sys

import numpy as np

from smallset.seeds import derive, generator


def test_a_derived_seed_is_the_same_number_everywhere():
    assert derive(0, "render", 7) == 808026018972387759
    code = "from smallset.seeds import derive; print(derive(0, 'render', 7))"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(other.stdout) == derive(0, "render", 7)


def test_seeds_fit_a_signed_64_bit_integer():
    seeds = [derive(seed, "range", key) for seed in (0, 1, 2**62) for key in range(200)]
    assert min(seeds) >= 0
    assert max(seeds) < 2**63
    assert max(seeds) > 2**62  # the range is used


def test_every_part_of_the_key_matters():
    parts = [(), ("a",), ("b",), ("a", 1), (1, "a"), ("a", 2), ("a1",), (7,), ("7",), ("a", "b")]
    keys = [(1,), (0, "a', 'b"), *((0, *part) for part in parts)]
    assert len({derive(*key) for key in keys}) == len(keys)


def test_a_longer_draw_begins_with_the_shorter():
    short = generator(3, "rows").random((5, 4))
    long = generator(3, "rows").random((9, 4))
    np.testing.assert_array_equal(long[:5], short)
    assert not np.array_equal(generator(4, "rows").random((5, 4)), short)
