"""The demo on a matrix of two quick replicates, in this process and in workers."""

import re
from functools import partial

import pytest
from cli_toy import Shell, refused
from PIL import Image
from serial_toy import Serial

from smallset import demo
from smallset.bench.matrix import matrix_text, read_matrix
from smallset.bench.run import run_bench
from smallset.evidence.lines import read_lines
from smallset.methods import canonical
from smallset.records import Result


@pytest.fixture
def shell(shell, few, tmp_path, monkeypatch) -> Shell:
    text = matrix_text(demo.MATRIX).replace("replicates = 5", "replicates = 2")
    quick = "score=el2n(epochs=1, observer=observer(epochs=1)), view"
    text = text.replace("pca(view", f"pca({quick}").replace("pack(view", f"pack({quick}")
    text = text.replace("steps=200", "steps=4")
    assert text.count(quick) == 2
    file = tmp_path / "quick.toml"
    file.write_text(text)
    monkeypatch.setattr(demo, "MATRIX", file)
    return shell


def test_the_demos_matrix_is_what_the_readme_promises():
    matrix = read_matrix(demo.MATRIX)
    (table,) = matrix.sweeps
    assert table.methods == ("random", "pca", "pack") == tuple(matrix.methods)
    assert (table.data, table.labels) == ("digits", ("hard",))
    (budget,) = table.budgets
    assert budget.limit is not None
    assert {matrix.method(label).view.flip for label in table.methods} == {0}
    assert table.replicates >= 5


def test_the_demo_prints_the_table_writes_sheets_and_goes_on_where_it_stopped(shell, monkeypatch):
    first, rest = Serial(stop=14), Serial()
    monkeypatch.setattr(demo, "run_bench", partial(run_bench, workers=first))
    assert shell("demo", "here").code == 130
    before = len(read_lines(shell.root / "here/results.jsonl", Result))
    assert 0 < before < 6
    monkeypatch.setattr(demo, "run_bench", partial(run_bench, workers=rest))
    ran = shell("demo", "here")
    assert ran.code == 0, ran.err
    for word in (
        "digits at 16 px, bytes=15kB, resnet8, small-v1(steps=4), hard labels",
        "minus random [95 %]",
        "random: 2 sets, 2 student seeds",
        "pca | pack: 2 sets, 2 observers, 2 student seeds",
        "Contact sheets: here/random.png, here/pca.png, here/pack.png",
    ):
        assert word in ran.out
    results = read_lines(shell.root / "here/results.jsonl", Result)
    assert len(results) == 6
    assert {(r.set_seed, r.student_seed) for r in results} == {(0, 0), (1, 1)}
    assert {r.observer_seed for r in results if "el2n" in r.spec} == {0, 1}
    assert max(r.cost.images for r in results) <= 15_000
    for line in ran.out.splitlines():
        if re.match(r"(pca|pack) +\d", line):
            assert re.search(r" (better|worse|unclear) +[\d,]+ +[\d,]+ +2 *$", line)
    for label in ("random", "pca", "pack"):
        with Image.open(shell.root / f"here/{label}.png") as sheet:
            assert sheet.width > 100

    done = rest.begun
    found, sets = demo.run_demo(shell.root / "here", work=shell.work)
    assert list(found) == list(sets) == ["random", "pca", "pack"]
    assert [made.manifest.seeds.set for made in sets.values()] == [0, 0, 0]
    specs = [canonical(made.manifest.spec, size=16) for made in sets.values()]
    assert specs == [r[0].spec for r in found.values()]
    again = shell("demo", "here")
    assert (again.code, rest.begun) == (0, done)
    assert again.out == ran.out[ran.out.index("\ndigits at 16 px") :]


def test_a_demo_without_a_place_or_in_a_full_folder_is_refused(shell):
    (shell.root / "file").write_text("x")
    refused(shell("demo", "file"), "'file' is a file; needed a folder for the run")
    (shell.root / "other").mkdir()
    (shell.root / "other/mine.txt").write_text("x")
    refused(shell("demo", "other"), "'other' is not a run folder: it holds 'mine.txt'")
