"""The commands; the only place that prints."""

import sys
import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress as Bars,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from smallset import pipeline
from smallset.evidence import mean_interval
from smallset.methods import METHODS
from smallset.models import MODELS
from smallset.records import Result
from smallset.report.sheet import contact_sheet
from smallset.report.table import HEADER, method_key, rows, seeds_note
from smallset.scores import SCORES
from smallset.spec import first_line
from smallset.store import CompressedDataset, open_set, verify as verify_set
from smallset.train.protocol import PROTOCOLS

app = typer.Typer(
    help="Make an image dataset small, and measure what it is really worth.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
)
_out = Console(highlight=False, soft_wrap=True)
_err = Console(stderr=True, highlight=False, soft_wrap=True)


class FitChoice(StrEnum):
    """How a source that is no square becomes one."""

    squash = "squash"
    crop = "crop"
    pad = "pad"


class CacheChoice(StrEnum):
    """Whether decoded pixels are kept on disk."""

    disk = "disk"
    none = "none"


_DATA_HELP = "digits, a folder of class folders, a folder of parquet files, or hf:owner/name"
Data = Annotated[str, typer.Argument(metavar="DATA", help=_DATA_HELP)]
Size = Annotated[int | None, typer.Option(help="Side in pixels. Default: the sources' own side, else 224.")]
Fit = Annotated[FitChoice, typer.Option(help="How an oblong image becomes a square.")]
Precision = Annotated[str, typer.Option(help="auto, float32 or bfloat16.")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")]
Workers = Annotated[int, typer.Option(help="CPU threads; 0 is all cores.")]
Work = Annotated[
    Path | None,
    typer.Option(help="Folder for caches and observers. Default: the user's cache folder."),
]
Cache = Annotated[CacheChoice, typer.Option(help="Keep decoded pixels on disk, or decode every time.")]
SkipBad = Annotated[bool, typer.Option("--skip-bad", help="Go on without unreadable images, counting them.")]


@app.command()
def compress(
    data: Data,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The new folder of the set.")],
    method: Annotated[str, typer.Option(help='See `smallset list`; options in brackets: "pca(factor=3)".')] = "pca",
    ipc: Annotated[int, typer.Option(help="Images per class to write.")] = 10,
    size: Size = None,
    fit: Fit = FitChoice.squash,
    codec: Annotated[str, typer.Option(help="png, jpeg:QUALITY or webp:QUALITY.")] = "png",
    seed: Annotated[int, typer.Option(help="Set seed: the draw of random choices.")] = 0,
    precision: Precision = "auto",
    device: Device = "auto",
    workers: Workers = 0,
    work: Work = None,
    cache: Cache = CacheChoice.disk,
    skip_bad: SkipBad = False,
) -> None:
    """Compress DATA into the new folder OUT."""
    with Stages() as stages:
        made = pipeline.compress(
            data,
            out,
            method=method,
            ipc=ipc,
            size=size,
            fit=fit.value,
            codec=codec,
            seed=seed,
            precision=precision,
            device=device,
            workers=workers,
            work=work,
            cache=cache is CacheChoice.disk,
            skip_bad=skip_bad,
            progress=stages,
        )
    _describe(made)


@app.command()
def evaluate(
    set: Annotated[Path, typer.Argument(metavar="SET", help="A folder that `compress` made.")],
    data: Annotated[str, typer.Option(help=f"Where the held-out images are: {_DATA_HELP}.")],
    student: Annotated[str | None, typer.Option(help="See `smallset list`. Default: resnet18-3x3, above 64 px resnet18.")] = None,
    seeds: Annotated[int, typer.Option(help="Number of students to train.")] = 3,
    protocol: Annotated[str | None, typer.Option(help="Default: small-v1 under 1,280 images, else standard-v1.")] = None,
    results: Annotated[Path, typer.Option(help="File to append to.")] = Path("results.jsonl"),
    precision: Precision = "auto",
    device: Device = "auto",
    workers: Workers = 0,
    work: Work = None,
) -> None:
    """Train students on SET with hard labels and test them on held-out DATA."""
    if seeds < 1:
        raise ValueError(f"seeds={seeds} trains no student. Give the number of students, at least 1.")
    found: list[Result] = []
    with Stages() as stages:
        for seed in range(seeds):
            found += pipeline.evaluate(
                set,
                data,
                student=student,
                protocol=protocol,
                seeds=[seed],
                results=results,
                precision=precision,
                device=device,
                workers=workers,
                work=work,
                progress=stages,
            )
            stages.say(_line(found[-1]))
    _summarise(found, results)


@app.command()
def score(
    data: Data,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The new .parquet file of the scores.")],
    scores: Annotated[str, typer.Option(help='One or more, separated by ";": "el2n;el2n(runs=3)".')] = "el2n",
    size: Size = None,
    fit: Fit = FitChoice.squash,
    precision: Precision = "auto",
    device: Device = "auto",
    workers: Workers = 0,
    work: Work = None,
    cache: Cache = CacheChoice.disk,
    skip_bad: SkipBad = False,
) -> None:
    """Score every training image of DATA; larger is harder."""
    with Stages() as stages:
        made = pipeline.score(
            data,
            out,
            scores=[text.strip() for text in scores.split(";")],
            size=size,
            fit=fit.value,
            precision=precision,
            device=device,
            workers=workers,
            work=work,
            cache=cache is CacheChoice.disk,
            skip_bad=skip_bad,
            progress=stages,
        )
    for name, values in made.items():
        low, middle, high = np.quantile(values.values, (0, 0.5, 1))
        _out.print(f"{name}: {len(values.values):,} images, easiest {low:.4f}, median {middle:.4f}, hardest {high:.4f}")
    _out.print(f"wrote {out}")


@app.command("list")
def list_() -> None:
    """Show methods, scores, students and protocols."""
    sections = {
        "methods": {name: first_line(entry) for name, entry in METHODS.items()},
        "scores": {name: first_line(entry) for name, entry in SCORES.items()},
        "students": {name: entry.line for name, entry in MODELS.items()}
        | {"timm:NAME, torchvision:NAME": "any network of those libraries, where installed"},
        "protocols": {name: entry.line for name, entry in PROTOCOLS.items()},
    }
    for title, entries in sections.items():
        table = Table(title=title, title_justify="left", title_style="bold", box=None, show_header=False)
        table.add_column(no_wrap=True)
        table.add_column()
        for name, line in entries.items():
            table.add_row(f"  {name}", line)
        _out.print(table)


@app.command()
def verify(
    set: Annotated[Path, typer.Argument(metavar="SET", help="A folder that `compress` made.")],
) -> None:
    """Check every hash and count of SET."""
    found = verify_set(set)
    _out.print(f"{set}: {found.files:,} images, {found.bytes:,} bytes, every hash and count agrees")


@app.command()
def show(
    set: Annotated[Path, typer.Argument(metavar="SET", help="A folder that `compress` made.")],
    out: Annotated[Path | None, typer.Option(help="PNG file to write. Default: SET's name + .png, here.")] = None,
) -> None:
    """Draw a contact sheet of SET."""
    opened = open_set(set)
    target = out or Path(f"{set.resolve().name}.png")
    _save_sheet(opened, target)
    _out.print(f"wrote {target}")


@app.command()
def demo(
    out: Annotated[Path, typer.Argument(metavar="[OUT]", help="Folder for the sets, sheets and results.")] = Path("demo"),
    workers: Workers = 0,
    work: Work = None,
) -> None:
    """Compress the embedded digits three ways and say what each is worth."""
    from smallset.demo import run_demo

    with Stages() as stages:
        results, sets = run_demo(
            out, workers=workers, work=work, progress=stages, told=lambda r: stages.say(_line(r))
        )
    for name, made in sets.items():
        _save_sheet(made, out / f"{name}.png")
    found = rows(results, labels={method_key(made.manifest.spec): name for name, made in sets.items()})
    first = results[0]
    _out.print(
        f"\ndigits at {first.size} px, {first.ipc} images per class, {first.student}, "
        f"{first.protocol}, hard labels"
    )
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    for column in HEADER:
        table.add_column(column, justify="left" if column == "method" else "right", no_wrap=True)
    for row in found:
        table.add_row(*row.cells())
    _out.print(table)
    _out.print(seeds_note(found))
    for row in found:
        if row.minus_random is not None and row.verdict != "better":
            _out.print(f"{row.label} does not beat random clearly here: {row.verdict}.")
    _out.print(f"contact sheets: {', '.join(str(out / f'{name}.png') for name in sets)}")


def main() -> None:
    """Run the command line: one line on stderr and a non-zero exit for whatever is wrong."""
    try:
        app()
    except (ValueError, OSError, FloatingPointError) as error:
        _err.print(f"[bold red]error:[/] {_plain(error)}", markup=True)
        sys.exit(1)
    except KeyboardInterrupt:
        _err.print("stopped. What was finished is kept; the same command goes on from there.")
        sys.exit(130)


class Stages:
    """Shows progress: bars on a terminal, a line a finished stage in a log; sums each stage's time.

    Called as (stage, done, total). A stage that comes in many pieces is one line at the end.
    """

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}
        self._last = self._started = time.perf_counter()
        self._tasks: dict[str, TaskID] = {}
        self._bars: Bars | None = None
        if _err.is_terminal:
            self._bars = Bars(
                SpinnerColumn(),
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[rate]}"),
                TimeRemainingColumn(),
                console=_err,
                transient=True,
            )

    def __enter__(self) -> "Stages":
        if self._bars is not None:
            self._bars.start()
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if self._bars is not None:
            self._bars.stop()
        if kind is None:
            total = time.perf_counter() - self._started
            for stage, seconds in self._seconds.items():
                _err.print(f"{stage:<20} {seconds:8.1f} s")
            _err.print(f"{'in all':<20} {total:8.1f} s")

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Take note of progress."""
        now = time.perf_counter()
        self._seconds[stage] = self._seconds.get(stage, 0.0) + now - self._last
        self._last = now
        if self._bars is None:
            return
        rate = f"{done / self._seconds[stage]:,.0f}/s"
        if stage not in self._tasks:
            self._tasks[stage] = self._bars.add_task(stage, total=total, rate=rate)
        self._bars.update(self._tasks[stage], completed=done, total=total, rate=rate)

    def say(self, line: str) -> None:
        """Print a line of result among the progress."""
        _out.print(line)


def _line(r: Result) -> str:
    worst = min(range(len(r.classes)), key=lambda c: r.per_class[c])
    return (
        f"{r.method} set {r.set_seed} student {r.student_seed}: top-1 {100 * r.top1:.2f} %, "
        f"top-5 {100 * r.top5:.2f} %, worst class {r.classes[worst]} {100 * r.per_class[worst]:.1f} %, "
        f"loss {r.loss:.4f}, {r.steps:,} steps in {r.seconds:.1f} s, {r.images_per_second:,.0f} images/s"
    )


def _summarise(found: list[Result], results: Path) -> None:
    first = found[0]
    top1 = mean_interval([r.top1 for r in found])
    spread = f", 95 % interval [{100 * top1.low:.2f}, {100 * top1.high:.2f}]" if top1.n > 1 else ""
    _out.print(f"{first.student} on {first.method}, {first.protocol}, hard labels: top-1 {100 * top1.mean:.2f} %{spread}, n = {top1.n}")
    per_class = ", ".join(
        f"{name} {100 * sum(r.per_class[c] for r in found) / len(found):.1f}"
        for c, name in enumerate(first.classes[:20])
    )
    more = f" and {len(first.classes) - 20} more in {results}" if len(first.classes) > 20 else ""
    _out.print(f"per class %: {per_class}{more}")
    _out.print(
        f"{first.image_bytes:,} bytes of images for {first.source_bytes:,} "
        f"({first.source_bytes / first.image_bytes:,.0f}x), no label bytes; "
        f"{first.precision} on {first.hardware}, {first.threads} threads"
        f"{', compiled' if first.compiled else ''}"
    )
    if len(found) > 1:
        _out.print(
            f"{len(found)} students on one set: the interval holds the student's luck only, not the "
            "draw of the set or its observer."
        )
    _out.print(f"appended to {results}")


def _describe(made: CompressedDataset) -> None:
    m = made.manifest
    _out.print(
        f"wrote {made.path}: {m.images:,} images of {m.size} px in {len(m.classes)} classes, "
        f"{m.image_bytes:,} bytes ({m.source.bytes / m.image_bytes:,.0f}x fewer), view {m.view}"
    )
    _out.print(f"held-out: {m.source.held_out}")
    if m.source.skipped:
        _out.print(f"left out {len(m.source.skipped)} unreadable images: {', '.join(m.source.skipped[:5])}")


def _save_sheet(made: CompressedDataset, target: Path) -> None:
    part = target.with_name(f".{target.name}.partial")
    try:
        contact_sheet(made).save(part, format="PNG")
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _plain(error: BaseException) -> str:
    return str(error).replace("[", r"\[")
