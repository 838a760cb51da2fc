"""The tables and figures of the findings, from the lines of docs/results.

    python docs/studies/findings.py

writes docs/findings/NAME.svg, and in README.md and docs/*.md each table between
`<!-- table: NAME -->` and `<!-- end -->`. It takes seconds, and needs smallset[report].
"""

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import chain
import sensitivity
from grid import Grid, published

from smallset.report.page.charts import Chart
from smallset.report.page.figures import svgs
from smallset.report.rows import Row

DOCS = Path(__file__).parents[1]
PAGES = (DOCS.parent / "README.md", *sorted(DOCS.glob("*.md")))
FIGURES = DOCS / "findings"
BLOCK = re.compile(r"(?<=<!-- table: )(\w+)( -->\n).*?(?=<!-- end -->)", re.DOTALL)

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
EQUAL_BYTES = {
    "CIFAR-10, ipc 1": "23.8kB",
    "CIFAR-10, ipc 10": "238kB",
    "CIFAR-10, ipc 50": "1.18MB",
    "Imagenette, ipc 10": "1.7MB",
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
    "random": "random, PNG",
    "PCA": "PCA, PNG",
    "PCA in pack's codec": "PCA, WebP",
    "easiest in WebP files, patch view": "easiest, WebP files",
    "random in JPEG sheets": "random, JPEG sheets",
    "random in pack's codec": "random, WebP sheets",
    "easiest in pack's codec": "easiest, WebP sheets",
    "pack": "pack",
}
SHEETS = ("random, WebP sheets", "pack")
FRONTIER = {
    "random, PNG": METHODS["random"],
    "PCA, PNG": METHODS["PCA"],
    PARTS[MOSAICS]: "#cc79a7",
    "random, WebP sheets": "#56b4e9",
    "pack": "#d55e00",
}
WORTH_KNOWING = (
    "random", "easiest by EL2N", "hardest by EL2N", "easiest by AUM", "herding", "CCS",
    "spread by EL2N", "PCA by EL2N", "PCA by AUM", "PCA of the easier half by EL2N",
    "PCA of spread by EL2N",
)  # fmt: skip
SCORES = (
    "EL2N", "GraNd", "forgetting", "AUM", "loss", "entropy", "margin", "least confidence",
)  # fmt: skip
OWN_RULES = (
    "herding", "DUAL, Beta sampling", "moderate", "CCS", "CAD-Prune", "TDDS", "k-center", "Dyn-Unc",
    "DUAL", "D2",
)  # fmt: skip


def rows(matrix: str, title: str) -> Mapping[str, Row]:
    """Return the rows of one published table by their names, or no rows if it is not run yet.

    Raises KeyError for a table that the matrix does not ask for.
    """
    found = published(matrix)
    tables = {section.title: section.rows for section in found.sections}
    if any(line.startswith(f"{title}:") for line in found.not_begun):
        return {}
    return {row.label: row for row in tables[title]}


def across(settings: Iterable[str], names: Mapping[str, str]) -> dict[str, dict[str, Row]]:
    """Return a column for each setting: its rows by their new names.

    `names` maps names of rows in the published tables to new names. Other rows are left out.
    """
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
    regimes = {"hard labels": "hard", "a teacher's labels": "online(resnet20)"}
    columns = {
        regime: {
            label: row
            for label, row in rows("distillation", f"{CNET}, ipc 10, {labels} labels").items()
            if "by our" not in label and label != "noise in squares"
        }
        for regime, labels in regimes.items()
    }
    return Grid(columns, tuple(columns))


def own_grid() -> Grid:
    """Return sets made through an observer that smallset trained. It is their teacher too."""
    columns = {}
    for data, title, by, teacher in (
        ("CIFAR-10", CNET, "our ResNet-20", "own-resnet20"),
        ("Imagenette", I64, "ResNet-10", "own-resnet10"),
    ):
        names = {name: name for name in ("random", "easiest", "PCA", "noise")}
        names |= {f"{name} by {by}": name for name in ("SRe2L", "RDED")}
        for shown, labels in {"hard labels": "hard", "its labels": f"online({teacher})"}.items():
            found = rows("distillation", f"{title}, ipc 10, {labels} labels")
            column = {names[label]: row for label, row in found.items() if label in names}
            columns[f"{data}, {shown}"] = column
    return Grid(columns, tuple(columns)[1::2])


def validation_grid() -> Grid:
    """Return the candidates that pack's defaults were chosen from."""
    title = (
        "Validation part of CIFAR-10, ConvNet-D3, the steps of PCA at ipc 10, 237kB, hard labels"
    )
    return Grid({"237 kB": rows("pack", title)}, ("237 kB",))


def bytes_grid(settings: Iterable[str] = EQUAL_BYTES) -> Grid:
    """Return sets of equal bytes and equal steps, at the bytes of PCA at each ipc."""
    columns = {}
    for setting in settings:
        (matrix, title), size = SETTINGS[setting], EQUAL_BYTES[setting]
        found = rows(matrix, title)
        students, _, ipc = title.removesuffix(", hard labels").rpartition(", ")
        columns[f"{setting}, {size}"] = {
            "random, PNG": found["random"],
            "PCA, PNG": found["PCA"],
            **packed(f"{students}, the bytes and steps of PCA at {ipc}", size),
        }
    return Grid(columns)


def packed(title: str, size: str) -> dict[str, Row]:
    """Return the rows of sets of `size` bytes in a table, by their names in `PACKED`."""
    found = rows("bytes", f"{title}, {size}, hard labels")
    return {shown: found[label] for label, shown in PACKED.items() if label in found}


