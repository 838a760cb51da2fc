import importlib.util
import json
import re
import runpy
import sys
from collections import Counter
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from statistics import fmean

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from runs_toy import write_runs

from smallset.bench.cells import cells_of, identity_of
from smallset.bench.matrix import read_matrix, shipped
from smallset.bench.sources import BenchData
from smallset.bench.sweep import FULL
from smallset.data import open_data
from smallset.evidence.lines import read_lines
from smallset.labels import labels_from, labels_spec
from smallset.methods import method_from, score_from, spec_of
from smallset.records import Cost, Result
from smallset.report.tables import FORMATS, Report, read_runs, report_of
from smallset.scores import SCORES, File
from smallset.train.device import Machine

ROOT = Path(__file__).parents[1]
LINES = sorted((ROOT / "docs/results").glob("*.jsonl"))
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


@cache
def published(name: str) -> Report:
    """Make the report of published lines once for all tests."""
    return report_of(read_runs(ROOT / f"docs/results/{name}.jsonl", name))


def test_there_are_results_and_each_file_is_named_after_its_matrix():
    assert LINES
    assert {file.stem for file in LINES} <= set(shipped())


@pytest.mark.parametrize("file", LINES, ids=lambda file: file.stem)
def test_the_tables_of_the_docs_are_what_their_command_writes(file):
    """`smallset report docs/results/NAME.jsonl --matrix NAME --format markdown`."""
    written = file.with_name(f"{file.stem}-report") / FORMATS["markdown"][0]
    assert written.read_text(encoding="utf-8") == published(file.stem).text("markdown")


@pytest.mark.parametrize("file", LINES, ids=lambda file: file.stem)
def test_every_line_is_of_a_cell_of_its_matrix_and_of_one_that_has_no_other(file, tmp_path):
    digits, results, known = open_data("digits", work=tmp_path), read_lines(file, Result), set()
    matrix = read_matrix(file.stem)
    for (name, fingerprint), first in {(r.dataset, r.data_fingerprint): r for r in results}.items():
        source = BenchData(name, replace(digits, fingerprint=fingerprint))
        # Equal classes: a share of each is asked of CIFAR-10 alone, whose are.
        of_each = first.source_images // len(first.classes)
        vars(source)["class_counts"] = (of_each,) * len(first.classes)
        machine = Machine(first.device, first.precision, first.threads)
        known |= {c.identity for c in cells_of(matrix, {name: source}, machine)}
    known = {replace(i, images=0) if i.spec == FULL else i for i in known}  # digits are fewer
    found = [identity_of(replace(r, images=0) if r.spec == FULL else r) for r in results]
    assert [i for i in found if i not in known] == []
    assert len(set(found)) == len(found)


@pytest.mark.parametrize("file", LINES, ids=lambda file: file.stem)
def test_the_page_of_results_links_to_each_table_and_its_lines(file):
    page = (ROOT / "docs/results.md").read_text(encoding="utf-8")
    assert f"](results/{file.name})" in page
    assert f"](results/{file.stem}-report/tables.md)" in page


def test_every_link_of_the_documents_leads_somewhere():
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for target in re.findall(r'(?:\]\(|src=")(?!http)([^)"#]+)[)"]', text):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


@dataclass(frozen=True)
class Seen:
    """What the study asks of the data before it measures."""

    labels: np.ndarray
    classes: int = 10
    source: str = "toy"


def study(name: str):
    spec = importlib.util.spec_from_file_location(name, ROOT / f"docs/studies/{name}.py")
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "docs/studies")  # as if it were started as a script
        spec.loader.exec_module(module)
    return module


def test_every_score_is_in_the_study_and_every_line_is_of_one_of_its_jobs():
    scores = study("scores")
    kinds = {type(score_from(scores.spec_of_row(name, 1, "resnet8"))) for name in scores.SCORES}
    assert kinds == set(SCORES.values()) - {File}
    known = {key for key, _ in scores.jobs(Seen(np.arange(20) % 10))}
    facts = scores.facts()
    assert {fact.key for fact in facts} <= known
    assert len({fact.key for fact in facts}) == len(facts)


def test_the_page_and_the_figure_of_the_scores_show_what_was_measured():
    scores = study("scores")
    assert scores.PAGE.read_text(encoding="utf-8") == scores.page()
    drawn = re.findall(r">(\u2212?\d\.\d\d)<", scores.FIGURE.read_text(encoding="utf-8"))
    rhos = [
        f"{f.value:.2f}".replace("-", "\u2212") for f in scores.facts() if f.what == "agreement"
    ]
    assert Counter(drawn) == Counter([*rhos, *rhos, *["1.00"] * len(scores.SCORES)])
    points = re.findall(
        r"rho: ([\d.]+); score: ([^;]+); kind: ([^\"]+)",
        scores.STABILITY.read_text(encoding="utf-8"),
    )
    means: dict[tuple[str, str], list[float]] = {}
    for f in scores.facts():
        if f.what == "across" or f.what.startswith("stability"):
            means.setdefault((f.what, f.score), []).append(f.value)
    wanted = sorted((score, fmean(values)) for (_, score), values in means.items())
    found = sorted((score, float(rho)) for rho, score, _ in points)
    assert [score for score, _ in found] == [score for score, _ in wanted]
    np.testing.assert_allclose([rho for _, rho in found], [rho for _, rho in wanted], atol=1e-6)


