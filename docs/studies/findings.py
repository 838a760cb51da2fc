"""The tables and figures of the findings, from the lines of docs/results.

    python docs/studies/findings.py

writes docs/findings/NAME.svg, and in README.md and docs/*.md each table between
`<!-- table: NAME -->` and `<!-- end -->`. It takes seconds, and needs smallset[report].
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from smallset.evidence import Interval
from smallset.report.page.charts import Chart, Point, finished
from smallset.report.page.figures import svgs
from smallset.report.rows import Row
from smallset.report.table import Heading, Table, span, write_markdown
from smallset.report.tables import Report, read_runs, report_of

DOCS = Path(__file__).parents[1]
PAGES = (DOCS.parent / "README.md", *sorted(DOCS.glob("*.md")))
FIGURES = DOCS / "findings"
BLOCK = re.compile(r"(?<=<!-- table: )(\w+)( -->\n).*?(?=<!-- end -->)", re.DOTALL)

# Okabe and Ito's colours, which colour-blind readers tell apart.
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9")
METHODS = {"hardest": "#d55e00", "random": "#009e73", "easiest": "#e69f00", "PCA": "#0072b2"}

CNET, I96 = "CIFAR-10, ConvNet-D3", "Imagenette at 96 px, ResNet-10"
I64 = "Imagenette at 64 px, ResNet-10"
LITE0 = "EfficientNet-Lite0 as the teacher of ResNet-10 at 64 px, ipc 10, online(lite0) labels"
SETTINGS = {
    "CIFAR-10, ipc 1": ("cifar10", f"{CNET}, ipc 1, hard labels"),
    "CIFAR-10, ipc 10": ("cifar10", f"{CNET}, ipc 10, hard labels"),
    "CIFAR-10, ipc 50": ("cifar10", f"{CNET}, ipc 50, hard labels"),
    "Imagenette, ipc 1": ("imagenette", f"{I96}, ipc 1, hard labels"),
    "Imagenette, ipc 10": ("imagenette", f"{I96}, ipc 10, hard labels"),
}
MOSAICS = "mosaics of random images under the patch view"
PARTS = {
    "PCA": "PCA",
    "PCA under the canvas view": "PCA, crops of the whole canvas",
    "PCA's selection cut to its centre": "PCA, tiles cropped, not shrunk",
    "easiest": "easiest, no mosaic",
    "easiest under a crop of equal zoom": "easiest, no mosaic, equal zoom",
    MOSAICS: "mosaics of random images",
}
ONCE = {"PCA, no augmentation": "PCA, one whole tile an epoch"}
PACKED = {
    "PCA in pack's codec": "PCA, WebP",
    "random in pack's codec": "random, WebP sheets",
    "easiest in pack's codec": "easiest, WebP sheets",
    "pack": "pack",
}
WORTH_KNOWING = (
    "random", "easiest by EL2N", "hardest by EL2N", "easiest by AUM", "herding", "CCS",
    "PCA by EL2N", "PCA by AUM", "PCA of the easier half by EL2N",
)  # fmt: skip
SCORES = (
    "EL2N", "GraNd", "forgetting", "AUM", "loss", "entropy", "margin", "least confidence",
)  # fmt: skip
OWN_RULES = (
    "herding", "DUAL, Beta sampling", "moderate", "CCS", "CAD-Prune", "TDDS", "k-center", "Dyn-Unc",
    "DUAL", "D2",
)  # fmt: skip


@cache
def report(matrix: str) -> Report:
    """Return the report of published lines."""
    return report_of(read_runs(DOCS / f"results/{matrix}.jsonl", matrix))


def rows(matrix: str, title: str) -> Mapping[str, Row]:
    """Return the rows of one published table by their names. Raises KeyError for another title."""
    tables = {section.title: section.rows for section in report(matrix).sections}
    return {row.label: row for row in tables[title]}


@dataclass(frozen=True)
class Grid:
    """Rows of published tables, in named columns; `columns[column][name]` is one of them.

    The table gives the bytes of the columns `sized`, and n in each head if a column has one n.
    `colours` belong to columns.
    """

    columns: Mapping[str, Mapping[str, Row]]
    sized: tuple[str, ...] = ()
    colours: Mapping[str, str] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the rows, in order of appearance."""
        return tuple(dict.fromkeys(name for column in self.columns.values() for name in column))

    def table(self) -> str:
        """Return the Markdown of top-1 with its interval, bytes and n."""
        sizes = {f"bytes, {s}" if len(self.sized) > 1 else "bytes": s for s in self.sized}
        counts = {c: {row.top1.n for row in found.values()} for c, found in self.columns.items()}
        alike = all(len(found) == 1 for found in counts.values())
        heads = [
            Heading("top-1, %"),
            *(
                Heading(f"{name}, n = {min(counts[name])}" if alike else name, "interval")
                for name in self.columns
            ),
            *(Heading(head, "bytes") for head in sizes),
            *([] if alike else [Heading("n")]),
        ]
        body = []
        for name in self.names:
            found = [column.get(name) for column in self.columns.values()]
            weighed = [self.columns[column].get(name) for column in sizes.values()]
            of_each = dict.fromkeys(str(row.top1.n) for row in found if row)
            body.append(
                (
                    name,
                    *(row and row.top1 for row in found),
                    *(row and row.bytes() for row in weighed),
                    *([] if alike else [", ".join(of_each)]),
                )
            )
        table = Table("", tuple(heads), tuple(body))
        return write_markdown(table).partition("\n\n")[2]

    def chart(self, name: str, title: str, *, minus: bool = False, dodge: bool = True) -> Chart:
        """Draw top-1, or its difference from random if `minus`, as points with their intervals.

        With `dodge`, the columns of a row stand below each other.
        """
        import altair as alt

        points = [
            point(label, column, row.minus_random if minus else row.top1, minus)
            for column, cells in self.columns.items()
            for label, row in cells.items()
            if row.minus_random or not minus
        ]
        order = list(self.columns)
        colours = [self.colours.get(c, COLOURS[n % len(COLOURS)]) for n, c in enumerate(order)]
        band = alt.Y("name:N", title=None, sort=list(self.names))
        chart = alt.Chart(alt.NamedData(name="points")).encode(
            band.axis(grid=True, tickBand="extent", labelLimit=230),
            alt.Color("column:N", title=None, sort=order)
            .scale(domain=order, range=colours)
            .legend(labelLimit=300),
        )
        if dodge:
            chart = chart.encode(yOffset=alt.YOffset("column:N", sort=order))
        words = "top-1 minus random images, points" if minus else "top-1, %"
        ends = alt.X("low:Q", title=words).scale(zero=False, padding=8).axis(tickCount=8)
        rules = chart.mark_rule(strokeWidth=2, opacity=0.7).encode(ends, alt.X2("high:Q"))
        dots = chart.mark_point(filled=True, size=55, opacity=1).encode(
            alt.X("mean:Q"), tooltip=["name:N", "column:N", "said:N"]
        )
        layers = [alt.Chart().mark_rule(color="#404040").encode(x=alt.datum(0))] if minus else []
        height = (10 * len(order) + 6 if dodge else 20) * len(self.names)
        drawn = alt.layer(*layers, rules, dots)
        return Chart(name, title, "", finished(drawn, points, height=height))


