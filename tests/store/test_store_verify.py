from dataclasses import replace

import pytest
from set_toy import make_plan, write

from smallset.pipeline import export
from smallset.store import Verification, verify
from smallset.store.manifest import MANIFEST
from smallset.store.plan_table import PLAN, plan_bytes


def test_a_whole_set_says_how_much_was_compared(made):
    got = verify(made.path)
    assert isinstance(got, Verification)
    assert (got.files, got.bytes) == (6, made.manifest.image_bytes)


def test_one_error_lists_every_problem(made):
    (made.path / "ape/00000.png").unlink()
    (made.path / "bee/00000.png").write_bytes(b"other")
    (made.path / "bee/00002.png").touch()
    (made.path / "dog").mkdir()
    (made.path / "README.md").write_text("mine")
    manifest = made.path / MANIFEST
    manifest.write_text(manifest.read_text().replace('"cpu"', '"cuda"'))
    with pytest.raises(ValueError, match="Restore what changed, or make the set again") as caught:
        verify(made.path)
    lines = str(caught.value).splitlines()
    assert lines[0] == f"'{made.path}' is not as it was written:"
    assert "manifest.json' was edited" in lines[1]
    assert lines[2:-1] == [
        "  missing: ape/00000.png",
        "  not part of the set: bee/00002.png",
        "  not part of the set: dog/",
        "  changed: bee/00000.png",
    ]


def test_a_changed_plan_is_one_problem_beside_others(made, dataset):
    (made.path / "ape/00000.png").unlink()
    plan = replace(made.plan, source=made.plan.source[::-1].copy())
    (made.path / PLAN).write_bytes(plan_bytes(plan, made.files, dataset))
    with pytest.raises(ValueError, match=r"plan\.parquet' was changed.*\n  missing: ape/00000"):
        verify(made.path)


def test_a_missing_plan_does_not_hide_an_edited_manifest(made):
    (made.path / "plan.parquet").unlink()
    manifest = made.path / MANIFEST
    manifest.write_text(manifest.read_text().replace('"cpu"', '"cuda"'))
    with pytest.raises(ValueError, match=r"manifest\.json' was edited.*\n.*parquet' is missing"):
        verify(made.path)


def test_counts_are_compared(made):
    counts = replace(made.manifest, counts=(2, 2, 3), image_bytes=7)
    (made.path / MANIFEST).write_text(counts.to_json())
    with pytest.raises(ValueError, match=r"3 images of class 'cow', the plan 2\n.*counts 7 image"):
        verify(made.path)


def test_a_long_list_of_one_kind_is_counted(tmp_path, dataset):
    plan = make_plan(ipc=10)
    made = write(plan, dataset, tmp_path / "o")
    for file in made.files:
        (made.path / file.path).unlink()
    with pytest.raises(ValueError, match="missing: and 10 more"):
        verify(made.path)


def test_a_missing_folder_or_one_without_a_manifest_is_not_a_set(tmp_path):
    with pytest.raises(ValueError, match="is not a set that smallset wrote"):
        verify(tmp_path)
    with pytest.raises(FileNotFoundError, match="does not exist"):
        verify(tmp_path / "no")


def test_an_export_is_not_taken_for_a_broken_set(made, tmp_path):
    out = export(made.path, tmp_path / "exported", to="imagefolder")
    with pytest.raises(ValueError, match=r"is an export to imagefolder\. Needed the set as it was"):
        verify(out)
