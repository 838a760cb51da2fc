"""Draw what labels are worth by the byte, and what students learn from noise.

    python docs/studies/distillation_figures.py bytes LINES... OUT.svg
                accuracy against all bytes that a student needs: every method, budget and regime
    python docs/studies/distillation_figures.py noise LINES... OUT.svg
                accuracy of students of noise against ipc, hard labels beside a teacher's
    python docs/studies/distillation_figures.py frontier LINES... OUT.svg
                accuracy against bytes of labels: pruning x format, the set and its budget fixed

LINES are files such as docs/results/distillation.jsonl, which `smallset bench distillation` writes.
`--data imagenette-224` draws another data set than CIFAR-10. Each command also prints its numbers
as a table. Needs the extra `dev`.
"""

import argparse
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import altair as alt

from smallset.bench.matrix import read_matrix
from smallset.evidence.lines import read_lines
from smallset.files import write_whole
from smallset.labels import labels_from
from smallset.labels.formats import format_spec
from smallset.labels.one_per_image import OnePerImage
from smallset.labels.stored import Stored
from smallset.records import Result
from smallset.report.page.charts import Chart, finished
from smallset.report.page.entries import Entry, entries
from smallset.report.page.figures import svgs
from smallset.report.table import Heading, table_of, write_markdown
from smallset.report.tables import Runs, report_of

MATRIX = "distillation"
NOISE = ("noise", "noise in squares")
SET = "random"
"""The method whose sets have stored labels of every format."""
# The colours of Okabe and Ito that can be told apart on white.
COLOURS = ["#000000", "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00"]
HEIGHT, NAME_HEIGHT = 420, 12

Point = Mapping[str, str | float]