def test_facts_of_another_version_are_not_added_to(tmp_path, monkeypatch):
    scores = study("scores")
    fact = replace(scores.facts()[0], observer="observer-0")
    file = tmp_path / "facts.jsonl"
    file.write_text(json.dumps(vars(fact)) + "\n")
    monkeypatch.setattr(scores, "FACTS", file)
    said = (
        f"'{file}' holds facts of observer-0, but observers record {scores.RECORDS_VERSION} now, "
        "and a mean is of one version. Take the file away to measure all again."
    )
    with pytest.raises(SystemExit, match=re.escape(said)):
        scores.run("nowhere", tmp_path, "")
    assert len(file.read_text().splitlines()) == 1


def test_the_difference_of_two_published_rows_is_that_of_their_tables(monkeypatch):
    module = study("difference")
    monkeypatch.setattr(module, "published", published)
    between = module.difference
    pca = between("pruning", "Every method", "PCA by EL2N", "random")
    assert f"+{100 * pca.mean:.1f} [{100 * pca.low:.1f}, {100 * pca.high:.1f}]" in (
        ROOT / "docs/results/pruning-report/tables.md"
    ).read_text(encoding="utf-8")
    views = "PCA, four views a canvas an epoch"
    both = between("pruning", "Four views", views, "PCA by EL2N", "Every method")
    assert both.low < both.mean < both.high
    table = "ConvNet-D3, ipc 10"
    students = between("cifar10", table, "easiest", "random")  # ten of each
    observers = between("cifar10", table, "easiest", "random", by_observer=True)  # three and ten
    assert observers.mean == pytest.approx(students.mean, abs=0.002)
    assert observers.high - observers.low > students.high - students.low
    with pytest.raises(SystemExit, match=r"'methods' names \d tables\. Give more of one of: "):
        between("pruning", "methods", "random", "random")
    with pytest.raises(SystemExit, match=r"no row 'rando' in that table\. Did you mean 'random'"):
        between("pruning", "Every method", "rando", "random")


@pytest.fixture
def draw(tmp_path, monkeypatch):
    """Draw a figure of a study from lines of results, and return its SVG."""

    def drawn(module, figure, lines, *options):
        written, out = tmp_path / "lines.jsonl", tmp_path / "figure.svg"
        for file in (written, out):
            file.unlink(missing_ok=True)
        write_runs(written, lines)
        monkeypatch.setattr("sys.argv", ["", figure, str(written), str(out), *options])
        module.main()
        return out.read_text(encoding="utf-8")

    return drawn


def test_figures_of_distillation_draw_what_there_is_and_say_what_is_missing(draw):
    figures = partial(draw, study("distillation_figures"))
    teacher = read_matrix("distillation").teachers["resnet20"]
    published = read_lines(ROOT / "docs/results/distillation.jsonl", Result)
    random = next(r for r in published if r.method == "random")
    noise = replace(random, method="noise", spec=spec_of(method_from("noise")), top1=0.11)

    def labelled(line, regime, **cost):
        words = labels_spec(labels_from(regime, teacher))
        return replace(line, labels=words, teacher=teacher, cost=Cost(line.cost.images, **cost))

    drawn = figures("bytes", [random, noise, labelled(random, "online", teacher=10**6)])
    assert [drawn.count(f">{name}<") for name in ("random", "noise", "chance")] == [2, 1, 1]
    with pytest.raises(SystemExit, match=r"noise has results at ipc 10 under hard") as no:
        figures("noise", [noise])
    advised = re.search("--only (.*)` for more", str(no.value))[1]
    assert any(advised in sweep.title for sweep in read_matrix("distillation").sweeps)
    five = [replace(noise, ipc=n, images=10 * n, top1=n / 100) for n in (1, 50)]
    taught = [labelled(line, "online", teacher=9) for line in five]
    drawn = figures("noise", [*five, *taught])
    assert drawn.count('aria-roledescription="point"') == 4
    squares = spec_of(method_from("noise(grain=8)"))
    other = [replace(line, method="noise(grain=8)", spec=squares, top1=0.2) for line in five]
    drawn = figures("noise", [*five, *other, *taught])
    assert drawn.count('aria-roledescription="point"') == 6
    assert ">noise in squares<" in drawn
    with pytest.raises(SystemExit, match=r"with 0 kinds of stored labels, but the fi"):
        figures("frontier", [random])
    specs = {"stored": 3000, "stored(prune=0.9)": 300, "one-per-image(format=int8)": 30}
    stored = [labelled(random, labels, labels=size) for labels, size in specs.items()]
    drawn = figures("frontier", [random, *stored])
    for text in ("hard labels", "float16", "int8", "100%", "10%", "one an image"):
        assert drawn.count(f">{text}<") == 1
    with pytest.raises(SystemExit, match=r"the lines hold 0 students of 'mnist' \(\), and a fig"):
        figures("bytes", [random], "--data", "mnist")


