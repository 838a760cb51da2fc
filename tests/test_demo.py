import importlib

import pytest
from cli_toy import Shell, contents, refused
from PIL import Image

from smallset import demo
from smallset.evidence.results import read_results
from smallset.methods import method_from
from smallset.scores import observer as observers
from smallset.store import open_set


@pytest.fixture
def shell(tmp_path, monkeypatch, capsys) -> Shell:
    """A demo of two replicates whose observers train for one epoch."""
    monkeypatch.setattr(demo, "REPLICATES", 2)
    quick = "el2n(epochs=1, observer=observer(epochs=1, seed={observer}))"
    for name, method in demo.METHODS.items():
        monkeypatch.setitem(demo.METHODS, name, method.replace(demo._SCORE, quick))
    return Shell(tmp_path, monkeypatch, capsys)


def test_every_method_of_the_demo_can_be_built():
    built = {name: method_from(text.format(observer=3)) for name, text in demo.METHODS.items()}
    assert set(built) == {"random", "el2n", "pca"}
    assert built["pca"].score.observer.seed == built["el2n"].score.observer.seed == 3
    assert demo.REPLICATES >= 5


def test_the_demo_prints_the_table_writes_sheets_and_goes_on_where_it_stopped(shell, monkeypatch):
    with monkeypatch.context() as patch:
        calls, compress = [], demo.compress

        def stop_at_fourth(*arguments: object, **options: object) -> object:
            calls.append(arguments)
            if len(calls) == 4:
                raise KeyboardInterrupt
            return compress(*arguments, **options)

        patch.setattr(demo, "compress", stop_at_fourth)
        stopped = shell("demo", "here")
    assert stopped.code == 130
    assert len(read_results(shell.root / "here/results.jsonl")) == 3

    ran = shell("demo", "here")
    assert ran.code == 0, ran.err
    assert "digits at 16 px, 5 images per class, resnet8, small-v1, hard labels" in ran.out
    for word in (
        "minus random [95 %]",
        "random: 2 sets, 2 student seeds",
        "el2n | pca: 2 sets, 2 observers, 2 student seeds",
        "Contact sheets: here/random.png, here/el2n.png, here/pca.png",
    ):
        assert word in ran.out
    results = read_results(shell.root / "here/results.jsonl")
    assert len(results) == 6
    assert [(r.set_seed, r.student_seed) for r in results] == [(0, 0)] * 3 + [(1, 1)] * 3
    for name in demo.METHODS:
        with Image.open(shell.root / f"here/{name}.png") as sheet:
            assert sheet.width > 100
        for replicate in (0, 1):
            made = open_set(shell.root / f"here/sets/{name}-{replicate}").manifest
            assert (made.ipc, made.size, made.seeds.set) == (demo.IPC, demo.SIZE, replicate)
            assert made.seeds.observer == (None if name == "random" else replicate)

    evaluate = importlib.import_module("smallset.pipeline.evaluate")
    monkeypatch.setattr(evaluate, "train_and_test", None)
    monkeypatch.setattr(observers, "_train", None)
    again = shell("demo", "here")
    assert (again.code, again.out) == (0, ran.out)

    (shell.root / "here/sets/pca-1/0/00000.png").unlink()
    spoiled = shell("demo", "here")
    assert spoiled.code == 1
    assert "error: 'here/sets/pca-1' lacks file '0/00000.png'" in spoiled.err


def test_the_demo_makes_the_folder_it_is_given(shell, monkeypatch):
    monkeypatch.setattr(demo, "REPLICATES", 0)
    assert demo.run_demo(shell.root / "new/deep") == ([], {})
    assert contents(shell.root) == ["new", "new/deep", "new/deep/sets"]


def test_a_folder_of_another_set_is_refused(shell, monkeypatch):
    monkeypatch.setattr(demo, "REPLICATES", 1)
    monkeypatch.setattr(demo, "METHODS", {"random": "random"})
    assert shell("demo", "here").code == 0
    monkeypatch.setattr(demo, "METHODS", {"random": "random(factor=2)"})
    ran = shell("demo", "here")
    refused(ran, "'here/sets/random-0' holds another set than the demo's", "smallset demo OUT")
