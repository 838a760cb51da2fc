from dataclasses import replace

import numpy as np
import pytest
from analysis_toy import TRAINED, sight

from smallset.analysis.labels import LabelQuality, balance, doubtful
from smallset.analysis.material import LOOK


@pytest.mark.parametrize(
    ("counts", "wanted"), [([5, 5, 5], 1.0), ([9, 0, 0], 0.0), ([4], 0.0), ([3, 1], 0.8112781245)]
)
def test_balance_is_1_for_equal_classes_and_0_for_a_single_one(counts, wanted):
    assert balance(np.array(counts)) == pytest.approx(wanted)


def test_a_label_is_doubtful_by_confident_learning():
    p = np.random.default_rng(0).dirichlet(np.ones(3) / 2, 200)
    labels = np.arange(200) % 3
    usual = np.array([p[labels == c, c].mean() for c in range(3)])
    looks = np.empty(200, LOOK)
    looks["top"], looks["doubt"] = p.argmax(1), 1 - p.max(1)
    # The off-diagonal of the confident joint: the best class among those above their threshold.
    above = np.where(p >= usual, p, -1)
    joint = (above.max(1) > 0) & (above.argmax(1) != labels) & (p.argmax(1) != labels)
    clear = above.argmax(1) == p.argmax(1)
    found = doubtful(looks, usual, labels)
    np.testing.assert_array_equal(found[clear], joint[clear])
    assert 0 < found.sum() < 200


def test_the_easiest_and_hardest_of_a_class_are_named(material):
    made = material("random", splits=False)
    balanced, through = LabelQuality()(made)
    assert balanced.lines == ("set0: 2 to 2 images a class",)
    nll = sight(made).whole()["nll"]
    easy, hard = nll[:2].argmin(), nll[:2].argmax()
    assert through.lines[1] == (
        f"  ape: easiest 'ape/{easy:05d}.png' (NLL {nll[easy]:.3f}), "
        f"hardest 'ape/{hard:05d}.png' (NLL {nll[hard]:.3f})"
    )
    facts = {fact.name: fact for fact in through.facts}
    assert facts['nll(class="bee")'].value == pytest.approx(nll[2:4].mean(), rel=1e-6)
    assert facts["doubtful labels"].n == 6


def test_a_trained_observer_says_what_its_run_found_of_the_sources(material):
    made = material("random", splits=False)
    facts = {f.name: f for finding in LabelQuality()(made) for f in finding.facts}
    margins = made.seen.dynamics(TRAINED).at(1)["margin"][made.sets[0].sources[:, 0]]
    assert facts["negative aum"].value == pytest.approx((margins < 0).mean())
    unknown = replace(made.sets[0], sources=np.full((6, 1), -1))
    findings = list(LabelQuality()(replace(made, sets=(unknown,))))
    assert "negative aum" not in {f.name for finding in findings for f in finding.facts}


def test_the_labels_of_a_mosaic_are_checked_by_its_source_images(material):
    made = material("random(factor=2, view=patch)", ipc=1, splits=False)
    _, through = LabelQuality()(made)
    sources = made.sets[0].sources[:4, 0]
    nll = sight(made, made.train).whole()["nll"][sources]
    fact = next(f for f in through.facts if f.name == 'nll(class="ape")')
    assert fact.value == pytest.approx(nll.mean(), rel=1e-6)
    assert f"easiest 'ape/00000.png' tile {nll.argmin() + 1} (NLL " in through.lines[1]
