import dataclasses
import errno
import json
import os
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from result_toy import fact, result

from smallset.evidence import lines as module
from smallset.evidence.lines import append_line, check_place, drop_torn_line, read_lines
from smallset.labels import labels_from
from smallset.records import Cost, Fact, Result

PUBLISHED = Path(__file__).parents[2] / "docs/results"
ODD = ("a b", "x/y", "Träumer", "line\u2028end", "next\x85line", "\udcff", '"quoted"\n')


def write(path, *lines):
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def test_what_is_appended_is_read_back_in_order(tmp_path):
    made = [result(student_seed=seed, top1=seed / 7) for seed in range(3)]
    for one in made:
        append_line(tmp_path / "r.jsonl", one)
    assert read_lines(tmp_path / "r.jsonl", Result) == made


def test_no_file_is_no_result_and_empty_lines_are_none(tmp_path):
    assert read_lines(tmp_path / "r.jsonl", Result) == []
    append_line(tmp_path / "r.jsonl", result())
    with (tmp_path / "r.jsonl").open("a") as file:
        file.write("\n  \n")
    assert read_lines(tmp_path / "r.jsonl", Result) == [result()]


def test_any_class_name_survives_and_a_result_is_one_line(tmp_path):
    odd = result(classes=ODD, per_class=(0.5,) * len(ODD), observer_seed=3, ipc=None)
    append_line(tmp_path / "r.jsonl", odd)
    append_line(tmp_path / "r.jsonl", result())
    assert (tmp_path / "r.jsonl").read_bytes().count(b"\n") == 2
    assert read_lines(tmp_path / "r.jsonl", Result) == [odd, result()]


def test_lines_hold_every_field_by_name(tmp_path):
    append_line(tmp_path / "r.jsonl", result())
    fields = json.loads((tmp_path / "r.jsonl").read_text())
    assert list(fields) == [f.name for f in dataclasses.fields(result())]
    assert fields["per_class"] == [0.25, 0.75]


@pytest.mark.parametrize("torn", [b'{"fingerprint": "ab', b"\xff\xfe", b"words", b"[" * 100_000])
def test_a_torn_line_is_an_error_that_names_it_and_the_way_out(tmp_path, torn):
    append_line(tmp_path / "r.jsonl", result())
    with (tmp_path / "r.jsonl").open("ab") as file:
        file.write(torn)
    with pytest.raises(ValueError, match=r"r\.jsonl, line 2 is not a whole result .* another file"):
        read_lines(tmp_path / "r.jsonl", Result)


@dataclass(frozen=True)
class Later(Result):
    """A result of a later version, which records one thing more."""

    mood: str = "unknown"


def test_a_field_that_comes_later_has_its_default_in_earlier_lines(tmp_path):
    append_line(tmp_path / "r.jsonl", result())
    append_line(tmp_path / "r.jsonl", Later(**vars(result()), mood="good"))
    assert [one.mood for one in read_lines(tmp_path / "r.jsonl", Later)] == ["unknown", "good"]
    with pytest.raises(
        ValueError, match=r"line 2 holds fields that this version does not know: mood\. Read it "
    ):
        read_lines(tmp_path / "r.jsonl", Result)


def test_a_line_of_a_newer_format_is_an_error_that_says_so(tmp_path):
    append_line(tmp_path / "r.jsonl", replace(result(), format=3))
    with pytest.raises(ValueError, match=r"line 1 has format 3, but .* up to 2\. Read it"):
        read_lines(tmp_path / "r.jsonl", Result)


def test_lines_of_format_1_are_read_with_their_cost_and_their_regime(tmp_path):
    fields = dataclasses.asdict(result(student_seed=7))
    for name in ("format", "budget", "view_seed", "cost"):
        del fields[name]
    fields |= {"image_bytes": 1000, "label_bytes": 1, "teacher_bytes": 2}
    soft = fields | {"labels": "online", "teacher": "resnet20(weights=/a b/r.th)"}
    write(tmp_path / "r.jsonl", fields, soft)
    one, other = read_lines(tmp_path / "r.jsonl", Result)
    assert one == result(student_seed=7, cost=Cost(1000, 1, 2))
    assert (other.labels, other.regime) == (
        'online(teacher="resnet20(weights=/a b/r.th)")',
        "online",
    )


@pytest.mark.parametrize("file", sorted(PUBLISHED.glob("*.jsonl")), ids=lambda file: file.stem)
def test_published_lines_are_read_and_written_anew_say_the_same(file, tmp_path):
    found = read_lines(file, Result)
    for one in found[:3]:
        append_line(tmp_path / "r.jsonl", one)
    assert read_lines(tmp_path / "r.jsonl", Result) == found[:3]
    assert {r.labels for r in found if r.teacher is None} == {"hard"}
    for one in found:
        if one.teacher is not None:
            assert labels_from(one.labels).teacher_spec == one.teacher


