import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from selection_toy import ROOMY, pool_of, with_features

from smallset.selection import SELECTORS, Pool

EVERY = pytest.mark.parametrize("name", SELECTORS)
SCORED = pytest.mark.parametrize("name", [n for n in SELECTORS if SELECTORS[n].needs_scores])
FEATURED = pytest.mark.parametrize("name", [n for n in SELECTORS if SELECTORS[n].needs_features])
# Those that draw by an image's place in the data: nothing else of it is known to them.
PLACED = ("random", "k-center")


@st.composite
def problems(draw: st.DrawFn) -> tuple[Pool, int]:
    """(a pool with many ties in scores and features, the poorest class's count)."""
    classes = draw(st.integers(1, 4))
    counts = [draw(st.integers(1, 8)) for _ in range(classes)]
    labels = draw(st.permutations([c for c in range(classes) for _ in range(counts[c])]))
    values = [draw(st.sampled_from([0.0, -0.0, 0.5, 1.0, 1e-30])) for _ in labels]
    features = np.array([[draw(st.integers(0, 2)), draw(st.integers(0, 1))] for _ in labels])
    sure = np.array([draw(st.sampled_from([0.0, 0.25, 1.0])) for _ in labels], np.float32)
    pool = Pool(
        np.array(labels, np.int64),
        classes,
        np.array(values, np.float32),
        lambda: features.astype(np.float32),
        lambda: sure,
    )
    return pool, min(counts)


@settings(max_examples=40, deadline=None)
@given(problem=problems(), seed=st.integers(0, 99))
def test_every_class_has_its_share_in_order_and_a_prefix_is_a_smaller_selection(problem, seed):
    pool, poorest = problem
    for name, select in ROOMY.items():
        fewer = np.empty((pool.classes, 0), np.int64)
        for per_class in range(1, poorest + 1):
            chosen = select(pool, np.full(pool.classes, per_class), seed=seed).indices
            assert chosen.dtype == np.int64, name
            assert len(set(chosen.tolist())) == len(chosen), name
            wanted = np.repeat(np.arange(pool.classes), per_class)
            np.testing.assert_array_equal(pool.labels[chosen], wanted, name)
            more = chosen.reshape(pool.classes, per_class)
            if select.ordered:
                np.testing.assert_array_equal(more[:, :-1], fewer, name)
            fewer = more


@settings(max_examples=20, deadline=None)
@given(problem=problems(), seed=st.integers(0, 99))
def test_without_balance_as_many_of_all_are_taken_class_after_class(problem, seed):
    pool, poorest = problem
    for name in ("easiest", "hardest", "middle", "ccs", "d2", "beta"):
        select, fewer = replace(ROOMY[name], balanced=False), []
        for per_class in range(1, poorest + 1):
            chosen = select(pool, np.full(pool.classes, per_class), seed=seed).indices
            assert len(set(chosen.tolist())) == len(chosen) == per_class * pool.classes, name
            assert (np.diff(pool.labels[chosen]) >= 0).all(), name
            if name != "beta":
                assert [i for i in chosen.tolist() if i in fewer] == fewer, name
            fewer = chosen.tolist()


@EVERY
def test_counts_may_differ_between_classes_and_one_may_be_wanted_of_none(name):
    pool = pool_of()
    chosen = ROOMY[name](pool, np.array([3, 0, 7]), seed=0).indices
    np.testing.assert_array_equal(pool.labels[chosen], [0] * 3 + [2] * 7)


@EVERY
def test_all_of_a_class_can_be_taken(name):
    pool = pool_of()
    counts = np.bincount(pool.labels)
    chosen = ROOMY[name](pool, counts, seed=0).indices
    np.testing.assert_array_equal(np.sort(chosen), np.arange(len(pool)))


@EVERY
def test_more_than_a_class_has_is_refused(name):
    pool = pool_of()
    have = int(np.bincount(pool.labels)[1])
    with pytest.raises(ValueError, match=rf"{have + 1} images of class 1 .* it has {have}\. Ask"):
        ROOMY[name](pool, np.array([1, have + 1, 1]), seed=0)


@EVERY
def test_the_same_seed_draws_the_same(name):
    one, other = (ROOMY[name](pool_of(), np.full(3, 5), seed=7).indices for _ in range(2))
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", ["random", "middle", "ccs", "k-center", "beta", "spread"])
def test_another_seed_draws_anew(name):
    drawn = {
        tuple(ROOMY[name](pool_of(), np.full(3, 5), seed=seed).indices.tolist())
        for seed in range(5)
    }
    assert len(drawn) == 5


@pytest.mark.parametrize("name", ["easiest", "hardest", "herding", "moderate", "d2"])
def test_what_draws_nothing_does_not_depend_on_the_seed(name):
    one, other = (ROOMY[name](pool_of(), np.full(3, 5), seed=seed).indices for seed in (0, 1))
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", [n for n in SELECTORS if n not in PLACED])
@pytest.mark.parametrize("seed", range(3))
def test_permuting_the_data_permutes_the_choice(name, seed):
    pool = pool_of()
    order = np.random.default_rng(seed).permutation(len(pool))
    chosen = ROOMY[name](pool, np.full(3, 6), seed=seed).indices
    again = order[ROOMY[name](pool.take(order), np.full(3, 6), seed=seed).indices]
    if name == "moderate":  # the two middle distances of an even class tie for the first place
        chosen, again = (np.sort(found.reshape(3, 6)) for found in (chosen, again))
    np.testing.assert_array_equal(again, chosen)


