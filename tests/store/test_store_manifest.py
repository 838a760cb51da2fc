import json
from dataclasses import replace

import pytest
from set_toy import make_dataset, make_plan, write
from store_toy import sign

from smallset.store import Asked, Manifest, Seeds, read_manifest
from smallset.store.manifest import MANIFEST


@pytest.fixture
def made(tmp_path) -> Manifest:
    return write(make_plan(), make_dataset(), tmp_path / "out").manifest


def put(folder, manifest: Manifest, **changes: object) -> None:
    """Write the manifest with changed values and a digest that fits them."""
    values = json.loads(manifest.to_json())
    for key, value in changes.items():
        inner, _, last = key.rpartition("__")
        (values[inner] if inner else values)[last] = value
    sign(folder, values)


def test_a_manifest_comes_back_equal(tmp_path, made):
    assert read_manifest(tmp_path / "out") == made


@pytest.mark.parametrize(
    "change",
    [
        {"seeds": Seeds(2**62, None)},
        {"view": "canvas"},
        {"made_with": {}},
        {"classes": ("猫", "\udcff", 'q"\\')},
        {"counts": (1, 2, 3)},
        {"counts": (6, 0, 3), "asked": Asked("ipc=3")},
        {"asked": Asked("keep=0.1")},
        {"asked": Asked("ipc=4", ("bee", "cow"))},
    ],
)
def test_any_manifest_comes_back_equal(tmp_path, made, change):
    changed = replace(made, **change)
    (tmp_path / MANIFEST).write_text(changed.to_json())
    assert read_manifest(tmp_path) == changed


def test_the_text_is_canonical_ascii_without_times(made):
    text = made.to_json()
    assert text.isascii()
    assert text == made.to_json()
    values = json.loads(text)
    assert list(values) == sorted(values)
    assert values["format_version"] == 2
    assert values["source"]["skipped"] == {"count": 1, "ids": ["bee/bad.png"]}
    assert (values["images"], values["ipc"]) == (6, 2)


def test_the_digest_names_everything(made):
    assert made.digest == json.loads(made.to_json())["digest"]
    assert replace(made, device="cuda").digest != made.digest
    assert replace(made, seeds=Seeds(0, 2)).digest != made.digest


def test_an_edited_manifest_is_found_and_can_be_read_on_trust(tmp_path, made):
    path = tmp_path / "out" / MANIFEST
    path.write_text(path.read_text().replace("patch(scale=(0.08, 1.0))", "canvas"))
    with pytest.raises(ValueError, match=r"was edited: its content does not match its digest\. Re"):
        read_manifest(tmp_path / "out")
    assert read_manifest(tmp_path / "out", trust=True).view == "canvas"


def test_a_manifest_that_was_only_laid_out_anew_is_the_same(tmp_path, made):
    path = tmp_path / "out" / MANIFEST
    path.write_text(json.dumps(json.loads(path.read_text()), indent=4))
    assert read_manifest(tmp_path / "out") == made


def test_a_folder_without_manifest_is_no_set(tmp_path):
    with pytest.raises(ValueError, match=r"has no manifest\.json, so it is not a set that small"):
        read_manifest(tmp_path)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b'{"a": NaN}', b"[" * 100_000])
def test_a_manifest_that_is_no_json_is_an_error(tmp_path, content):
    (tmp_path / MANIFEST).write_bytes(content)
    with pytest.raises(ValueError, match=r"is not valid JSON .* restore it, or make the set again"):
        read_manifest(tmp_path)


@pytest.mark.parametrize("depth", [300, 600, 900])
def test_a_manifest_that_is_nested_deeply_is_an_error(tmp_path, depth):
    value = "[" * depth + "]" * depth
    text = f'{{"format_version": 2, "digest": "0", "smallset": {value}}}'
    (tmp_path / MANIFEST).write_text(text)
    for trust in (False, True):
        with pytest.raises(
            ValueError, match=r"(not valid JSON|was edited|has no field|holds '?\w)"
        ):
            read_manifest(tmp_path, trust=trust)


