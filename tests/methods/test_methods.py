import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smallset.methods import (
    METHODS,
    TABLES,
    Pruned,
    brief_of,
    canonical,
    canonical_view,
    method_from,
    spec_of,
)
from smallset.mosaic import Grid, Sheet
from smallset.observers import Observer, Pretrained
from smallset.scores import (
    AUM,
    DUAL,
    EL2N,
    SCORES,
    TDDS,
    CADPrune,
    DynUnc,
    Entropy,
    File,
    Forgetting,
    GraNd,
    LeastConfidence,
    Loss,
    Margin,
)
from smallset.selection import (
    CCS,
    D2,
    Beta,
    Easiest,
    Hardest,
    Herding,
    KCenter,
    Middle,
    Moderate,
    Pool,
    Random,
    Spread,
)
from smallset.spec import first_line
from smallset.train.views import Canvas, EachPatch, Patch, view_from

HARD = {
    "el2n": EL2N,
    "grand": GraNd,
    "forgetting": Forgetting,
    "aum": AUM,
    "loss": Loss,
    "entropy": Entropy,
    "margin": Margin,
    "least-confidence": LeastConfidence,
}
"""Scores whose bare name keeps the easiest images."""
MOVING = {"tdds": TDDS, "dyn-unc": DynUnc, "dual": DUAL, "cad-prune": CADPrune}
"""Scores whose papers keep the largest."""
OBSERVERS = st.builds(
    Observer,
    model=st.sampled_from(["auto", "resnet8", "resnet18-3x3", "timm:resnet18", "convnet-d3"]),
    epochs=st.integers(20, 99),
    seed=st.integers(0, 9),
)
PATHS = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters='"'), min_size=1)
GIVEN = st.builds(Pretrained, PATHS.filter(lambda path: "(" not in path)) | st.builds(
    lambda path, name: Pretrained(f'{name}(weights="{path}", classes=same)'),
    PATHS,
    st.sampled_from(["resnet20", "timm:resnet50.a1_in1k"]),
)
LOOKED = st.builds(EL2N, observer=GIVEN) | st.builds(
    File, PATHS.map(lambda path: f"{path}s.csv"), st.none() | PATHS
)
EL2NS = st.builds(
    EL2N,
    epochs=st.integers(1, 20) | st.lists(st.integers(1, 20), min_size=1, max_size=3).map(tuple),
    runs=st.integers(1, 3),
    observer=OBSERVERS,
)
RANGES = st.tuples(*[st.floats(1e-6, 1)] * 2).map(lambda pair: (min(pair), max(pair)))
GRIDS = st.builds(
    Grid,
    factor=st.integers(1, 5),
    resize=st.sampled_from(["antialias", "nearest"]),
    content=st.sampled_from(["whole", "centre"]),
)
COMPOSITIONS = st.builds(
    Pruned,
    score=EL2NS | LOOKED,
    select=st.sampled_from([Easiest(), Hardest(), Middle((0.0, 0.5)), CCS(0.2, 10), D2(1.0, 3)]),
    mosaic=GRIDS,
    view=st.one_of(
        [
            st.builds(view, scale=RANGES, ratio=RANGES, flip=st.floats(0, 1))
            for view in (Canvas, Patch, EachPatch)
        ]
    ),
) | st.builds(Pruned, score=st.none(), select=st.just(Random()), mosaic=GRIDS)
COMPOSITIONS |= st.builds(Pruned, score=EL2NS, select=st.just(Beta(2.0)), mosaic=GRIDS)
COMPOSITIONS |= st.builds(
    Pruned,
    score=st.none(),
    select=st.sampled_from([Herding(), KCenter(), Moderate()]),
    mosaic=GRIDS,
    observer=OBSERVERS | st.none(),
)


# beartype checks a random element of each tuple, which is no part of any strategy.
@pytest.mark.filterwarnings("ignore:Do not use the `random` module")
@settings(max_examples=100, deadline=None)
@given(COMPOSITIONS)
def test_any_composition_is_built_again_from_its_spec(method):
    text = spec_of(method)
    assert method_from(text) == method
    assert spec_of(method_from(text)) == text