@SCORED
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_scores_that_are_not_finite_are_named(name, bad):
    pool = pool_of()
    values = pool.values.copy()
    values[[4, 9]] = bad
    with pytest.raises(ValueError, match=r"2 scores are not finite \(at the positions 4, 9\)"):
        ROOMY[name](replace(pool, values=values), np.full(3, 2), seed=0)


@pytest.mark.parametrize("name", [n for n in SELECTORS if SELECTORS[n].weighs])
def test_negative_scores_are_refused_as_weights(name):
    pool = pool_of()
    said = "60 scores are negative (at the positions 0, 1, 2, 3, 4, ...). This selection weighs by "
    with pytest.raises(ValueError, match=re.escape(said)):
        ROOMY[name](replace(pool, values=-pool.values), np.full(3, 2), seed=0)


def test_images_of_a_part_are_named_by_their_places_in_the_whole():
    values = np.arange(60, dtype=np.float32) - 2
    part = replace(pool_of(), values=values).take(np.arange(59, -1, -1)).take(np.arange(30, 60))
    said = "2 scores are negative (at the positions 1, 0)"
    with pytest.raises(ValueError, match=re.escape(said)):
        part.weighing()


@SCORED
def test_constant_scores_still_give_what_was_asked(name):
    pool = replace(pool_of(), values=np.full(60, 0.5, np.float32))
    assert len(ROOMY[name](pool, np.full(3, 9), seed=0).indices) == 27


@FEATURED
def test_features_that_are_not_finite_are_named(name):
    pool = pool_of()
    features = pool.features().copy()
    features[[4, 9], 1] = np.nan, -np.inf
    with pytest.raises(
        ValueError, match=r"2 images' features are not finite \(at the positions 4, 9\)"
    ):
        ROOMY[name](with_features(pool, features), np.full(3, 2), seed=0)


@FEATURED
def test_features_whose_squares_are_too_large_are_named(name):
    pool = pool_of()
    chosen = ROOMY[name](pool, np.full(3, 9), seed=0).indices
    scaled = with_features(pool, pool.features() * np.float32(2.0**45))  # about 1e14
    if name != "d2":  # whose decay is by the features' own units
        np.testing.assert_array_equal(ROOMY[name](scaled, np.full(3, 9), seed=0).indices, chosen)
    features = pool.features().copy()
    features[[4, 9], 1] = 1e20, -1e20
    with pytest.raises(ValueError, match=re.escape(
        "2 images' features go beyond 1e+15 (at the positions 4, 9). Sums of their squares do not "
        "fit in 32 bits. Take another observer, or divide all of them by one number."
    )):  # fmt: skip
        ROOMY[name](with_features(pool, features), np.full(3, 2), seed=0)


@FEATURED
def test_equal_features_still_give_what_was_asked(name):
    pool = with_features(pool_of(), np.ones((60, 4), np.float32))
    assert len(set(ROOMY[name](pool, np.full(3, 9), seed=0).indices.tolist())) == 27


@FEATURED
def test_features_are_read_from_a_file_that_cannot_be_written(name, tmp_path):
    pool = pool_of()
    np.save(tmp_path / "features.npy", pool.features())
    mapped = with_features(pool, np.load(tmp_path / "features.npy", mmap_mode="r"))
    np.testing.assert_array_equal(
        ROOMY[name](mapped, np.full(3, 6), seed=0).indices,
        ROOMY[name](pool, np.full(3, 6), seed=0).indices,
    )


@FEATURED
def test_a_mean_far_from_zero_changes_nothing(name):
    pool = pool_of()
    grid = np.round(pool.features() * 64) / 64  # exact in float32 also after the shift
    near, far = (
        ROOMY[name](with_features(pool, grid + np.float32(shift)), np.full(3, 6), seed=0).indices
        for shift in (0, 4096)
    )
    np.testing.assert_array_equal(near, far)


ROOM = 80 << 20
"""Less than an array of budget x images has below, at a byte each."""
MEASURED = f"""
import os, resource, sys
import numpy as np, sklearn.cluster, torch
sys.path.insert(0, {str(Path(__file__).parent)!r})
from selection_toy import ROOMY, pool_of

torch.set_num_threads(1)
pool, counts = pool_of(30_000, 1, width=8), np.array([3_000])
distances = lambda n: lambda: torch.cdist(*[torch.from_numpy(pool.features()[:n])] * 2)
tried = {{name: lambda s=s: s(pool, counts, seed=0) for name, s in ROOMY.items()}}
# What the limit is for.
for name, choose in {{**tried, "2000": distances(2_000), "10000": distances(10_000)}}.items():
    if child := os.fork():
        print(name, os.waitpid(child, 0)[1])
        continue
    data = next(int(l.split()[1]) for l in open("/proc/self/status") if l.startswith("VmData"))
    resource.setrlimit(resource.RLIMIT_DATA, (data * 1024 + {ROOM},) * 2)
    try:
        choose()
    except (MemoryError, RuntimeError) as error:
        print(name, error, file=sys.stderr)
        os._exit(1)
    os._exit(0)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the limit is Linux's")
def test_a_tenth_of_30_000_images_of_a_class_fits_and_the_limit_would_be_felt():
    assert ROOM < 3_000 * 30_000  # one byte each
    found = subprocess.run([sys.executable, "-c", MEASURED], capture_output=True, text=True)
    assert found.stdout.split("\n")[:-1] == [f"{name} 0" for name in (*ROOMY, "2000")] + [
        "10000 256"
    ], found.stderr
    assert "memory" in found.stderr