def point(name: str, column: str, value: Interval, minus: bool) -> Point:
    """Return a point in percent; that of one run has no interval."""
    ends = (value.mean if math.isnan(end) else end for end in (value.low, value.high))
    low, high = (round(100 * end, 2) for end in ends)
    said = span(value, "points" if minus else "interval")
    mean = round(100 * value.mean, 2)
    return {"name": name, "column": column, "said": said, "mean": mean, "low": low, "high": high}


def across(settings: Iterable[str], names: Mapping[str, str]) -> dict[str, dict[str, Row]]:
    """Return a column for each setting: its rows by the names here, from those of the tables."""
    tables = {setting: rows(*SETTINGS[setting]) for setting in settings}
    return {
        setting: {shown: table[label] for label, shown in names.items() if label in table}
        for setting, table in tables.items()
    }


def order_grid() -> Grid:
    """Return hardest, random, easiest and PCA at each budget."""
    found = across(SETTINGS, {method: method for method in METHODS})
    columns = {m: {setting: cells[m] for setting, cells in found.items()} for m in METHODS}
    return Grid(columns, ("PCA",), METHODS)


def parts_grid(names: Mapping[str, str] = PARTS) -> Grid:
    """Return PCA with one of its parts taken away."""
    settings = [name for name in SETTINGS if name != "Imagenette, ipc 1"]
    return Grid(across(settings, names), ("CIFAR-10, ipc 10",))


def labels_grid() -> Grid:
    """Return three sets under hard labels and under two teachers each."""
    regimes = {
        "hard labels": (f"{CNET}, ipc 10, hard labels", f"{I64}, ipc 10, hard labels"),
        "teacher from elsewhere": (f"{CNET}, ipc 10, online(resnet20) labels", LITE0),
        "teacher trained here": (
            f"{CNET}, ipc 10, online(own-resnet20) labels",
            f"{I64}, ipc 10, online(own-resnet10) labels",
        ),
    }
    columns = {
        regime: {
            f"{data}, {method}": rows("soft-vs-hard", title)[method]
            for data, title in zip(("CIFAR-10", "Imagenette"), titles, strict=True)
            for method in ("random", "easiest", "PCA")
        }
        for regime, titles in regimes.items()
    }
    return Grid(columns, ("hard labels", "teacher trained here"))


