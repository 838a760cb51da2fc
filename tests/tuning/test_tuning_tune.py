"""A whole tuning, in this process."""

from collections import Counter
from statistics import fmean

import numpy as np
import pytest
from result_toy import result
from serial_toy import Serial

from smallset import tune
from smallset.budget import Budget
from smallset.data import from_arrays, open_data
from smallset.data.validation import validation_of
from smallset.evidence.lines import read_lines
from smallset.methods import canonical
from smallset.parallel import Graph
from smallset.parallel.graph import opened, outcome, packed
from smallset.pipeline import compress
from smallset.pipeline.within import NoRoom
from smallset.records import Result
from smallset.tuning.halving import Halving, Tried

SHEETS = ("random", "prune(select=random, mosaic=sheet(side=4))")
CODECS = ("png", "webp:50")


@pytest.fixture
def tuned(few, tmp_path):
    """Tune the digits to 4 kB: four candidates on two rungs, ten students."""

    def tuned(workers=None, **options):
        given = {"budget": "bytes=4kB", "methods": SHEETS, "codecs": CODECS, "steps": 8}
        given |= {"work": tmp_path / "work", "workers": workers or Serial()}
        return tune("digits", tmp_path / "set", **(given | options))

    return tuned


def lines(place):
    return read_lines(place / "set-tuning/results.jsonl", Result)


def test_the_best_candidate_of_the_last_rung_is_made_of_all_training_images(tuned, tmp_path):
    plans = []
    found = tuned(planned=plans.append)
    (plan,) = plans
    assert [(rung.count, rung.steps, rung.draws) for rung in plan.rungs] == [(4, 4, 1), (2, 8, 3)]
    assert (plan.done, plan.beyond, plan.setting.student) == (0, {}, "convnet-d3")
    assert plan.forecast.seconds > 0

    results = lines(tmp_path)
    assert Counter(r.protocol for r in results) == {"small-v1(steps=4)": 4, "small-v1(steps=8)": 6}
    first = sorted((r for r in results if "=4" in r.protocol), key=lambda r: -r.top1)
    assert all(r.cost.images <= 4000 for r in results)
    best, second, *rest = found.frontier
    assert {(one.rung.number, len(one.results)) for one in (best, second)} == {(2, 3)}
    assert {(one.rung.number, len(one.results)) for one in rest} == {(1, 1)}
    assert best.top1 == fmean(r.top1 for r in best.results) >= second.top1
    went_on = {(one.candidate.spec, one.candidate.codec) for one in (best, second)}
    assert went_on == {(canonical(r.spec, size=8), r.codec) for r in first[:2]}
    assert {r.set_seed for r in best.results} == {0, 1, 2}

    made = found.made.manifest
    assert (made.method, made.codec) == (best.candidate.method, best.candidate.codec)
    assert made.image_bytes <= 4000
    whole = open_data("digits", work=tmp_path / "work")
    assert made.source.fingerprint == whole.fingerprint
    assert {r.data_fingerprint for r in results} == {validation_of(whole).fingerprint}
    assert str(best.candidate) in made.made_with["tuned"]
    assert "4 candidates" in made.made_with["tuned"]
    assert "convnet-d3, small-v1(steps=8)" in made.made_with["tuned_by"]
    held = f"{len(validation_of(whole).test)} images, 20 % of each class of the training images, "
    assert made.made_with["tuned_on"] == f"{held}chosen by content hash"


