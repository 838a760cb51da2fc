"""The verbs from Python: what they take, give, reuse and refuse."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from cli_toy import QUICK, contents, in_memory, picture, tree

import smallset
from smallset.data import Data
from smallset.evidence.lines import read_lines
from smallset.methods import Pruned, method_from
from smallset.mosaic import Grid
from smallset.observers import observed as observers
from smallset.records import Result, Selection
from smallset.scores import Score
from smallset.selection import Random, Select
from smallset.train import device, loop
from smallset.train.views import Patch

pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture
def data() -> Data:
    return in_memory(names=("ape", "b/e e", "cow"))


def test_a_set_is_made_from_arrays_with_any_class_names_and_evaluated(data):
    made = smallset.compress(data, "set", method="random", ipc=2)
    assert made.manifest.classes == ("ape", "b/e e", "cow")
    (result,) = smallset.evaluate("set", data, student="resnet8", seeds=[5])
    assert (result.dataset, result.held_out) == ("toy", "test arrays, as given")
    assert (result.set_seed, result.observer_seed, result.student_seed) == (0, None, 5)
    assert (result.images, result.ipc, result.steps) == (6, 2, 2)
    assert result.top1 == pytest.approx(np.mean(result.per_class))
    assert result.top5 == 1
    assert (result.source_images, result.source_bytes) == (30, data.train.encoded_bytes)
    assert result.cost.images == sum(f.stat().st_size for f in Path("set").glob("*/*.png"))
    assert contents(Path("set"))[0] != "results.jsonl"
    assert not Path("results.jsonl").exists()


def test_a_method_object_is_recorded_as_its_whole_spec(data):
    method = Pruned(select=Random(), mosaic=Grid(2), view=Patch())
    made = smallset.compress(data, "set", method=method, ipc=1)
    assert method_from(made.manifest.spec) == method
    assert made.manifest.method == made.manifest.spec
    assert made.tile_box.shape == (3, 4, 4)


@dataclass(frozen=True)
class Last(Select):
    """An unregistered selector: the last images of each class."""

    def __call__(self, pool, counts, *, seed):
        del seed
        chosen = zip(pool.members(), counts, strict=True)
        return Selection(np.concatenate([members[-count:] for members, count in chosen]))


def test_an_unregistered_selector_works_and_is_recorded_under_its_full_name(data):
    made = smallset.compress(data, "set", method=Pruned(select=Last()), ipc=1)
    assert made.plan.source[:, 0].tolist() == [27, 28, 29]
    assert "Last" in made.manifest.spec


KINDS = {
    "array": np.array,
    "tensor": torch.tensor,
    "list": list,
    "huge": lambda x: [*x[:-1], 1e300],
}


@dataclass(frozen=True)
class Given(Score):
    """An unregistered score: as many numbers as are asked for, as they are asked for."""

    kind: str
    count: int = 30

    def __call__(self, observed):
        return KINDS[self.kind]([float(i) for i in range(self.count)])


@pytest.mark.parametrize("kind", ["array", "tensor", "list"])
def test_an_unregistered_score_may_give_any_numbers(data, kind):
    made = smallset.compress(data, "set", method=Pruned(Given(kind)), ipc=1)
    assert made.plan.source[:, 0].tolist() == [0, 1, 2]


@pytest.mark.parametrize("count", [29, 31])
def test_a_score_of_another_number_of_images_is_refused(data, count):
    said = f"the score gave numbers of the shape ({count},), but needed are (30,), one an image. "
    with pytest.raises(ValueError, match=re.escape(said + "Mend Given.")):
        smallset.compress(data, "set", method=Pruned(Given("array", count)), ipc=1)


def test_scores_beyond_32_bits_are_not_finite(data):
    with pytest.raises(ValueError, match=r"1 scores are not finite \(at the positions 29\)"):
        smallset.compress(data, "set", method=Pruned(Given("huge")), ipc=1)


def test_a_smaller_budget_is_a_prefix_of_a_larger_one(data):
    for method in ("random", QUICK):
        small = smallset.compress(data, f"s{len(method)}", method=method, ipc=1)
        large = smallset.compress(data, f"l{len(method)}", method=method, ipc=2)
        assert np.array_equal(small.plan.source, large.plan.source[::2])


def test_images_keep_their_side_when_they_share_one_and_become_224_else():
    tree(Path("data"))
    assert smallset.compress("data", "same", method="random", ipc=1).manifest.size == 8
    picture(99, 9).save("data/train/ape/other.png")
    assert smallset.compress("data", "mixed", method="random", ipc=1).manifest.size == 224


def test_an_ipc_that_does_not_fit_is_refused_before_an_observer_trains(data, monkeypatch):
    monkeypatch.setattr(observers, "_train", None)
    with pytest.raises(
        ValueError, match=r"needs 12 images of the class 'ape', but it has 10\. Use ipc<"
    ):
        smallset.compress(data, "set", method="pca", ipc=3)
    with pytest.raises(ValueError, match="a canvas of 2 px has no room for 3 tiles a side"):
        smallset.compress(data, "set", method="pca(factor=3)", ipc=1, size=2)
    assert contents(Path()) == ["cache"]


def test_held_out_images_are_never_chosen():
    root = tree(Path("data"), {"ape": 6, "bee": 6}, test={})
    made = smallset.compress(root, "set", method="random", ipc=4)
    opened = smallset.open_data(root, work=Path("cache"))
    held = {opened.test.encoded(i) for i in range(len(opened.test))}
    chosen = {opened.train.encoded(int(i)) for i in made.plan.source.ravel()}
    assert len(held) == 2
    assert not held & chosen
    assert made.manifest.source.held_out == "20 % of each class, chosen by content hash"


def test_scores_follow_the_rows_and_say_what_made_them(data):
    spec = "el2n(epochs=1, runs=2, observer=observer(epochs=1))"
    made = smallset.score(data, "scores.parquet", scores=[spec], precision="float32", workers=1)
    assert made[spec].values.shape == (30,)
    assert made[spec].made_by["source"] == data.train.fingerprint
    made_by = made[spec].made_by
    assert made_by["spec"].startswith("el2n(epochs=1, runs=2")
    assert made_by["observer"].startswith("observer(model=resnet8, epochs=1")
    assert (made_by["size"], made_by["fit"]) == ("8", "squash")
    assert (made_by["precision"], made_by["device"], made_by["threads"]) == ("float32", "cpu", "1")
    assert (made_by["torch"], made_by["records"]) == (torch.__version__, observers.RECORDS_VERSION)
    folders = {folder.name for folder in Path("cache/observers").iterdir()}
    assert {run[:24] for run in made_by["runs"].split()} == folders
    assert len(folders) == 2


@pytest.mark.parametrize(
    ("scores", "said"),
    [
        ([], "no score was asked for. Needed one at least. Give for example el2n,aum."),
        ("", "the scores '' have an empty entry. Needed the spec of a score in each. Give for"),
        (["el2n", ""], "the scores 'el2n, ' have an empty entry. Needed"),
    ],
)
def test_a_table_without_a_score_is_refused(data, scores, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        smallset.score(data, "scores.parquet", scores=scores)
    assert contents(Path()) == []


def test_another_precision_is_another_observer_run(data, monkeypatch):
    smallset.compress(data, "one", method=QUICK, ipc=1, precision="float32")
    monkeypatch.setattr(observers, "_train", None)
    smallset.compress(data, "again", method=QUICK, ipc=1, precision="float32")
    with pytest.raises(TypeError):
        smallset.compress(data, "other", method=QUICK, ipc=1, precision="bfloat16")


def test_a_result_is_found_again_only_for_the_same_cell(data, monkeypatch):
    trained, fit = [], loop.fit

    def counted(*arguments: object, **options: object) -> object:
        trained.append(1)
        return fit(*arguments, **options)

    monkeypatch.setattr(loop, "fit", counted)
    made = smallset.compress(data, "set", method="random", ipc=1)
    other = smallset.compress(data, "other", method="random", ipc=1, seed=1)

    def evaluate(target, **changes) -> None:
        options = {"student": "resnet8", "seeds": [0], "results": "r.jsonl"} | changes
        smallset.evaluate(target, data, **options)

    for target, changes in [
        (made, {}),
        (other, {}),
        (made, {"seeds": [1]}),
        (made, {"student": "resnet8", "precision": "bfloat16"}),
        (made, {"student": "resnet20"}),
    ]:
        before = len(trained)
        evaluate(target, **changes)
        evaluate(target, **changes)
        assert len(trained) == before + (0 if _known(target, changes, made) else 1)
    assert len(read_lines(Path("r.jsonl"), Result)) == len(trained)


def _known(target: object, changes: dict[str, object], made: object) -> bool:
    """Where bfloat16 is what `auto` means, asking for it is the same cell."""
    auto = device.machine().precision
    return target is made and changes.get("precision") == auto


@pytest.mark.parametrize("seeds", [0, -1, [], [-1], [0, -3]])
def test_seeds_that_train_no_student_are_refused(data, seeds):
    made = smallset.compress(data, "set", method="random", ipc=1)
    with pytest.raises(ValueError, match="Give how many, at least 1"):
        smallset.evaluate(made, data, seeds=seeds)


def test_a_seed_that_is_given_twice_is_refused_not_counted_twice(data):
    made = smallset.compress(data, "set", method="random", ipc=1)
    said = (
        r"seeds=\[3, 4, 3\] names a student twice, which would count as two\. Give each seed once"
    )
    with pytest.raises(ValueError, match=said):
        smallset.evaluate(made, data, seeds=[3, 4, 3])


def test_progress_names_the_stages_and_reaches_their_totals(data):
    seen: dict[str, tuple[int, int]] = {}

    def told(stage: str, done: int, total: int) -> None:
        seen[stage] = (done, total)

    made = smallset.compress(data, "set", method=QUICK, ipc=1, progress=told)
    smallset.evaluate(made, data, student="resnet8", seeds=1, progress=told)
    assert list(seen) == ["decode train at 8 px", "train", "score", "write",
                          "decode test at 8 px", "test"]  # fmt: skip
    assert all(done == total for done, total in seen.values())


def test_progress_of_several_students_is_one_job(data, tmp_path):
    told: list[tuple[str, int, int]] = []

    def note(*report: object) -> None:
        told.append(report)

    made = smallset.compress(data, "set", method="random", ipc=1)
    smallset.evaluate(made, data, student="resnet8", seeds=[1], results="r.jsonl")
    smallset.evaluate(
        made, data, student="resnet8", seeds=[1, 2, 3], results="r.jsonl", progress=note
    )
    trained = [report for report in told if report[0].startswith("train")]
    first, last = trained[0], trained[-1]
    total, third = first[2], first[2] // 3
    # the first is known
    assert first == ("train, student 2 of 3", third + len(made), total)
    assert last == ("train, student 3 of 3", total, total)
    tested = [report for report in told if report[0].startswith("test")]
    assert [stage for stage, *_ in tested] == ["test, student 2 of 3", "test, student 3 of 3"]
    assert tested[-1][1] == tested[-1][2]


def test_a_student_that_is_tested_several_times_counts_its_tests_as_one_job(data, tmp_path):
    told: list[tuple[str, int, int]] = []
    made = smallset.compress(data, "set", method="random", ipc=1)
    smallset.evaluate(
        made,
        data,
        student="resnet8",
        protocol="rethinkdc-v1(epochs=2)",
        seeds=2,
        progress=lambda *report: told.append(report),
    )
    tested = [report for report in told if report[0].startswith("test")]
    passes = tested[0][2] // tested[0][1]
    assert len(tested) == passes > 2
    assert [done for _, done, _ in tested] == [
        tested[0][1] * number for number in range(1, passes + 1)
    ]


def test_the_libraries_print_nothing(data, capfd):
    made = smallset.compress(data, "set", method=QUICK, ipc=1)
    smallset.evaluate(made, data, student="resnet8", seeds=1)
    assert capfd.readouterr() == ("", "")
