import numpy as np
import pytest
import torch
from analysis_toy import sight

from smallset.analysis.crops import RATIOS, Crops, contrary, crossing, star
from smallset.observers.record import record


def looks(*rows: list[float]) -> np.ndarray:
    logits = torch.tensor(rows, dtype=torch.float64).log()
    found = record(logits.float(), logits.float(), torch.zeros(len(rows), dtype=torch.long))
    made = np.empty(len(rows), [("nll", "f8"), ("entropy", "f8")])
    made["nll"], made["entropy"] = found["loss"], found["entropy"]
    return made


def test_a_crop_may_lower_the_nll_and_raise_the_entropy():
    """Proposition 4.1, by distributions whose numbers are known."""
    before = looks([0.5, 0.499, 0.001], [0.5, 0.25, 0.25])
    after = looks([0.6, 0.2, 0.2], [0.6, 0.399, 0.001])
    wanted = -(0.6 * np.log(0.6) + 0.4 * np.log(0.2))
    assert after["entropy"][0] == pytest.approx(wanted, rel=1e-5)
    assert (after["nll"] < before["nll"]).all()
    assert contrary(before, after).tolist() == [True, False]


def binary(p: np.ndarray) -> np.ndarray:
    return -(p * np.log(p) + (1 - p) * np.log(1 - p))


def test_the_ratio_at_which_an_advantage_is_lost_is_exact_for_known_curves():
    """Theorem 4.2: p = sigmoid(4 r) falls with the ratio to the constant 0.9 at r = log(9) / 4."""
    ratios = tuple(np.linspace(1, 0.1, 500))
    whole = np.full(500, binary(np.array(0.9)))
    cropped = binary(1 / (1 + np.exp(-4 * np.array(ratios))))
    assert cropped[0] < whole[0]
    assert crossing(ratios, cropped - whole) == pytest.approx(np.log(9) / 4, abs=1e-4)


def test_no_advantage_is_1_and_one_that_lasts_is_0():
    ratios = (1.0, 0.5)
    assert crossing(ratios, np.array([0.0, -1.0])) == 1
    assert crossing(ratios, np.array([-2.0, -1.0])) == 0
    assert crossing(ratios, np.array([-1.0, 1.0])) == pytest.approx(0.75)


def test_the_interval_of_r_star_holds_it_and_narrows_with_images():
    rng = np.random.default_rng(0)
    lost = 0.55

    def curves(k: int) -> tuple[np.ndarray, np.ndarray]:
        spread = rng.normal(0, 0.3, (1, k))
        gap = (lost - np.array(RATIOS))[:, None] + rng.normal(0, 0.3, (1, k))
        return spread + gap, np.broadcast_to(spread, gap.shape).copy()

    few, many = (star(*curves(k), paired=True, seed=0) for k in (20, 2000))
    assert many.value == pytest.approx(lost, abs=0.03)
    assert many.low <= lost <= many.high
    assert many.high - many.low < few.high - few.low
    again = star(*curves(20), paired=False, seed=0)
    assert (again.n, again.low <= again.value <= again.high) == (20, True)


def test_crops_of_a_mosaic_stay_in_a_tile_and_those_across_are_told_apart(material):
    made = material("random", "random(factor=2, view=patch)", ipc=1, splits=False)
    facts, lines = [], []
    for finding in Crops()(made):
        facts += finding.facts
        lines += finding.lines
    names = [fact.name for fact in facts if fact.method.startswith("random(")]
    assert names.count("entropy(crop=0.1)") == 1
    assert names.count("entropy(crop=0.1, chosen=crops)") == 1
    assert names.count("entropy(crop=0.1, view=canvas)") == 1
    assert names[-1] == f"r*(from={made.sets[0].digest[:12]})"
    n = {fact.name: fact.n for fact in facts if fact.method.startswith("random(")}
    assert (n["entropy(crop=0.1)"], n["entropy(crop=0.1, view=canvas)"]) == (12, 3)
    found = {fact.name: fact for fact in facts if fact.method == "random"}
    assert found["nll change(chosen=crops, from=crops)"].value < 0
    plain = sight(made).whole()["entropy"].mean()
    assert found["entropy(crop=1.0)"].value == pytest.approx(plain, rel=1e-4)  # mirrored or not
    assert lines[-1].startswith("set1 against set0: r* ")
