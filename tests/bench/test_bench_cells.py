"""Cells under shares of the data and of unbalanced methods, and how their results are known."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest
from bench_toy import MATRIX, SOFT, ask, coloured, lines, only
from serial_toy import Serial

from smallset.bench.cells import cells_of, identity_of
from smallset.bench.forecast import forecast
from smallset.bench.ground import Lines
from smallset.bench.matrix import parse_matrix
from smallset.bench.run import plan_bench, run_bench
from smallset.evidence.lines import read_lines
from smallset.records import Result, Selection
from smallset.selection import SELECTORS, Select
from smallset.store import open_set

FREE = "el2n(epochs=1, observer=observer(epochs=1), select=easiest(balanced=false))"
KEEP = f"""title = "Shares"
[methods]
random = "random"
free = "{FREE}"
PCA = "pca(score=el2n(epochs=1, observer=observer(epochs=1)))"

[[table]]
title = "shares"
data = "toy"
size = 8
keep = [0.5]
students = ["resnet8(weights=w.pt)"]
methods = ["random", "free", "PCA"]
protocols = ["finetune-v1(epochs=2)"]
replicates = 1
"""


def unequal(root) -> None:
    """Take images away, so that the classes have 8, 5 and 8."""
    coloured(root / "data" / "toy")
    for i in range(3):
        (root / "data" / "toy" / "train" / "bee" / f"{i:02d}.png").unlink()


def test_a_share_is_run_and_its_results_are_found_again(tmp_path):
    unequal(tmp_path)
    plan = run_bench(ask(tmp_path, KEEP), workers=Serial())
    # halves of 8, 5 and 8: 4, 3 and 4 images, of a mosaic one canvas each
    told = {c.label: (c.identity.ipc, c.identity.images) for c in plan.ground.cells}
    assert told == {"random": (None, 11), "free": (None, 11), "PCA": (1, 3)}
    names = {cell.name for cell in plan.ground.cells}
    assert (
        "toy 8 px, random, 11 images, resnet8(weights=w.pt), hard, finetune-v1(epochs=2), "
        in str(names)
    )
    made = read_lines(tmp_path / "runs" / "results.jsonl", Result)
    assert {r.images for r in made} == {3, 11}
    sets = [open_set(path).manifest for path in (tmp_path / "runs" / "sets").iterdir()]
    assert [m.asked.budget for m in sets if m.asked] == ["keep=0.5"] * 3
    assert plan_bench(ask(tmp_path, KEEP)).pending == ()


def test_equal_classes_make_a_share_an_ipc_whose_set_is_shared(tmp_path):
    table = KEEP.partition("[[table]]")[2]
    table = table.replace("keep = [0.5]", "ipc = [4]").replace('"shares"', '"fours"')
    both = KEEP + "[[table]]" + table.replace('["random", "free", "PCA"]', '["random", "free"]')
    plan = plan_bench(ask(tmp_path, both))
    kept, fours = (
        {c.label: c for c in plan.ground.cells if c.sweep.title == title}
        for title in ("shares", "fours")
    )
    for label, ipc in (("random", 4), ("free", None)):
        assert kept[label].identity == fours[label].identity
        assert (kept[label].identity.ipc, kept[label].identity.images) == (ipc, 12)
    assert sum(unit.kind == "cell" for unit in plan.units.values()) == 3
    assert sum(unit.kind == "set" for unit in plan.units.values()) == 3


def test_an_unbalanced_set_that_came_out_equal_is_of_its_cell(finished, tmp_path):
    [one, *_] = read_lines(finished[0] / "runs" / "results.jsonl", Result)
    plan = plan_bench(ask(tmp_path, KEEP.replace("keep = [0.5]", "ipc = [1]")))
    [cell] = [c for c in plan.ground.cells if c.label == "free"]
    for ipc in (None, 1):
        line = replace(one, spec=cell.identity.spec, ipc=ipc, images=3)
        assert identity_of(line).ipc is None
    assert identity_of(one).ipc == 1
    assert identity_of(replace(one, spec="foreign(theirs)", ipc=2)).ipc == 2


def test_a_share_that_a_class_cannot_give_is_impossible(tmp_path):
    unequal(tmp_path)
    for i in (3, 4):
        (tmp_path / "data" / "toy" / "train" / "bee" / f"{i:02d}.png").unlink()
    with pytest.raises(ValueError, match=r"shares: 'PCA': keep=0\.5 .* it has 3\. Use more im"):
        plan_bench(ask(tmp_path, KEEP))
    pooled = KEEP.replace('"random"\nfree', '"pca(select=random, pool=2)"\nfree')
    with pytest.raises(ValueError, match=r"'random': ipc=1 .*it has 2 in a pool of 2\. Use a lar"):
        plan_bench(ask(tmp_path, pooled.replace("keep = [0.5]", "ipc = [1]")))
    free = KEEP.replace("keep = [0.5]", "ipc = [7]").replace(
        '["random", "free", "PCA"]', '["free"]'
    )
    with pytest.raises(ValueError, match=r"'free': ipc=7 of 3 classes needs 21 images in all"):
        plan_bench(ask(tmp_path, free))


def test_original_bytes_of_mosaics_are_impossible(tmp_path):
    text = KEEP.replace("keep = [0.5]", 'keep = [0.5]\ncodec = "original"')
    with pytest.raises(ValueError, match="has 1 impossible entry") as caught:
        plan_bench(ask(tmp_path, text))
    assert "shares: codec 'original' copies the bytes of whole images, but a canvas" in str(
        caught.value
    )


def test_a_share_is_forecast_by_its_images(tmp_path, monkeypatch):
    unequal(tmp_path)
    monkeypatch.setattr("smallset.bench.forecast.measured_rate", lambda *_: 100.0)
    found = forecast(plan_bench(ask(tmp_path, KEEP)))
    cells = (11 + 11 + 3) * 2 + 3 * 12 / 3
    observer = 21 * (1 + 1 / 3)
    assert found.seconds == pytest.approx((cells + observer) / 100)
    assert found.run_bytes == 25 * 8 * 8 * 3


FAR = only(easy="prune(select=far, observer=observer(epochs=1))")


@dataclass(frozen=True)
class Far(Select):
    """The images of each class with the longest features: needs features and no score."""

    needs_features: ClassVar[bool] = True

    def __call__(self, pool, counts, *, seed):
        del seed
        length = np.linalg.norm(pool.featured(), axis=1)
        order = np.lexsort((-length, pool.labels))
        return Selection(
            np.concatenate([order[pool.labels[order] == c][:k] for c, k in enumerate(counts)])
        )


def test_an_observer_that_only_gives_features_is_trained_once(tmp_path, monkeypatch):
    monkeypatch.setitem(SELECTORS, "far", Far)
    units = []
    plan = run_bench(ask(tmp_path, FAR), workers=Serial(), told=units.append)
    [observer] = [done.unit for done in units if done.unit.kind == "observer"]
    assert observer.scores == ()
    assert observer.is_done(Lines(), plan.ground.desk)
    assert len(list((tmp_path / "work" / "observers").iterdir())) == 1
    before = lines(tmp_path / "runs")
    assert len(before) == 2
    # resumed after results were lost: the marker says that the run is there
    (tmp_path / "runs" / "results.jsonl").unlink()
    monkeypatch.setattr("smallset.observers.observed._train", None)
    again = plan_bench(ask(tmp_path, FAR))
    assert sorted(unit.kind for unit in again.pending) == ["cell", "cell", "pixels"]
    run_bench(ask(tmp_path, FAR), workers=Serial())
    assert lines(tmp_path / "runs") == before


def test_every_run_behind_a_table_has_to_be_there(tmp_path):
    text = only(easy="el2n(epochs=1, runs=2, observer=observer(epochs=1))")
    plan = run_bench(ask(tmp_path, text), workers=Serial())
    [unit] = [unit for unit in plan.units.values() if unit.kind == "observer"]
    runs = [*(tmp_path / "work" / "observers").iterdir()]
    assert len(runs) == 2
    for run in runs:
        run.rename(tmp_path / "aside")
        assert not unit.is_done(Lines(), plan.ground.desk)
        (tmp_path / "aside").rename(run)
    assert unit.is_done(Lines(), plan.ground.desk)


def test_a_marker_without_its_run_or_cut_short_is_made_again(tmp_path, monkeypatch):
    monkeypatch.setitem(SELECTORS, "far", Far)
    plan = run_bench(ask(tmp_path, FAR), workers=Serial())
    [unit] = [unit for unit in plan.units.values() if unit.kind == "observer"]
    [run] = (tmp_path / "work" / "observers").iterdir()
    run.rename(tmp_path / "aside")
    assert not unit.is_done(Lines(), plan.ground.desk)
    unit.make(plan.ground.desk)
    assert unit.is_done(Lines(), plan.ground.desk)
    unit.out.write_bytes(b"")
    assert not unit.is_done(Lines(), plan.ground.desk)


def test_cells_of_a_table_that_was_not_asked_for_may_be_impossible(tmp_path):
    plan = plan_bench(ask(tmp_path, KEEP))
    matrix = parse_matrix(KEEP.replace("keep = [0.5]", "ipc = [100]"), "m")
    cells = cells_of(matrix, plan.ground.data, plan.ground.desk.machine)
    assert {cell.identity.images for cell in cells} == {300}


def test_a_table_without_a_size_has_the_side_that_all_its_images_share(tmp_path):
    whole = run_bench(ask(tmp_path, KEEP), workers=Serial())
    free = KEEP.replace("size = 8\n", "")
    plan = plan_bench(ask(tmp_path, free))
    assert [c.identity for c in plan.ground.cells] == [c.identity for c in whole.ground.cells]
    assert plan.pending == ()
    run_bench(ask(tmp_path, free), workers=Serial())  # the folder may change its matrix so
    assert plan_bench(ask(tmp_path, KEEP)).pending == ()


def test_a_cell_in_few_words_names_its_teacher_and_the_whole_split(tmp_path):
    cells = plan_bench(ask(tmp_path, MATRIX + SOFT)).ground.cells
    told = {cell.brief for cell in cells}
    student = "resnet8(weights=w.pt)"
    assert f"toy, 8 px, random, ipc 1, {student}, online(own), seed 0" in told
    assert f"toy, 8 px, PCA, ipc 1, {student}, seed 1" in told
    assert f"toy, 8 px, full, all images, {student}, seed 0" in told
