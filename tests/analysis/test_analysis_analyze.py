import shutil
from pathlib import Path

import numpy as np
import pytest
from cli_toy import TINY, tree

from smallset import analyze, compress, evaluate, train_teacher
from smallset.analysis.material import Sight
from smallset.evidence.lines import read_lines
from smallset.records import Fact

EYE = "observer(epochs=1)"


@pytest.fixture
def data(quick) -> Path:
    made = tree(Path("data"))
    compress(made, "set", method="random", ipc=2)
    return made


def test_facts_are_written_once_and_nothing_is_looked_at_twice(data, monkeypatch):
    told = []
    facts = analyze(["set"], data, observers=EYE, out="facts.jsonl", told=told.append)
    assert read_lines(Path("facts.jsonl"), Fact) == facts
    assert [fact for finding in told for fact in finding.facts] == facts
    assert {f.method for f in facts} == {"random", "full", "held-out"}
    monkeypatch.setattr(Sight, "_network", None)
    assert analyze(["set"], data, observers=EYE, out="facts.jsonl") == facts
    assert read_lines(Path("facts.jsonl"), Fact) == facts


def test_several_observers_are_compared_and_a_trained_folder_is_one(data):
    train_teacher(data, "teacher", model="resnet8", epochs=1)
    lines = []
    facts = analyze(
        ["set"], data, observers=["teacher", EYE], what=["difficulty"], splits=False,
        told=lambda finding: lines.extend(finding.lines),
    )  # fmt: skip
    assert lines[0] == 'through "teacher":'
    assert lines[3].startswith("through observer(model=resnet8, epochs=1, ")
    assert len({f.observer for f in facts if f.name == "entropy"}) == 2
    assert any("teacher" in str(f.observer) for f in facts)


def test_an_export_and_a_foreign_folder_give_the_same_entropy(data):
    shutil.copytree("set", "copy")
    for file in ("manifest.json", "plan.parquet", "README.md"):
        Path("copy", file).unlink()
    options = {"observers": EYE, "what": ["difficulty"], "splits": False}
    ours, theirs = (analyze([name], data, **options) for name in ("set", "copy"))
    assert [f.value for f in ours] == pytest.approx([f.value for f in theirs])
    assert {f.method for f in theirs} == {"foreign"}


def test_results_of_students_are_joined_and_crops_swept(data):
    evaluate("set", data, student="resnet8", seeds=1, results="results.jsonl")
    lines = []
    analyze(
        ["set"], data, observers=EYE, results="results.jsonl", what=["accuracy", "crops"],
        told=lambda finding: lines.extend(finding.lines),
    )  # fmt: skip
    assert any("results of 1, but a rank correlation needs 3" in line for line in lines)
    assert any("crops chosen by NLL change" in line for line in lines)


def test_the_data_alone_is_analysed_without_an_observer(data):
    facts = analyze([], data, what=["duplicates"])
    assert {f.observer for f in facts} == {None}
    assert {f.n for f in facts} == {24, 6}


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ({"sets": ["nowhere"]}, FileNotFoundError, r"'nowhere' does not exist"),
        ({"observers": "resnet9"}, ValueError, r"resnet9"),
        ({"observers": "resnet8"}, ValueError, r"has learned nothing: it names no weights"),
        ({"observers": "resnet8(weights=x.pt, classes=same)"}, FileNotFoundError, r"x\.pt"),
        ({"observers": ()}, ValueError, r"no observer was given, but difficulty, labels"),
        ({"observers": [EYE, EYE]}, ValueError, r"name one of them twice"),
        ({"sets": ["set", "set"]}, ValueError, r"name one of them twice"),
        ({"sets": [], "splits": False}, ValueError, r"nothing to analyse: no set was given"),
        ({"what": ["dificulty"]}, ValueError, r"'dificulty'\. Did you mean 'difficulty'"),
        ({"what": []}, ValueError, r"no analysis was asked for"),
        ({"what": ["accuracy"]}, ValueError, r"no results were given\. Give --results FILE"),
        ({"results": "r.jsonl"}, FileNotFoundError, r"there is no file of results 'r\.jsonl'"),
        (
            {"results": "r.jsonl", "what": ["crops"]},
            ValueError,
            r"'r\.jsonl' were given, but none of crops uses them",
        ),
        ({"out": "no/facts.jsonl"}, ValueError, r"needed a file in a folder that exists"),
        ({"out": "set/facts.jsonl"}, ValueError, r"lies inside the set 'set'"),
    ],
)
def test_bad_input_is_one_clear_error_before_any_training(data, given, error, said):
    options = {"sets": ["set"], "data": data, "observers": EYE, "splits": True} | given
    before = sorted(Path().rglob("*"))
    with pytest.raises(error, match=said):
        analyze(**options)
    assert sorted(Path().rglob("*")) == before


def test_a_set_of_other_classes_and_one_with_held_out_images_are_refused(data):
    other = tree(Path("other"), {"ant": 8, "bee": 8, "cow": 8})
    with pytest.raises(ValueError, match=r"only in the set: \['ape'\], only in the data: \['ant'"):
        analyze(["set"], other, observers=EYE)
    shutil.copytree("data/test", "leak")
    with pytest.raises(ValueError, match=r"the set 'leak' holds 6 of the 6 held-out images"):
        analyze(["leak"], data, observers=EYE)


def test_an_observer_of_other_classes_is_refused(data):
    other = tree(Path("other"), {"ant": 8, "bee": 8, "cow": 8})
    train_teacher(other, "teacher", model="resnet8", epochs=1)
    with pytest.raises(ValueError, match=r"has no class for 'ape' of the data's 3; it has 'ant'"):
        analyze(["set"], data, observers="teacher")


def test_names_with_odd_characters_stay_on_their_line(quick):
    names = {'a "b" c\'d': 8, "é\u2028x": 8, **TINY}
    data, lines = tree(Path("data"), names), []
    made = compress(data, "s\nt, (1)", method="random", ipc=2)
    facts = analyze(
        [made], data, observers=EYE, told=lambda finding: lines.extend(finding.lines), out="f.jsonl"
    )
    assert all(line.isprintable() for line in lines)
    assert np.isfinite([f.value for f in facts]).all()
    assert read_lines(Path("f.jsonl"), Fact) == facts
