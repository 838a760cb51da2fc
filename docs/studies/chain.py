"""Whether easy sets are good sets: the facts of published sets beside their students' accuracy.

    smallset analyze RUNS/sets/*[!s] --data PATH/cifar10 --observer R --what difficulty,accuracy \\
        --no-splits --results RUNS/results.jsonl --out facts.jsonl
    grep -v quantile facts.jsonl > docs/results/facts.jsonl

made the facts, from the sets of the matrices bytes and distillation. `findings.py` draws them.
"""

from collections import defaultdict
from pathlib import Path
from statistics import fmean

from smallset.evidence.lines import read_lines
from smallset.records import Fact, Result
from smallset.report.page.charts import Chart, finished
from smallset.report.table import Heading, Table, write_markdown

RESULTS = Path(__file__).parents[1] / "results"
LINES = [RESULTS / f"{matrix}.jsonl" for matrix in ("bytes", "distillation")]
ENTROPY = "entropy(view=own)"
MEASURES = {"entropy": "entropy", ENTROPY: "entropy of training views"}
GROUPS = {
    "ten canvases per class": ("ipc=10", "small-v1", "hard", "#0072b2"),
    "the same, a teacher's labels": ("ipc=10", "small-v1", "online", "#cc79a7"),
    "23.8 kB of sheets": ("bytes=23.8kB", "small-v1(steps=300)", "hard", "#e69f00"),
    "238 kB of sheets": ("bytes=238kB", "small-v1(steps=600)", "hard", "#d55e00"),
}


def facts() -> list[Fact]:
    """Return the published facts."""
    return read_lines(RESULTS / "facts.jsonl", Fact)


def table() -> str:
    """Return the Markdown of the rank correlations of top-1 with entropy, a group a row."""
    rows = []
    for name, (budget, protocol, labels, _) in GROUPS.items():
        cells = [
            fact
            for measure in MEASURES
            for fact in facts()
            if fact.name.startswith(f'rank correlation({measure}, top1, budget="{budget}", ')
            and f'protocol="{protocol}", labels=' in fact.name
            and fact.name.partition(" labels=")[2][1:].startswith(labels)
        ]
        said = [f"{f.value:.2f} [{f.low:.2f}, {f.high:.2f}]" for f in cells]
        rows.append((name, *said, cells[0].n))
    heads = (Heading("rank correlation with top-1"), *map(Heading, MEASURES.values()))
    return write_markdown(Table("", (*heads, Heading("sets", "count")), tuple(rows))).partition(
        "\n\n"
    )[2]


def chart() -> Chart:
    """Draw the mean top-1 of each set's students against the entropy of its training views."""
    import altair as alt

    names = {setting[:3]: name for name, setting in GROUPS.items()}
    entropy = {fact.plan_sha256: fact.value for fact in facts() if fact.name == ENTROPY}
    students = defaultdict(list)
    for result in (line for file in LINES for line in read_lines(file, Result)):
        budget, regime = result.budget or f"ipc={result.ipc}", result.labels.partition("(")[0]
        setting = budget, result.protocol, regime
        if result.plan_sha256 in entropy and setting in names:
            students[names[setting], result.plan_sha256, result.spec].append(100 * result.top1)
    points = [
        {"name": name, "said": spec, "entropy": entropy[plan], "top1": fmean(top1)}
        for (name, plan, spec), top1 in students.items()
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
    return Chart("chain", title, "", finished(dots.to_dict(validate=False), points, height=280))
