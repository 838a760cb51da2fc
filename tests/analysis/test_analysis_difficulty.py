import numpy as np
import pytest
from analysis_toy import TRAINED, probabilities, sight

from smallset.analysis.difficulty import QUANTILES, Difficulty, in_training
from smallset.evidence import mean_interval


def tiles(subject) -> np.ndarray:
    """The whole boxes of a subject's images, for boxes that need no resize."""
    every = subject.images.batch(np.arange(len(subject.labels))).permute(0, 2, 3, 1).numpy()
    boxes = zip(subject.box, subject.owner, strict=True)
    return np.stack([every[o][t:b, left:r] for (left, t, r, b), o in boxes])


def test_entropy_nll_and_right_are_those_of_the_formulas(material):
    found = {}
    for finding in Difficulty()(material("random")):
        found |= {(fact.method, fact.name): fact for fact in finding.facts}
    for subject in (made := material()).subjects:
        p = probabilities(tiles(subject))
        entropy = -(p * np.log(p)).sum(1)
        nll = -np.log(p[np.arange(len(p)), subject.labels])
        fact = found[subject.method, "entropy"]
        wanted = mean_interval(entropy)
        assert (fact.n, fact.unit, fact.observer) == (len(p), "nats", made.named(TRAINED))
        assert [fact.value, fact.low, fact.high] == pytest.approx(
            [wanted.mean, wanted.low, wanted.high], rel=1e-4
        )
        assert found[subject.method, "nll"].value == pytest.approx(nll.mean(), rel=1e-4)
        right = (p.argmax(1) == subject.labels).mean()
        assert found[subject.method, "right"].value == pytest.approx(right)
        for share in QUANTILES:
            value = found[subject.method, f"nll(quantile={share})"].value
            assert value == pytest.approx(np.quantile(nll, share), rel=1e-4)
    assert ("random", "entropy(view=own)") in found
    assert ("full", "entropy(view=own)") not in found


def test_a_mosaic_is_looked_at_tile_by_tile(material):
    finding = next(Difficulty()(material("random(factor=2, view=patch)", splits=False)))
    ns = {fact.name: fact.n for fact in finding.facts}
    assert (ns["entropy"], ns["entropy(view=own)"]) == (24, 6)
    assert finding.lines[0].startswith("set0: entropy ")
    assert finding.lines[1].startswith("set0, training views: entropy ")


def test_training_views_are_those_of_the_set_and_the_same_each_time(material):
    whole = "canvas(scale=(1.0, 1.0), ratio=(1.0, 1.0), flip=0.0)"
    made = material(f"random(view={whole})", "random")
    plain, other = made.sets
    looks = in_training(sight(made, plain))
    assert (looks["nll"] == looks["nll"][0]).all()
    np.testing.assert_allclose(looks["nll"][0], sight(made, plain).whole()["nll"], rtol=1e-4)
    looks = in_training(sight(made, other))
    assert (np.ptp(looks["nll"], axis=0) > 0).all()
    np.testing.assert_array_equal(looks, in_training(sight(made, other)))