@pytest.mark.parametrize("name", [name for name in METHODS if name not in ("prune", "file")])
def test_every_method_builds_by_its_bare_name_and_says_what_it_is(name):
    method = method_from(name)
    assert method_from(spec_of(method)) == method
    assert first_line(METHODS[name]).endswith(".")


def test_a_codec_is_part_of_a_spec_only_if_the_method_names_one():
    assert "codec" not in spec_of(method_from("pca"))
    assert spec_of(method_from("pca")) == spec_of(
        method_from("prune(el2n, mosaic=grid(2), view=patch)")
    )
    named = method_from("prune(select=random, codec=webp:20)")
    assert spec_of(named).endswith(", codec=webp:20)")
    assert method_from(spec_of(named)) == named
    assert spec_of(named.written_as("png")).endswith(", codec=png)")
    assert method_from("random").written_as("webp:20") == method_from("random")
    with pytest.raises(ValueError, match="codec 'webp:0' has the quality '0'"):
        method_from("pack(codec=webp:0)")


@pytest.mark.parametrize(
    ("text", "method"),
    [
        ("random", Pruned(None, Random(), Grid(1), Canvas())),
        ("random(factor=2, view=patch)", Pruned(None, Random(), Grid(2), Patch())),
        ("el2n", Pruned(EL2N(), Easiest(), Grid(1), Canvas())),
        ("el2n(select=hardest)", Pruned(EL2N(), Hardest(), Grid(1), Canvas())),
        ("el2n(3, 2)", Pruned(EL2N(3, 2), Easiest(), Grid(1), Canvas())),
        ("el2n(epochs=(2, 4))", Pruned(EL2N((2, 4)), Easiest(), Grid(1), Canvas())),
        (
            "el2n(observer=observer(resnet18-3x3, 20))",
            Pruned(EL2N("late", 1, Observer("resnet18-3x3", 20)), Easiest(), Grid(1), Canvas()),
        ),
        *[(name, Pruned(score(), Easiest(), Grid(1), Canvas())) for name, score in HARD.items()],
        *[(name, Pruned(score(), Hardest(), Grid(1), Canvas())) for name, score in MOVING.items()],
        ("pca", Pruned(EL2N(), Easiest(), Grid(2), Patch())),
        ("prune(score=el2n)", Pruned(EL2N(), Easiest(), Grid(1), Canvas())),
        ("pca(select=random)", Pruned(None, Random(), Grid(2), Patch())),
        ("pca(score=aum)", Pruned(AUM(), Easiest(), Grid(2), Patch())),
        ("pca(score=dual)", Pruned(DUAL(), Easiest(), Grid(2), Patch())),
        ("pca(view=canvas)", Pruned(EL2N(), Easiest(), Grid(2), Canvas())),
        (
            "pca(score=el2n(epochs=10, runs=1), factor=3, resize=nearest)",
            Pruned(EL2N(10, 1), Easiest(), Grid(3, "nearest"), Patch()),
        ),
        ("pca(content=centre)", Pruned(EL2N(), Easiest(), Grid(2, content="centre"), Patch())),
        ("file(s.parquet, el2n)", Pruned(File("s.parquet", "el2n"))),
        ("file(s.npy, select=hardest)", Pruned(File("s.npy"), Hardest())),
        ("pca(score=file('my s.csv', 'aum (2)'))",
         Pruned(File("my s.csv", "aum (2)"), Easiest(), Grid(2), Patch())),
        ("el2n(observer=resnet20(shortcut=a, weights=w.th, classes=same))",
         Pruned(EL2N(observer=Pretrained("resnet20(weights=w.th, shortcut=a, classes=same)")))),
        ("pca(select=middle(quantiles=(0, 0.5)))",
         Pruned(EL2N(), Middle((0, 0.5)), Grid(2), Patch())),
        ("pca(select=k-center)", Pruned(None, KCenter(), Grid(2), Patch())),
        ("d2(gamma=0.2, k=7, score=el2n(runs=2), pool=9)",
         Pruned(EL2N(runs=2), D2(0.2, 7), Grid(1), Canvas(), 9)),
        ("spread(0.5, score=el2n(runs=2))",
         Pruned(EL2N(runs=2), Spread(0.5), Grid(1), Canvas())),
        ("pca(select=spread)", Pruned(EL2N(), Spread(), Grid(2), Patch())),
        (
            "pack",
            Pruned(
                EL2N(),
                Spread(),
                Sheet("fit", enough=50),
                Canvas(scale=(0.5, 1.0)),
                codec="webp:50",
            ),
        ),
        ("pack(select=random, mosaic=sheet(side=16), codec=avif:60, view=canvas(flip=0))",
         Pruned(None, Random(), Sheet(16), Canvas(flip=0), codec="avif:60")),
        ("ccs(0.2, factor=2, view=patch)", Pruned(AUM(), CCS(0.2), Grid(2), Patch())),
        ("ccs(balanced=false)", Pruned(AUM(), CCS(balanced=False), Grid(1), Canvas())),
        ("herding(observer=observer(epochs=3))",
         Pruned(None, Herding(), Grid(1), Canvas(), None, Observer(epochs=3))),
        ("k-center", Pruned(None, KCenter(), Grid(1), Canvas(), None, Observer())),
        ("moderate(factor=2, pool=5)",
         Pruned(None, Moderate(), Grid(2), Canvas(), 5, Observer())),
        ("prune(el2n, easiest, view=canvas(scale=(0.02, 0.25)))",
         Pruned(EL2N(), Easiest(), Grid(1), Canvas(scale=(0.02, 0.25)))),
    ],
)  # fmt: skip
def test_names_are_these_compositions(text, method):
    assert method_from(text) == method


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("pcb", "there is no method 'pcb'. Did you mean 'pca'? Known: random, el2n, grand,"),
        ("pca(fctor=2)", "'pca' has no option 'fctor'. Did you mean 'factor'? Known: "
         "score, select, factor, resize, content, view, pool."),
        ("el2n(epoch=2)", "'el2n' has no option 'epoch'. Did you mean 'epochs'? Known: "
         "epochs, runs, observer, select, factor, view, pool."),
        ("pca(epochs=3)", "'pca' has no option 'epochs', but a part of it has: "
         "score=el2n(epochs=...). Known: "),
        ("ccs(observer=observer)", "'ccs' has no option 'observer', but a part of it has: "
         "score=aum(observer=...). Known: "),
        ("prune(factor=2)", "'prune' has no option 'factor', but a part of it has: "
         "mosaic=grid(factor=...). Known: "),
        ("prune(score=el2n, pol=3)", "'prune' has no option 'pol'. Did you mean 'pool'? Known: "),
        ("hardest", "there is no method 'hardest', but a select: el2n(select=hardest). Known: "),
        ("patch", "there is no method 'patch', but a view: random(view=patch). Known: random,"),
        ("pca(score=random)", "there is no score 'random', but a select: select=random. Known: "),
        ("pca(score=el2m)", "there is no score 'el2m'. Did you mean 'el2n'? Known: el2n,"),
        ("pca(select=hardst)", "there is no select 'hardst'. Did you mean 'hardest'? "
         "Known: easiest, hardest, random"),
        ("d2(score=aum)", "select=d2 uses scores as weights of 0 or more, but aum is negative"),
        (
            "el2n(observer=resnet8(weights=w.pt, classes=same), select=beta)",
            "select=beta needs the probabilities of an observer's training, but el2n(",
        ),
        ("aum(select=beta)", "select=beta uses scores as weights of 0 or more, but aum"),
        ("prune", "select=easiest needs a score. Name one: score=el2n."),
        ("prune(score=el2n, select=random)", "select=random does not read a score, but score=el2n"),
        ("dyn-unc(select=random)", "select=random does not read a score, but score=dyn-unc was "
         "given."),
        ("prune(select=k-center, score=el2n)", "select=k-center does not read a score, but "
         "score=el2n was given. Leave the score out, or select=easiest."),
        ("d2(score=none)", "select=d2 needs a score. Name one: score=el2n."),
        ("prune(select=random, observer=observer)",
         "was given, but select=random uses no observer. Leave it out."),
        ("prune(score=el2n, select=d2, observer=observer)",
         "was given, but the score has its own. Leave it out, or give it to the score."),
        ("ccs(alpha=1)", "'ccs' has no option 'alpha'. Known: beta, strata, balanced, score, "
         "factor, view, pool."),
        ("herding(balanced=false)", "'herding' has no option 'balanced'. Known: observer, factor, "
         "view, pool."),
        ("ccs(beta=2)", "ccs's beta=2.0 is not a share to drop."),
        ("pca(factor=two)", "pca's option 'factor' must be a whole number, not 'two'."),
        ("pca(resize=cubic)",
         "pca's option 'resize' must be one of antialias, nearest, not 'cubic'."),
        ("file", "'file' needs 'path', which has no default. Write file(path=...)."),
        ("el2n(pool=0)", "pool=0 is too small. Give images of each class, at least 1."),
        ("pca(factor=0)", "grid's factor=0 is too small. Give the tiles a side, at least 1."),
        ("pca(view=patch(scale=(0.5, 0.1)))", "patch's scale=(0.5, 0.1) is not a range of area "
         "shares. Give (low, high) with 0 < low <= high <= 1."),
    ],
)  # fmt: skip
def test_a_bad_method_says_what_is_wrong_and_what_there_is(text, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        method_from(text)


def test_a_pool_is_a_draw_of_each_class_by_the_set_seed():
    draw = np.random.default_rng(0)
    labels, values = np.arange(60) % 3, draw.random(60, np.float32)
    features, sure = draw.random((60, 4), np.float32), draw.random(60, np.float32)

    def only(part: np.ndarray) -> Pool:
        return Pool(labels[part], 3, values[part], lambda: features[part], lambda: sure[part])

    pool, fewer, pools = only(np.arange(60)), np.full(3, 2), []
    for seed in range(4):
        all_of_it = Pruned(EL2N(), Easiest(), pool=7).of_pool(pool, np.full(3, 7), seed=seed)
        part = np.sort(all_of_it.indices)
        assert np.bincount(labels[part]).tolist() == [7, 7, 7]
        pools.append(tuple(part))
        alone = only(part)
        for select in (Easiest(), Hardest(), Random(), CCS(0.2, 3), D2(k=2), Beta()):
            score = EL2N() if select.needs_scores else None
            found = Pruned(score, select, pool=7).of_pool(pool, fewer, seed=seed).indices
            wanted = part[select(alone, fewer, seed=seed).indices]
            assert found.tolist() == wanted.tolist()
    assert len({*pools}) == 4


def test_a_pool_of_more_than_a_class_has_is_all_of_it():
    pool = Pool(np.zeros(5, np.int64), 1, np.arange(5, dtype=np.float32))
    chosen = Pruned(File("s.npy"), pool=9).of_pool(pool, np.array([5]), seed=0)
    assert chosen.indices.tolist() == [0, 1, 2, 3, 4]


def test_what_a_selector_looks_through_is_its_own_observer_or_the_scores():
    assert method_from("herding(observer=observer(seed=3))").looks_through == Observer(seed=3)
    assert method_from("pca(select=moderate)").looks_through == Observer()
    d2 = method_from("d2(score=el2n(observer=observer(seed=4)))")
    assert d2.looks_through == Observer(seed=4)
    for text in ("herding", "pca(select=moderate)", "d2", "ccs"):
        moved = method_from(text).through(Observer(seed=7))
        assert moved.looks_through == Observer(seed=7)
        assert method_from(spec_of(moved)) == moved


def test_views_are_built_from_their_own_specs():
    assert view_from("patch") == Patch()
    assert view_from("canvas(scale=(0.02, 0.25))") == Canvas(scale=(0.02, 0.25))
    with pytest.raises(ValueError, match="there is no view 'tile'"):
        view_from("tile")


def test_the_spec_of_pca_is_the_whole_story():
    assert spec_of(method_from("pca")) == (
        "prune(score=el2n(epochs=late, runs=1, observer=observer(model=auto, epochs=auto, "
        "recipe=observer-v1, snapshots=1, seed=0)), select=easiest(balanced=true), "
        "mosaic=grid(factor=2, resize=antialias, content=whole), "
        "view=patch(scale=(0.08, 1.0), ratio=(0.75, 1.3333333333333333), flip=0.5), "
        "pool=none, observer=none)"
    )


def test_every_table_entry_has_a_line_for_the_listing():
    for table in TABLES.values():
        for entry in table.values():
            assert first_line(entry).endswith(".")


@pytest.mark.parametrize("name", SCORES)
def test_the_listing_calls_a_score_as_it_is_spelled(name):
    assert f" images by {name}, equally many of each class." in first_line(METHODS[name])


@pytest.mark.parametrize(
    ("text", "brief"),
    [
        ("random", "prune(select=random)"),
        ("el2n", "prune(score=el2n)"),
        ("pca", "prune(score=el2n, mosaic=grid(factor=2), view=patch)"),
        ("pca(score=el2n(observer=observer(seed=2)), view=canvas(scale=(0.02, 0.25)))",
         "prune(score=el2n(observer=observer(seed=2)), mosaic=grid(factor=2), "
         "view=canvas(scale=(0.02, 0.25)))"),
    ],
)  # fmt: skip
def test_a_brief_spec_leaves_out_what_is_default_and_builds_the_same(text, brief):
    method = method_from(text)
    assert brief_of(method) == brief
    assert method_from(brief) == method


# As written before selectors could be unbalanced, methods had a pool, observers took snapshots.
OLD = (
    "prune(score=el2n(epochs=10, runs=1, observer=observer(model=resnet8, epochs=10, "
    "recipe=observer-v1, seed=1)), select=easiest, mosaic=grid(factor=2, resize=antialias, "
    "content=whole), view=patch(scale=(0.08, 1.0), ratio=(0.75, 1.3333333333333333), flip=0.5))"
)


def test_a_spec_of_an_earlier_version_is_written_anew_with_the_options_that_came_later():
    now = "pca(score=el2n(epochs=10, observer=observer(model=resnet8, epochs=10, seed=1)))"
    assert canonical(OLD, size=32) == spec_of(method_from(now))
    assert canonical(OLD, size=32) != OLD
    assert canonical(OLD, size=32) != canonical(now.replace("seed=1", "seed=2"), size=32)


def test_a_canonical_spec_names_the_network_that_the_observer_is_at_the_images_size():
    assert canonical("el2n", size=32) == canonical(
        "el2n(observer=observer(model=resnet8))", size=32
    )
    assert canonical("el2n", size=96) == canonical(
        "el2n(observer=observer(model=resnet10))", size=32
    )
    assert canonical("el2n", size=96) != canonical(
        "el2n(observer=observer(model=resnet8))", size=96
    )
    assert canonical("random", size=96) == spec_of(method_from("random"))


@pytest.mark.parametrize(
    "text", ["full", "foreign", "tests.mine.Mine(a=1)", "pca(", "a set of ours"]
)
def test_what_builds_no_method_and_no_view_stays_as_it_is(text):
    assert canonical(text, size=32) == text
    assert canonical_view(text) == text


def test_a_views_spec_is_written_anew():
    assert canonical_view("patch(flip=0.5)") == canonical_view("patch") == spec_of(Patch())
