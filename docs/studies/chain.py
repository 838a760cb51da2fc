"""Whether easy sets are good sets: the facts of published sets beside their students' accuracy.

    smallset analyze RUNS/sets/*[!s] --data PATH/cifar10 --observer R --what difficulty,accuracy \\
        --no-splits --results RUNS/results.jsonl --out facts.jsonl
    grep -v quantile facts.jsonl > docs/studies/facts.jsonl

made the facts, from the sets of the matrices bytes and distillation. Those of one and of 50
canvases per class come from one set of each method of the matrix cifar10, made with seed 0.
`findings.py` draws them.
"""

import re
from collections import defaultdict
from pathlib import Path
from statistics import fmean

from smallset.evidence.estimates import spearman
from smallset.evidence.lines import read_lines
from smallset.records import Fact, Result
from smallset.report.page.charts import Chart, finished
from smallset.report.table import Heading, Table, write_markdown

RESULTS = Path(__file__).parents[1] / "results"
LINES = [RESULTS / f"{matrix}.jsonl" for matrix in ("bytes", "distillation")]
FACTS = {f"ipc={ipc}": f"ipc-{ipc}-facts.jsonl" for ipc in (1, 50)} | {"ipc=10": "facts.jsonl"}
ENTROPY = "entropy(view=own)"
MEASURES = {"entropy": "entropy", ENTROPY: "entropy of training views"}
TEACHER = 'online(teacher="resnet20('
"""How the labels of the given ResNet-20 begin. Other teachers' students are not compared."""
GROUPS = {
    "one canvas per class": ("ipc=1", "small-v1", "hard", "#56b4e9"),
    "ten canvases": ("ipc=10", "small-v1", "hard", "#0072b2"),
    "50 canvases": ("ipc=50", "small-v1", "hard", "#009e73"),
    "ten canvases, a teacher's labels": ("ipc=10", "small-v1", TEACHER, "#cc79a7"),
    "23.8 kB": ("bytes=23.8kB", "small-v1(steps=300)", "hard", "#e69f00"),
    "238 kB": ("bytes=238kB", "small-v1(steps=600)", "hard", "#d55e00"),
}
Points = dict[str, dict[str, tuple[float, ...]]]
"""By group and method: the entropy of whole images and of training views, and top-1 in percent."""


def points() -> Points:
    """Return the means of each method over its sets and their students.

    A result belongs to the facts of its plan. If there are none, the result is older than the form
    of today's plans. Then it belongs to the facts of a set of its method that was made again.
    """
    results = [line for file in LINES for line in read_lines(file, Result)]
    results += [r for r in read_lines(RESULTS / "cifar10.jsonl", Result) if r.ipc in (1, 50)]
    found: dict[tuple[str, str], dict[str, float]] = defaultdict(dict)
    again: dict[tuple[str, str], dict[str, float]] = defaultdict(dict)
    for budget, file in FACTS.items():
        for fact in read_lines(Path(__file__).with_name(file), Fact):
            if fact.name in MEASURES:
                found[_view(fact.spec), fact.plan_sha256][fact.name] = fact.value
                again[budget, _method(fact.spec)][fact.name] = fact.value
    rows: dict[tuple[str, str], list[tuple[float, ...]]] = defaultdict(list)
    for result in results:
        budget = result.budget or f"ipc={result.ipc}"
        groups = [g for g, of in GROUPS.items() if of[:2] == (budget, result.protocol)]
        name = next((g for g in groups if result.labels.startswith(GROUPS[g][2])), None)
        of = found.get((_view(result.spec), result.plan_sha256))
        of = of or again.get((budget, _method(result.spec)))
        if name and of and (result.dataset, result.student) == ("cifar10", "convnet-d3"):
            row = (*(of[measure] for measure in MEASURES), 100 * result.top1)
            rows[name, _method(result.spec)].append(row)
    made: Points = {name: {} for name in GROUPS}
    for (name, method), values in rows.items():
        made[name][method] = tuple(map(fmean, zip(*values, strict=True)))
    return made


def _method(spec: str) -> str:
    """Return a spec without what differs between replicates and versions."""
    same = r", pool=none, observer=none|, seed=\d+|, snapshots=1|\(balanced=true\)"
    return re.sub(same, "", spec).replace("model=auto", "model=resnet8")


def _view(spec: str) -> str:
    return spec.partition(", view=")[2].partition("), codec")[0]


def table() -> str:
    """Return the Markdown of the rank correlations of top-1 with entropy, a group a row."""
    rows = []
    for name, methods in points().items():
        *measures, top1 = zip(*methods.values(), strict=True)
        ranks = [spearman(values, top1, seed=0) for values in measures]
        said = [
            f"{rank.value:.2f} [{rank.low:.2f}, {rank.high:.2f}]"
            if rank.low is not None  # fewer than five methods have no interval
            else f"{rank.value:.2f}"
            for rank in ranks
        ]
        rows.append((name, *said, len(top1)))
    heads = (Heading("rank correlation with top-1"), *map(Heading, MEASURES.values()))
    return write_markdown(Table("", (*heads, Heading("methods", "count")), tuple(rows)))


def chart() -> Chart:
    """Draw the top-1 of each method against the entropy of its training views."""
    import altair as alt

    shown = [
        {"name": name, "said": method, "entropy": round(entropy, 3), "top1": round(top1, 2)}
        for name, methods in points().items()
        for method, (_, entropy, top1) in methods.items()
    ]
    order = list(GROUPS)
    drawn = alt.Chart(alt.NamedData(name="points")).encode(
        alt.X("entropy:Q", title="entropy of training views, nats").scale(zero=False, padding=10),
        alt.Y("top1:Q", title="top-1, %").scale(zero=False),
        alt.Color("name:N", title=None, sort=order)
        .scale(domain=order, range=[colour for *_, colour in GROUPS.values()])
        .legend(columns=4, labelLimit=300, symbolType="circle"),
        tooltip=["name:N", "said:N", "top1:Q"],
    )
    dots = drawn.mark_point(filled=True, size=70, opacity=0.9)
    title = "CIFAR-10: is a set of low entropy a good one?"
    return Chart("chain", title, "", finished(dots.to_dict(validate=False), shown, height=280))