def storage_grid() -> Grid:
    """Return sets at the bytes that the literature counts as float32 pixels of so many images."""
    sizes = {"one image": "123kB", "ten images": "1.23MB", "50 images": "6.14MB"}
    columns = {}
    for images, size in sizes.items():
        title = f"{CNET}, the float32 bytes of {images} a class"
        columns[size] = packed(title, size)
    return Grid(columns)


def epochs_grid() -> Grid:
    """Return sheets trained for as many epochs as PCA's canvases, and so for more steps."""
    return Grid(
        {
            size: packed(f"{CNET}, the bytes and epochs of PCA at ipc {ipc}", size)
            for ipc, size in {1: "23.8kB", 10: "238kB"}.items()
        },
        ("23.8kB", "238kB"),
    )


def students_grid() -> Grid:
    """Return other students at the bytes of PCA at ipc 10."""
    columns = {}
    title = "Imagenette at 64 px, ConvNet-D4 and ResNet-18"
    for name, student in {"ConvNet-D4": "convnet-d4", "ResNet-18": "resnet18"}.items():
        canvases = rows("cross-architecture", f"{title}, {student}, ipc 10, hard labels")
        sheets = rows(
            "cross-architecture",
            f"{title}, the bytes and views of PCA at ipc 10, {student}, 822kB, hard labels",
        )
        found = canvases | sheets
        columns[f"Imagenette at 64 px, {name}"] = {
            shown: found[label] for label, shown in PACKED.items() if label in found
        }
    title = "CIFAR-10, ResNet-18, the bytes and steps of PCA at ipc 10"
    columns["CIFAR-10, ResNet-18"] = packed(title, "238kB")
    return Grid(columns)


def frontier() -> Chart:
    """Draw top-1 on CIFAR-10 against bytes, from 10 kB to the full data.

    A student takes as many steps as one of PCA at that ipc. At 10 kB it takes 300 steps, and at
    6.14 MB it takes 6,000.
    """
    settings = [name for name in SETTINGS if name.startswith("CIFAR-10")]
    mosaics = across(settings, {MOSAICS: PARTS[MOSAICS]})
    columns = {
        "10kB": packed(f"{CNET}, 10 kB", "10kB"),
        **bytes_grid(settings).columns,
        "6.14MB": packed(f"{CNET}, the float32 bytes of 50 images a class", "6.14MB"),
    }
    [full] = published("cifar10").full
    title = "CIFAR-10: accuracy against bytes"
    return Grid(mosaics | columns).curve("bytes", title, FRONTIER, full)


def pruning_grid() -> Grid:
    """Return the pruning methods that are worth knowing, in three settings and at 10 % kept."""
    titles = {
        "CIFAR-10, ipc 10": f"Every method, {CNET}, ipc 10, hard labels",
        "CIFAR-10, ipc 50": f"Twelve methods, {CNET}, ipc 50, hard labels",
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
    """Return every pruning method on CIFAR-10 at ipc 10, with a row for each score."""
    found = rows("pruning", f"Every method, {CNET}, ipc 10, hard labels")
    columns = {
        which: {score: found[f"{which} by {score}"] for score in SCORES}
        for which in ("hardest", "easiest", "PCA")
    }
    columns["by its own rule"] = {name: found[name] for name in OWN_RULES}
    return Grid(columns, colours=METHODS | {"by its own rule": "#404040"})


def sensitivity_grid() -> Grid:
    """Return PCA with one option varied.

    Rows that name no codec are in PNG. So rows that name PNG would repeat one, and are left out.
    """
    shown = {
        name: row
        for found in sensitivity.published().values()
        for name, row in found
        if not name.endswith(", png")
    }
    return Grid({"CIFAR-10, ipc 10": shown}, ("CIFAR-10, ipc 10",))


def first_grid() -> Grid:
    """Return the five rows of the README: ten canvases per class, and sheets of as many bytes."""
    names = {"random": "random", "PCA": "PCA", MOSAICS: PARTS[MOSAICS]}
    columns = {}
    for data in ("CIFAR-10", "Imagenette"):
        setting = f"{data}, ipc 10"
        [sheets] = bytes_grid([setting]).columns.values()
        found = across([setting], names)[setting]
        columns[data] = found | {shown: sheets[shown] for shown in SHEETS}
    return Grid(columns, tuple(columns))


GRIDS: Mapping[str, Callable[[], Grid]] = {
    "first": first_grid,
    "order": order_grid,
    "parts": parts_grid,
    "labels": labels_grid,
    "distillation": distillation_grid,
    "pruning": pruning_grid,
    "bytes": bytes_grid,
    "storage": storage_grid,
    "epochs": epochs_grid,
    "students": students_grid,
    "own": own_grid,
    "validation": validation_grid,
    "sensitivity": sensitivity_grid,
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
        frontier(),
        scores_grid().chart(
            "pruning", "CIFAR-10, ten images per class, every method", minus=True, dodge=False
        ),
    ]
    found += [sensitivity.chart(option, shown) for option, shown in sensitivity.published().items()]
    return svgs([*found, chain.chart()])


def table(name: str) -> str:
    """Return the Markdown of a table. Raises KeyError if there is none of this name."""
    return chain.table() if name == "chain" else GRIDS[name]().table()


def filled(text: str) -> str:
    """Return a page with every table made anew. Raises KeyError for a table of an unknown name."""
    return BLOCK.sub(lambda found: "".join(found.groups()) + table(found[1]), text)


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