def test_a_figure_of_the_sensitivity_is_drawn_or_says_what_is_missing(draw):
    sensitivity, matrix = study("sensitivity"), read_matrix("sensitivity")
    random = next(
        r for r in read_lines(ROOT / "docs/results/distillation.jsonl", Result) if r.ipc == 10
    )
    every = [
        replace(random, method=label, spec=spec_of(matrix.method(label)), codec=codec)
        for codec, label in {(t.codec, label): 0 for t in matrix.sweeps for label in t.methods}
    ]

    drawn = {option: draw(sensitivity, option, every) for option in ("factor", "codec")}
    for option, table in sensitivity.tables():
        codec = f", {table.codec}" if option == "codec" else ""
        if option in drawn:
            assert all(f">{label}{codec}<" in drawn[option] for label in table.methods)
    with pytest.raises(SystemExit, match=r"no results of factor 1; factor 3; factor 4, but the fi"):
        draw(sensitivity, "factor", [line for line in every if "factor" not in line.method])


def test_a_planted_label_is_another_class_and_a_tenth_is_planted():
    labels = np.arange(1000) % 10
    found, wrong = study("scores").planted(labels, 10, 3)
    assert wrong.sum() == 100
    np.testing.assert_array_equal(found != labels, wrong)


def test_a_long_tail_keeps_fewer_of_each_later_class(tmp_path):
    tail, data = study("long_tail"), tmp_path / "data"
    labels = np.repeat(np.arange(3), 100)
    kept = tail.kept(labels, 100)
    assert np.bincount(labels[kept]).tolist() == [100, 10, 1]
    data.mkdir()
    with pytest.raises(
        SystemExit, match=r"there is no train\*\.parquet in '.*data'\. Give a folder"
    ):
        tail.write(data, tmp_path / "out", 100)
    for split in ("train", "test"):
        pq.write_table(pa.table({"label": labels}), data / f"{split}-00000-of-00001.parquet")
        if split == "train":
            with pytest.raises(SystemExit, match=r"there is no test\*\.parquet in '.*data'"):
                tail.write(data, tmp_path / "out", 100)
    tail.write(data, tmp_path / "out", 100)
    written = {f.name[:5]: pq.read_table(f).num_rows for f in (tmp_path / "out").iterdir()}
    assert written == {"train": 111, "test-": 300}
    with pytest.raises(FileExistsError, match=r"out' exists already"):
        tail.write(data, tmp_path / "out", 100)


@pytest.mark.parametrize("name", ["long_tail", "validation"])
def test_a_study_makes_the_parents_of_its_folder_and_refuses_one_that_exists(
    tmp_path, monkeypatch, name
):
    for split in ("train", "test"):
        pq.write_table(pa.table({"label": [0, 1] * 600}), tmp_path / f"{split}.parquet")
    out = tmp_path / "new/out"
    monkeypatch.setattr(sys, "argv", [name, str(tmp_path), str(out)])
    runpy.run_path(str(ROOT / f"docs/studies/{name}.py"), run_name="__main__")
    assert {f.name[:5] for f in out.iterdir()} >= {"train"}
    with pytest.raises(SystemExit, match=r"^'.*new/out' exists already"):
        runpy.run_path(str(ROOT / f"docs/studies/{name}.py"), run_name="__main__")


def test_the_digits_of_the_readme_are_counted():
    data = open_data("digits", work=ROOT)
    assert len(data.train) + len(data.test) == 1797


def test_the_validation_part_is_cut_from_each_class_without_the_test_split(tmp_path, monkeypatch):
    validation, data, out = study("validation"), tmp_path / "data", tmp_path / "out"
    monkeypatch.setattr(validation, "HELD_OUT", 3)
    data.mkdir()
    with pytest.raises(SystemExit, match=r"there is no train\*\.parquet in '.*data'"):
        validation.write(data, out)
    rows = pa.table({"label": np.arange(20) % 2, "row": np.arange(20)})
    pq.write_table(rows, data / "train-00000-of-00001.parquet")
    (data / "test-00000-of-00001.parquet").write_bytes(b"not read")
    validation.write(data, out)
    train, test = (pq.read_table(out / f"{s}-00000-of-00001.parquet") for s in ("train", "test"))
    assert np.bincount(test["label"].to_numpy()).tolist() == [3, 3]
    assert sorted([*train["row"].to_pylist(), *test["row"].to_pylist()]) == list(range(20))
    with pytest.raises(FileExistsError, match="exists already"):
        validation.write(data, out)