def main() -> None:
    """Read the lines, print the table and write the figure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("figure", choices=FIGURES)
    parser.add_argument("lines", type=Path, nargs="+")
    parser.add_argument("out", type=Path)
    parser.add_argument("--data", default="cifar10")
    asked = parser.parse_args()
    shown = entries_of(asked.lines, asked.data)
    chosen, spec = FIGURES[asked.figure](shown)
    print(write_markdown(table(f"{asked.data}: {asked.figure}", chosen)))
    first = shown[0].first
    title = f"{asked.data} at {first.size} px, {first.student}"
    [text] = svgs([Chart(asked.figure, title, "", spec)]).values()
    write_whole(asked.out, text.encode())


def entries_of(files: Sequence[Path], data: str) -> list[Entry]:
    """Return the rows of all tables of one data set.

    Raises SystemExit unless the rows are of exactly one student at one size.
    """
    found = [result for file in files for result in read_lines(file, Result)]
    report = report_of(Runs(tuple(found), read_matrix(MATRIX)))
    shown = [entry for entry in entries(report.sections) if entry.first.dataset == data]
    students = {f"{entry.first.student} at {entry.first.size} px" for entry in shown}
    if len(students) != 1:
        raise SystemExit(
            f"the lines hold {len(students)} students of {data!r} ({', '.join(sorted(students))}), "
            "and a figure shows one. Give other lines, or another --data."
        )
    return shown


def table(title: str, shown: Sequence[Entry]):
    """Return the numbers of a figure as a table."""
    columns = (
        (Heading("method"), lambda entry: entry.row.label),
        (Heading("labels"), lambda entry: entry.section.labels),
        (Heading("budget"), lambda entry: entry.budget),
        (Heading("top-1 % [95 %]", "interval"), lambda entry: entry.row.top1),
        (Heading("label bytes", "bytes"), lambda entry: entry.row.bytes("labels")),
        (Heading("all bytes", "bytes"), lambda entry: entry.row.bytes()),
        (Heading("n", "count"), lambda entry: entry.row.top1.n),
    )
    return table_of(title, shown, columns)


def by_bytes(shown: Sequence[Entry]) -> tuple[Sequence[Entry], dict[str, object]]:
    """Draw accuracy against all bytes, with a method's name at its best point in each regime.

    Noise in squares is left out: the figure of noise shows it.
    """
    shown = [entry for entry in shown if entry.row.label != NOISE[1]]
    regimes = {entry.first.regime for entry in shown}
    points = []
    for regime in sorted(regimes, key=lambda name: (name != "hard", name)):
        group = sorted(
            (entry for entry in shown if entry.first.regime == regime),
            key=lambda entry: -entry.row.top1.mean,
        )
        names: set[str] = set()
        # Names of one regime would lie on each other, so each begins below the one before.
        step, free = _span(shown) * NAME_HEIGHT / HEIGHT, math.inf
        for entry in group:
            method = entry.row.label
            joined = f"{method} {entry.section.labels}"
            point = _point(entry, entry.row.bytes(), regime, line=joined)
            if method not in names:
                names.add(method)
                free = min(free - step, point["top1"])
                point |= {"name": method, "name_at": free}
            points.append(point)
    return shown, _drawn(points, "all bytes", "labels", [_chance(shown)])


def of_noise(shown: Sequence[Entry]) -> tuple[Sequence[Entry], dict[str, object]]:
    """Draw the accuracy of students of noise against ipc.

    Raises SystemExit unless at least two ipc have results under both regimes.
    """
    noise = [e for e in shown if e.row.label in NOISE and e.first.regime in ("hard", "online")]
    budgets = [
        {e.first.ipc for e in noise if e.first.regime == regime} for regime in ("hard", "online")
    ]
    if len(budgets[0] & budgets[1]) < 2:
        raise SystemExit(
            f"noise has results at ipc {_listed(budgets[0])} under hard labels and at "
            f"{_listed(budgets[1])} under online labels, but the figure needs two ipc under both. "
            f"Run `smallset bench {MATRIX} --only noise` for more."
        )
    points = [
        _point(e, e.first.ipc, e.section.labels, line=f"{e.row.label} {e.section.labels}")
        | {"shape": e.row.label}
        for e in noise
    ]
    return noise, _drawn(points, "images per class", "labels", [_chance(shown)], shapes="images")


def frontier(shown: Sequence[Entry]) -> tuple[Sequence[Entry], dict[str, object]]:
    """Draw accuracy against the bytes of stored labels.

    A line joins the labels that are better than all smaller ones. Raises SystemExit for fewer than
    two kinds of stored labels.
    """
    groups: dict[object, list[Entry]] = {}
    for entry in shown:
        if entry.row.label == SET:
            groups.setdefault((entry.first.ipc, entry.first.protocol), []).append(entry)
    group = max(groups.values(), key=lambda g: sum(map(_is_stored, g)), default=[])
    stored = sorted(filter(_is_stored, group), key=lambda entry: entry.row.bytes("labels"))
    if len(stored) < 2:
        raise SystemExit(
            f"{SET!r} has results with {len(stored)} kinds of stored labels, but the figure needs "
            f"two. Run `smallset bench {MATRIX} --only Stored` for more."
        )
    points, best = [], 0.0
    for entry in stored:
        regime = labels_from(entry.first.labels)
        assert isinstance(regime, Stored | OnePerImage)
        own = "one an image" if isinstance(regime, OnePerImage) else f"{1 - regime.prune:.0%}"
        joined = "frontier" if entry.row.top1.mean > best else ""
        best = max(best, entry.row.top1.mean)
        size, form = entry.row.bytes("labels"), format_spec(regime.format, brief=True)
        points.append(_point(entry, size, form, line=joined) | {"shape": own})
    others = [entry for entry in group if entry.first.regime in ("hard", "online")]
    marks = [(100 * e.row.top1.mean, f"{e.first.regime} labels") for e in others]
    drawn = _drawn(points, "bytes of labels", "format", marks, shapes="labels of their own")
    return [*others, *stored], drawn


FIGURES: dict[str, Callable[[Sequence[Entry]], tuple[Sequence[Entry], dict[str, object]]]] = {
    "bytes": by_bytes,
    "noise": of_noise,
    "frontier": frontier,
}


def _point(entry: Entry, x: float, colour: str, *, line: str) -> dict[str, str | float]:
    """Return a point without a name. Points of one `line` are joined, unless `line` is ""."""
    top1 = entry.row.top1
    low, high = (100 * end for end in top1.ends)
    return {
        "top1": 100 * top1.mean, "low": low, "high": high,
        "x": x, "colour": colour, "line": line, "shape": "", "name": "",
    }  # fmt: skip


def _drawn(
    points: Sequence[Point],
    x: str,
    colour: str,
    marks: Iterable[tuple[float, str]],
    *,
    shapes: str = "",
) -> dict[str, object]:
    """Return the specification of points on a log axis, with `marks` as named dotted levels."""
    colours = list(dict.fromkeys(str(point["colour"]) for point in points))
    kinds = list(dict.fromkeys(str(point["shape"]) for point in points))
    wide = alt.X("x:Q", title=f"{x} (log)").scale(type="log", nice=False, padding=40)
    wide = wide.axis(format="~s", tickCount=6)
    tall = alt.Y("top1:Q", title="top-1, %").scale(zero=False).axis(titlePadding=12)
    ink = alt.Color("colour:N", title=colour).scale(domain=colours, range=COLOURS)
    shape = alt.Shape("shape:N", title=shapes).scale(domain=kinds)
    chart = alt.Chart(alt.NamedData(name="points"))
    lines = chart.transform_filter("datum.line").mark_line(strokeWidth=1, color="#808080")
    joined = {(point["line"], point["colour"]) for point in points if point["line"]}
    of_one_colour = len(joined) == len({line for line, _ in joined})
    dots = chart.mark_point(filled=True, size=60, opacity=1)
    names = chart.transform_filter("datum.name").mark_text(align="left", dx=7, fontSize=11)
    levels = alt.Chart(alt.Data(values=[{"y": y, "said": said} for y, said in marks]))
    at = alt.Y("y:Q")
    layers = alt.layer(
        levels.mark_rule(strokeDash=[3, 3], color="#808080").encode(at),
        levels.mark_text(align="left", dy=-6, color="#606060").encode(
            at, alt.Text("said:N"), x=alt.value(4)
        ),
        lines.encode(wide, tall, alt.Detail("line:N"), *([ink] if of_one_colour else [])),
        chart.mark_rule(strokeWidth=1.5).encode(wide, alt.Y("low:Q"), alt.Y2("high:Q"), ink),
        dots.encode(wide, tall, ink, *([shape] if len(kinds) > 1 else [])),
        names.encode(wide, alt.Y("name_at:Q"), alt.Text("name:N"), ink),
    )
    return finished(layers.to_dict(validate=False), points, height=HEIGHT)


def _chance(shown: Sequence[Entry]) -> tuple[float, str]:
    return 100 / len(shown[0].first.classes), "chance"


def _is_stored(entry: Entry) -> bool:
    return entry.row.bytes("labels") > 0


def _span(shown: Sequence[Entry]) -> float:
    values = [100 * entry.row.top1.mean for entry in shown]
    return max(values) - min([*values, _chance(shown)[0]])


def _listed(ipc: Iterable[int | None]) -> str:
    return ", ".join(str(n) for n in sorted(n for n in ipc if n is not None)) or "none"


if __name__ == "__main__":
    main()