def test_a_manifest_of_a_newer_smallset_says_so_whatever_else_it_holds(tmp_path):
    (tmp_path / MANIFEST).write_text('{"format_version": 3, "new": 1}')
    with pytest.raises(ValueError, match=r"format version 3, made by a newer smallset; .* Upgrade"):
        read_manifest(tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"size": 0}, r"holds 'size' = 0, but needs a whole number of at least 1"),
        ({"size": "6"}, r"holds 'size' = '6'"),
        ({"size": True}, r"holds 'size' = True"),
        ({"size": 6.0}, r"holds 'size' = 6\.0"),
        ({"view": None}, r"holds 'view' = None, but needs a text"),
        ({"counts": [2, 2, -1]}, r"holds 'counts\.2' = -1"),
        ({"counts": [2, 2]}, r"has 3 classes, 3 folders and 2 counts, but needs as many"),
        ({"classes": "abc"}, r"holds 'classes' = 'abc', but needs a list"),
        ({"classes": [1, 2, 3]}, r"holds 'classes\.0' = 1, but needs a text"),
        ({"folders": ["../x", "b", "c"]}, r"class folder '\.\./x', but needs a plain name inside"),
        ({"folders": ["..", "b", "c"]}, r"class folder '\.\.'"),
        ({"folders": ["/etc", "b", "c"]}, r"class folder '/etc'"),
        ({"ipc": 3}, r"says images=6 and ipc=3, but its counts make 6 and 2"),
        ({"images": 7}, r"says images=7"),
        ({"fit": "stretch"}, r"holds 'fit' = 'stretch', but needs squash or crop or pad there"),
        ({"seeds__set": -1}, r"holds 'seeds\.set' = -1"),
        ({"seeds": []}, r"holds 'seeds' = \[\], but needs an object"),
        ({"source__bytes": "many"}, r"holds 'source\.bytes' = 'many'"),
        ({"source__extra": 1}, r"has the unknown field 'source\.extra'"),
        ({"extra": 1}, r"has the unknown field 'extra'\. It was edited or damaged"),
        ({"asked": {"budget": 3, "short": []}}, r"holds 'asked\.budget' = 3"),
        ({"asked": {"budget": "ipc=1", "short": [], "x": 1}}, r"unknown field 'asked\.x'"),
        ({"made_with": {"observer": 1}}, r"holds 'made_with\.observer' = 1, but needs a text"),
    ],
)
def test_a_value_of_another_kind_is_named(tmp_path, made, changes, message):
    put(tmp_path, made, **changes)
    with pytest.raises(ValueError, match=message):
        read_manifest(tmp_path)


def test_every_missing_field_is_named(tmp_path, made):
    whole = json.loads(made.to_json())
    for key in set(whole) - {"digest"}:
        sign(tmp_path, {k: v for k, v in whole.items() if k != key})
        with pytest.raises(ValueError, match=f"has no field '{key}'"):
            read_manifest(tmp_path)


def test_what_was_asked_is_said_only_where_the_counts_do_not(made):
    assert Asked("ipc=2").is_said_by((2, 2, 2))
    assert not Asked("ipc=2").is_said_by((3, 2, 1))
    assert not Asked("ipc=2", ("bee",)).is_said_by((2, 2, 2))
    assert not Asked("keep=0.5").is_said_by((2, 2, 2))
    assert replace(made, counts=(0, 2, 0)).vanished == ("ape", "cow")
    # the digest of a set that says nothing is what it was before there was anything to say
    assert "asked" not in json.loads(made.to_json())
    assert replace(made, asked=Asked("keep=0.5")).digest != made.digest


@pytest.mark.parametrize(
    ("ipc", "keep", "short", "budget"),
    [(None, 0.5, [], "keep=0.5"), (None, 1, ["bee"], "keep=1.0"), (4, None, ["bee"], "ipc=4")],
)
def test_what_was_asked_in_two_numbers_is_read_and_the_set_is_the_same(
    tmp_path, made, ipc, keep, short, budget
):
    put(tmp_path, made, asked={"ipc": ipc, "keep": keep, "short": short})
    stored = json.loads((tmp_path / MANIFEST).read_text())
    read = read_manifest(tmp_path)
    assert read.budget == budget
    assert read.asked.short == tuple(short)
    assert read.digest == stored["digest"]
    assert json.loads(read.to_json()) == stored


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"ipc": None, "keep": None}, "ipc=None and keep=None, but needs one of them. It was ed"),
        ({"ipc": 1, "keep": 0.5}, "'asked' with ipc=1 and keep=0.5, but needs one of them"),
        ({"ipc": None, "keep": 2}, "'asked' holds 'keep' = 2, but needs"),
    ],
)
def test_two_numbers_that_say_no_budget_are_an_error(tmp_path, made, asked, message):
    put(tmp_path, made, asked={**asked, "short": []})
    with pytest.raises(ValueError, match=message):
        read_manifest(tmp_path)


def test_a_manifest_of_an_older_smallset_says_so(tmp_path):
    (tmp_path / MANIFEST).write_text('{"format_version": 1}')
    with pytest.raises(
        ValueError, match=r"version 1, made by an older smallset, .* Make the set ag"
    ):
        read_manifest(tmp_path)