def test_a_fact_is_a_line_too_and_no_result(tmp_path):
    append_line(tmp_path / "f.jsonl", fact())
    assert read_lines(tmp_path / "f.jsonl", Fact) == [fact()]
    with pytest.raises(ValueError, match=r"line 1 holds fields that this version does not know"):
        read_lines(tmp_path / "f.jsonl", Result)


@pytest.mark.parametrize("earlier", [0, 1])
def test_an_append_without_space_leaves_the_file_as_it_was(tmp_path, monkeypatch, earlier):
    path = tmp_path / "r.jsonl"
    for _ in range(earlier):
        append_line(path, result())
    before = path.read_bytes() if earlier else b""

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left")

    monkeypatch.setattr(module.os, "fsync", full)
    with pytest.raises(OSError, match="No space left") as caught:
        append_line(path, result(student_seed=1))
    assert str(caught.value) == (
        f"the result cannot be added to {str(path)!r} (No space left); the file is as it was. "
        "Free some space, or give --results a file on another disk."
    )
    assert path.read_bytes() == before
    monkeypatch.undo()
    append_line(path, result(student_seed=1))
    assert read_lines(path, Result)[-1] == result(student_seed=1)


def test_ctrl_c_behind_a_whole_line_keeps_it(tmp_path, monkeypatch):
    def stop(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(module.os, "fsync", stop)
    with pytest.raises(KeyboardInterrupt):
        append_line(tmp_path / "r.jsonl", result())
    assert read_lines(tmp_path / "r.jsonl", Result) == [result()]


def test_results_go_to_a_file_in_a_folder_that_exists_outside_the_set(tmp_path, monkeypatch):
    made = tmp_path / "set"
    made.mkdir()
    check_place(tmp_path / "r.jsonl", outside=made)
    with pytest.raises(ValueError, match=r"'.*r\.jsonl' lies inside the set '.*set'.*elsewhere"):
        check_place(made / "r.jsonl", outside=made)
    with pytest.raises(ValueError, match=r"needed a file in a folder that exists\. Make the folde"):
        check_place(tmp_path / "no/r.jsonl", outside=made)
    with pytest.raises(ValueError, match=r"cannot go to '.*needed a file"):
        check_place(tmp_path, outside=made)
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(PermissionError, match=r"read-only for you\. Give --results another file"):
        check_place(tmp_path / "r.jsonl", outside=made)


def test_a_link_into_the_set_is_inside_it(tmp_path):
    (tmp_path / "set").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "set")
    with pytest.raises(ValueError, match="lies inside the set"):
        check_place(tmp_path / "link/r.jsonl", outside=tmp_path / "set")


@pytest.mark.parametrize(
    ("name", "value", "at"),
    [
        ("classes", None, "classes"),
        ("per_class", [0.5, "half"], r"per_class\.1"),
        ("top1", True, "top1"),
        ("top1", 7.5, "top1"),
        ("teacher_top1", -0.5, "teacher_top1"),
        ("images", -1, "images"),
        ("ipc", 1.5, "ipc"),
        ("fit", "bent", "fit"),
        ("versions", {"torch": 2}, r"versions\.torch"),
        ("cost", {"images": 1.5}, r"cost\.images"),
        ("cost", {"images": 1, "labels": -1}, r"cost\.labels"),
        ("cost", {"images": 1, "stored": 5}, r"cost\.stored"),
    ],
)
def test_a_value_that_no_result_has_is_named_by_its_path(tmp_path, name, value, at):
    write(tmp_path / "r.jsonl", dataclasses.asdict(result()) | {name: value})
    with pytest.raises(ValueError, match=rf"line 1 is not a result: it .*'{at}'.* another file"):
        read_lines(tmp_path / "r.jsonl", Result)


@pytest.mark.parametrize("line", [3, None, {}, {"top1": 1}])
def test_a_line_that_lacks_fields_is_not_a_result(tmp_path, line):
    write(tmp_path / "r.jsonl", line)
    with pytest.raises(ValueError, match=r"line 1 is not a result: .*delete that line"):
        read_lines(tmp_path / "r.jsonl", Result)


def test_whole_numbers_and_nan_are_fractions_and_none_is_where_it_may_be(tmp_path):
    one = result(top1=1, per_class=(float("nan"), 0), ipc=None, teacher=None, set_seed=None)
    append_line(tmp_path / "r.jsonl", one)
    (found,) = read_lines(tmp_path / "r.jsonl", Result)
    assert (found.top1, found.per_class[1], found.ipc, found.set_seed) == (1, 0, None, None)
    assert found.per_class[0] != found.per_class[0]


def test_a_torn_last_line_is_cut_off_and_no_other(tmp_path):
    path = tmp_path / "results.jsonl"
    assert not drop_torn_line(path)  # no file yet
    append_line(path, result())
    whole = path.read_bytes()
    assert not drop_torn_line(path)
    path.write_bytes(whole + b'{"fingerprint": "f')
    assert drop_torn_line(path)
    assert path.read_bytes() == whole
