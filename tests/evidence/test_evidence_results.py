import dataclasses
import errno
import json
import os

import pytest
from result_toy import result

from smallset.evidence import results as module
from smallset.evidence.results import append_result, check_results, drop_torn_line, read_results

ODD = ("a b", "x/y", "Träumer", "line\u2028end", "next\x85line", "\udcff", '"quoted"\n')


def test_what_is_appended_is_read_back_in_order(tmp_path):
    made = [result(student_seed=seed, top1=seed / 7) for seed in range(3)]
    for one in made:
        append_result(tmp_path / "r.jsonl", one)
    assert read_results(tmp_path / "r.jsonl") == made


def test_no_file_is_no_result_and_empty_lines_are_none(tmp_path):
    assert read_results(tmp_path / "r.jsonl") == []
    append_result(tmp_path / "r.jsonl", result())
    with (tmp_path / "r.jsonl").open("a") as file:
        file.write("\n  \n")
    assert read_results(tmp_path / "r.jsonl") == [result()]


def test_any_class_name_survives_and_a_result_is_one_line(tmp_path):
    odd = result(classes=ODD, per_class=(0.5,) * len(ODD), observer_seed=3, ipc=None)
    append_result(tmp_path / "r.jsonl", odd)
    append_result(tmp_path / "r.jsonl", result())
    assert (tmp_path / "r.jsonl").read_bytes().count(b"\n") == 2
    assert read_results(tmp_path / "r.jsonl") == [odd, result()]


def test_lines_hold_every_field_by_name(tmp_path):
    append_result(tmp_path / "r.jsonl", result())
    fields = json.loads((tmp_path / "r.jsonl").read_text())
    assert list(fields) == [f.name for f in dataclasses.fields(result())]
    assert fields["per_class"] == [0.25, 0.75]


@pytest.mark.parametrize("torn", [b'{"fingerprint": "ab', b"\xff\xfe", b"words", b"[" * 100_000])
def test_a_torn_line_is_an_error_that_names_it_and_the_way_out(tmp_path, torn):
    append_result(tmp_path / "r.jsonl", result())
    with (tmp_path / "r.jsonl").open("ab") as file:
        file.write(torn)
    with pytest.raises(ValueError, match=r"r\.jsonl, line 2 is no whole result .* another results"):
        read_results(tmp_path / "r.jsonl")


@pytest.mark.parametrize("line", ["3", "{}", '{"top1": 1}', "null"])
def test_a_line_of_another_version_names_the_differing_fields(tmp_path, line):
    (tmp_path / "r.jsonl").write_text(line + "\n")
    with pytest.raises(ValueError, match=r"line 1 is no result of this version \(dif.*Read it"):
        read_results(tmp_path / "r.jsonl")


@pytest.mark.parametrize("stop", [OSError(errno.ENOSPC, "No space left"), KeyboardInterrupt()])
@pytest.mark.parametrize("earlier", [0, 1])
def test_an_append_that_is_stopped_leaves_the_file_as_it_was(tmp_path, monkeypatch, stop, earlier):
    path = tmp_path / "r.jsonl"
    for _ in range(earlier):
        append_result(path, result())
    before = path.read_bytes() if earlier else b""

    def fail(_: int) -> None:
        raise stop

    monkeypatch.setattr(module.os, "fsync", fail)
    with pytest.raises(type(stop)) as caught:
        append_result(path, result(student_seed=1))
    if isinstance(stop, OSError):
        assert str(caught.value) == (
            f"the result cannot be added to {str(path)!r} (No space left); the file is as it was. "
            "Free some space, or give --results a file on another disk."
        )
    assert path.read_bytes() == before
    monkeypatch.undo()
    append_result(path, result(student_seed=1))
    assert read_results(path)[-1] == result(student_seed=1)


def test_results_go_to_a_file_in_a_folder_that_exists_outside_the_set(tmp_path, monkeypatch):
    made = tmp_path / "set"
    made.mkdir()
    check_results(tmp_path / "r.jsonl", outside=made)
    with pytest.raises(ValueError, match=r"'.*r\.jsonl' lies inside the set '.*set'.*elsewhere"):
        check_results(made / "r.jsonl", outside=made)
    with pytest.raises(ValueError, match=r"needed a file in a folder that exists\. Make the folde"):
        check_results(tmp_path / "no/r.jsonl", outside=made)
    with pytest.raises(ValueError, match=r"cannot go to '.*needed a file"):
        check_results(tmp_path, outside=made)
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(PermissionError, match=r"read-only for you\. Give --results another file"):
        check_results(tmp_path / "r.jsonl", outside=made)


def test_a_link_into_the_set_is_inside_it(tmp_path):
    (tmp_path / "set").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "set")
    with pytest.raises(ValueError, match="lies inside the set"):
        check_results(tmp_path / "link/r.jsonl", outside=tmp_path / "set")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("classes", None),
        ("per_class", [0.5, "half"]),
        ("top1", True),
        ("ipc", 1.5),
        ("teacher", 3),
        ("versions", {"torch": 2}),
        ("compiled", 0),
    ],
)
def test_a_value_that_no_result_has_is_named(tmp_path, name, value):
    file = tmp_path / "r.jsonl"
    fields = dataclasses.asdict(result()) | {name: value}
    file.write_text(json.dumps(fields) + "\n")
    with pytest.raises(ValueError, match=rf"line 1 is no result: its {name} is .* another resu"):
        read_results(file)


def test_whole_numbers_and_nan_are_fractions_and_none_is_where_it_may_be(tmp_path):
    one = result(top1=1, per_class=(float("nan"), 0), ipc=None, teacher=None, set_seed=None)
    append_result(tmp_path / "r.jsonl", one)
    (found,) = read_results(tmp_path / "r.jsonl")
    assert (found.top1, found.per_class[1], found.ipc, found.set_seed) == (1, 0, None, None)
    assert found.per_class[0] != found.per_class[0]


def test_a_torn_last_line_is_cut_off_and_no_other(tmp_path):
    path = tmp_path / "results.jsonl"
    assert not drop_torn_line(path)  # no file yet
    append_result(path, result())
    whole = path.read_bytes()
    assert not drop_torn_line(path)
    path.write_bytes(whole + b'{"fingerprint": "f')
    assert drop_torn_line(path)
    assert path.read_bytes() == whole