def distillation_grid() -> Grid:
    """Return distilled sets beside real ones, under hard labels and a teacher's."""
    regimes = {"hard labels": "hard labels", "a teacher's labels": "online(resnet20) labels"}
    tables = (CNET, f"{CNET}, the rest of the family", f"{CNET}, pools of observers")
    columns = {
        shown: {
            name: row
            for table in tables
            for name, row in rows("distillation", f"{table}, ipc 10, {labels}").items()
        }
        for shown, labels in regimes.items()
    }
    return Grid(columns, tuple(columns))


def validation_grid() -> Grid:
    """Return what pack's defaults were chosen from."""
    title = (
        "Validation part of CIFAR-10, ConvNet-D3, the steps of PCA at ipc 10, 237kB, hard labels"
    )
    return Grid({"237 kB": rows("pack", title)}, ("237 kB",))


def bytes_grid() -> Grid:
    """Return sets of equal bytes and equal steps, at the bytes of PCA at each ipc."""
    columns = {}
    for ipc, size in {1: "23.8kB", 10: "238kB", 50: "1.18MB"}.items():
        found = rows("cifar10", f"{CNET}, ipc {ipc}, hard labels")
        packed = rows(
            "bytes", f"{CNET}, the bytes and steps of PCA at ipc {ipc}, {size}, hard labels"
        )
        columns[f"{size} (ipc {ipc})"] = {
            "random, PNG": found["random"],
            "PCA, PNG": found["PCA"],
            **{shown: packed[label] for label, shown in PACKED.items() if label in packed},
        }
    return Grid(columns)


def pruning_grid() -> Grid:
    """Return the pruning methods that are worth knowing, in three settings and at 10 % kept."""
    titles = {
        "CIFAR-10, ipc 10": f"Every method, {CNET}, ipc 10, hard labels",
        "CIFAR-10, ipc 50": f"Eleven methods, {CNET}, ipc 50, hard labels",
        "Imagenette, ipc 10": f"Ten methods, {I96}, ipc 10, hard labels",
        "CIFAR-10, 10 % kept": "Shares of CIFAR-10, ResNet-8, 20 epochs, keep 10 %, hard labels",
    }
    tables = {setting: rows("pruning", title) for setting, title in titles.items()}
    columns = {
        setting: {name: table[name] for name in WORTH_KNOWING if name in table}
        for setting, table in tables.items()
    }
    return Grid(columns, ("CIFAR-10, ipc 10",))


def scores_grid() -> Grid:
    """Return every pruning method on CIFAR-10 at ipc 10, a score a row."""
    found = rows("pruning", f"Every method, {CNET}, ipc 10, hard labels")
    columns = {
        which: {score: found[f"{which} by {score}"] for score in SCORES}
        for which in ("hardest", "easiest", "PCA")
    }
    columns["by its own rule"] = {name: found[name] for name in OWN_RULES}
    return Grid(columns, colours=METHODS | {"by its own rule": "#404040"})


def first_grid() -> Grid:
    """Return the five rows of the README."""
    names = {name: name for name in METHODS} | {MOSAICS: PARTS[MOSAICS]}
    settings = {"CIFAR-10": "CIFAR-10, ipc 10", "Imagenette": "Imagenette, ipc 10"}
    found = across(settings.values(), names)
    return Grid({shown: found[name] for shown, name in settings.items()}, tuple(settings))


TABLES: Mapping[str, Callable[[], Grid]] = {
    "first": first_grid,
    "order": order_grid,
    "parts": parts_grid,
    "labels": labels_grid,
    "distillation": distillation_grid,
    "pruning": pruning_grid,
    "bytes": bytes_grid,
    "validation": validation_grid,
}


def figures() -> dict[str, str]:
    """Return the SVG of each figure by its file name."""
    found = [
        order_grid().chart("order", "Top-1 by data set and budget"),
        parts_grid(PARTS | ONCE).chart(
            "parts", "What is left of PCA without one of its parts", minus=True
        ),
        labels_grid().chart("labels", "Ten images per class under hard and soft labels"),
        distillation_grid().chart("distillation", "CIFAR-10, ten images per class"),
        bytes_grid().chart("bytes", "CIFAR-10, equal bytes and equal steps"),
        scores_grid().chart(
            "pruning", "CIFAR-10, ten images per class, every method", minus=True, dodge=False
        ),
    ]
    return svgs(found)


def filled(text: str) -> str:
    """Return a page with every table made anew. Raises KeyError for a table without a name here."""
    return BLOCK.sub(lambda found: "".join(found.groups()) + TABLES[found[1]]().table(), text)


def main() -> None:
    """Write the figures and the tables."""
    FIGURES.mkdir(exist_ok=True)
    for name, text in figures().items():
        (FIGURES / name).write_text(text, encoding="utf-8")
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        page.write_text(filled(text), encoding="utf-8")


if __name__ == "__main__":
    main()