def test_a_killed_tuning_goes_on_and_chooses_the_same(tuned, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        tuned(Serial(stop=8))
    before = lines(tmp_path)
    assert 0 < len(before) < 4
    (tmp_path / "set-tuning/results.jsonl").open("a").write('{"torn')
    with pytest.raises(KeyboardInterrupt):
        tuned(Serial(stop=10))
    assert 4 <= len(lines(tmp_path)) < 10
    plans, rest = [], Serial()
    found = tuned(rest, planned=plans.append)
    assert lines(tmp_path)[: len(before)] == before
    assert 4 <= plans[0].done < 10
    assert len(lines(tmp_path)) == 10

    (tmp_path / "set").rename(tmp_path / "first")
    begun = rest.begun
    again = tuned(rest)
    assert rest.begun == begun
    assert again.made.digest == found.made.digest


def test_other_settings_in_the_same_run_folder_are_refused(tuned, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        tuned(Serial(stop=2))
    others = (
        {"budget": "bytes=5kB"}, {"steps": 16}, {"codecs": ("png",)}, {"student": "resnet8"},
        {"methods": SHEETS[:1]}, {"size": 9}, {"codecs": (*CODECS, "webp:1")},
    )  # fmt: skip
    for other in others:
        with pytest.raises(ValueError, match="was begun with other settings: it has the line"):
            tuned(**other)
    assert not (tmp_path / "set").exists()


def test_nothing_is_made_of_what_cannot_be_tuned(tuned, tmp_path):
    wrong = {
        "ipc=10 was given, but candidates are compared at equal bytes": {"budget": "ipc=10"},
        "of a known kind": {"budget": "230kB"},
        "bytes=50B has no room for one image of each class": {"budget": "bytes=50B"},
        "randm": {"methods": ["randm"]},
        "'bmp' is not known": {"codecs": ["bmp"]},
        "convnet-d33": {"student": "convnet-d33"},
        "steps=1 is too small": {"steps": 1},
        "lies in the set": {"runs": tmp_path / "set/runs"},
    }
    for message, options in wrong.items():
        with pytest.raises(ValueError, match=message):
            tuned(**options)
    assert {entry.name for entry in tmp_path.iterdir()} <= {"work"}
    (tmp_path / "set").mkdir()
    with pytest.raises(FileExistsError, match="exists already, and nothing is overwritten"):
        tuned()


class Kilobytes(Budget):
    """A budget of another kind with a limit."""

    name, value, limit = "kilobytes", "0.05", 50

    @classmethod
    def read(cls, value):
        return cls()

    def canvases(self, have, tiles):
        return (1,) * len(have)


def test_any_budget_with_a_limit_in_bytes_is_taken(tuned):
    with pytest.raises(
        ValueError, match=r"kilobytes=0\.05 has no room for one image of each class"
    ):
        tuned(budget=Kilobytes())


def test_data_too_small_to_hold_anything_out_name_the_class(tmp_path, monkeypatch):
    images = np.random.default_rng(0).integers(0, 256, (5, 8, 8), np.uint8)
    labels = np.array([0, 0, 0, 1, 1])
    data = from_arrays(images, labels, ["ape", "bee"])  # of two bees, one is held out
    monkeypatch.setattr("smallset.exchange.set_data.open_data", lambda *_, **__: data)
    with pytest.raises(ValueError, match=r"bee.* \(it has 1 image\).*Add images to the class\.$"):
        tune("small", tmp_path / "set", budget="bytes=4kB", work=tmp_path / "work")
    assert not (tmp_path / "set-tuning").exists()


def test_a_candidate_without_room_is_named_and_the_others_are_tried(tuned):
    plans = []
    small = {"budget": "bytes=1.2kB", "methods": SHEETS[:1], "codecs": ("png", "webp:1")}
    found = tuned(**small, planned=plans.append)
    assert [str(one) for one in plans[0].beyond] == ["random as png"]
    assert [str(one.candidate) for one in found.frontier] == ["random as webp:1"]
    because = found.made.manifest.made_with
    assert because["tuned"].startswith("the best of 1 candidate by")
    assert because["tuned_without"] == "no room in the budget: random as png"


def test_the_winner_is_named_as_its_method_was_typed(tuned):
    pack = "pack(select=random)"
    found = tuned(methods=(pack,), codecs=("webp:50", "webp:20"), steps=1)
    assert {str(one.candidate) for one in found.frontier} == {
        f"{pack} as webp:50", f"{pack} as webp:20",
    }  # fmt: skip
    made = found.made.manifest
    assert (made.method, made.codec) == (pack, found.frontier[0].candidate.codec)


class Apart(Serial):
    """Let values and errors travel as bytes, as they do between processes."""

    def run(self, tasks):
        graph = Graph(tasks)
        while (task := graph.take()) is not None:
            self.begun += 1
            yield opened(task, outcome(packed(task)))
            graph.done(task)


@pytest.mark.parametrize("workers", [Serial, Apart])
def test_a_candidate_whose_draw_does_not_fit_drops_out_and_the_tuning_goes_on(
    tuned, tmp_path, monkeypatch, workers
):
    monkeypatch.setattr("smallset.tuning.candidates._least_bytes", lambda *_, **__: 0)
    small = {"budget": "bytes=1.2kB", "codecs": ("png", "webp:1", "webp:2"), "methods": SHEETS}
    found = tuned(workers(), **small)
    dropped = [str(one) for one in found.dropped]
    assert dropped == [f"{method} as png" for method in SHEETS]
    assert sorted(str(one.candidate) for one in found.frontier) == sorted(
        f"{method} as {codec}" for method in SHEETS for codec in ("webp:1", "webp:2")
    )
    assert all(r.codec != "png" for r in lines(tmp_path))

    (tmp_path / "set").rename(tmp_path / "first")
    rest = workers()
    again = tuned(rest, **small)
    assert rest.begun == 0
    assert (again.dropped, again.made.digest) == (found.dropped, found.made.digest)


def test_a_tuning_stops_if_every_candidate_drops_out(tuned, tmp_path, monkeypatch):
    monkeypatch.setattr("smallset.tuning.candidates._least_bytes", lambda *_, **__: 0)
    none = {"budget": "bytes=50B", "codecs": ("png", "webp:1"), "methods": SHEETS[:1]}
    for _ in range(2):
        with pytest.raises(ValueError, match="the 2 candidates dropped out, each by one of its dr"):
            tuned(Apart(), **none)
    assert not (tmp_path / "set").exists()


def test_if_the_best_has_no_room_among_all_images_the_next_best_is_made(
    tuned, tmp_path, monkeypatch
):
    def run(halving, bench):
        rung, test = halving.rungs[-1], {"student": "convnet-d3", "protocol": "small-v1(steps=8)"}
        tops = zip(halving.candidates, (0.9, 0.8, 0.7, 0.6), strict=True)
        return [Tried(one, rung, (result(**test, top1=top),) * 3) for one, top in tops]

    large = {f"{SHEETS[0]} as png", f"{SHEETS[1]} as png"}

    def made(*places, method, codec, **options):
        if f"{method} as {codec}" in large:
            raise NoRoom("too large")
        return compress(*places, method=method, codec=codec, **options)

    monkeypatch.setattr(Halving, "run", run)
    monkeypatch.setattr("smallset.tuning.tune.compress", made)
    found = tuned()
    assert {str(one) for one in found.dropped} == large
    assert [one.top1 for one in found.frontier] == pytest.approx([0.7, 0.6])
    because = found.made.manifest.made_with
    assert (found.made.manifest.method, found.made.manifest.codec) == (SHEETS[0], "webp:50")
    assert because["tuned"].startswith("the best of 2 candidates")
    assert because["tuned_by"].endswith("3 draws of each")
    assert all(one in because["tuned_without"] for one in large)

    (tmp_path / "set").rename(tmp_path / "first")
    large |= {f"{method} as webp:50" for method in SHEETS}
    with pytest.raises(NoRoom, match="In the run, 4 candidates had room"):
        tuned()
    assert not (tmp_path / "set").exists()
