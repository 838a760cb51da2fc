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
    keys = [
        (0,),
        (1,),
        (0, "a"),
        (0, "b"),
        (0, "a", 1),
        (0, 1, "a"),
        (0, "a", 2),
        (0, "a1"),
        (0, 7),
    ]
    assert len({derive(*key) for key in keys}) == len(keys)


def test_a_number_and_its_text_are_two_keys():
    assert derive(0, 7) != derive(0, "7")
    assert derive(0, "a", "b") != derive(0, "a', 'b")


def test_a_longer_draw_begins_with_the_shorter():
    short = generator(3, "rows").random((5, 4))
    long = generator(3, "rows").random((9, 4))
    np.testing.assert_array_equal(long[:5], short)


def test_generators_of_two_keys_differ():
    assert not np.array_equal(generator(0, "a").random(4), generator(0, "b").random(4))
