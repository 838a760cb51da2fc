import pytest
from result_toy import fact
from runs_toy import BEST, MATRIX, RANDOM, full, replicates, write_runs

from smallset.bench.matrix import parse_matrix
from smallset.evidence.lines import append_line
from smallset.report.tables import Runs, report_of
from smallset.terminal import watch

ONE = MATRIX.replace("ipc = [1, 2]", "ipc = [1]").replace(', "online(wise)"', "")


@pytest.fixture
def runs(tmp_path):
    (tmp_path / "matrix.toml").write_text(ONE)
    return tmp_path


def test_a_setting_has_a_bar_its_cells_and_the_best_method():
    found = report_of(Runs(tuple(replicates("random", RANDOM)), parse_matrix(ONE, "toys")))
    first, *others = watch.state_lines(found)
    assert first == (
        "[######......]    6/12   Toy, ResNet-8, ipc 1, hard labels  best plain 31.7 %"
    )
    assert others == ["[............] not begun: Toy, ResNet-8, resnet8 on the full data: 1 cell"]


def test_the_page_is_rewritten_at_each_result_and_reloads_until_all_are_there(
    runs, monkeypatch, capsys
):
    path, page = runs / "results.jsonl", runs / "report/page.html"
    steps = [
        lambda: write_runs(path, replicates("random", RANDOM)),
        lambda: None,
        lambda: write_runs(path, [*replicates("pca", BEST), full(0.9)]),
    ]
    live = []

    def sleep(_):
        live.append("data-live" in page.read_text().split("<main>")[0] if page.exists() else None)
        steps.pop(0)()

    monkeypatch.setattr(watch.time, "sleep", sleep)
    watch.watch(runs, str(runs / "matrix.toml"))
    assert live == [None, True, True]
    assert "<body>" in page.read_text()
    out = capsys.readouterr().out
    assert out.startswith(f"no result in {runs} yet\nToys, ")
    assert out.count("wrote") == 2


def test_a_line_that_is_being_written_is_read_again(runs, monkeypatch):
    path = runs / "results.jsonl"
    path.write_text('{"torn')

    def finish(_):
        path.unlink()
        write_runs(path, [*replicates("random", RANDOM), *replicates("pca", BEST), full(0.9)])

    monkeypatch.setattr(watch.time, "sleep", finish)
    watch.watch(runs, str(runs / "matrix.toml"))


def test_a_folder_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no run folder.*Start `smallset bench` first"):
        watch.watch(tmp_path / "no", "cifar10")
    append_line(tmp_path / "facts.jsonl", fact())
