"""The commands."""

import io
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from typer.core import TyperGroup

from smallset import pipeline
from smallset.demo import run_demo
from smallset.methods import METHODS
from smallset.models import MODELS
from smallset.report.sheet import contact_sheet
from smallset.report.table import method_key, rows
from smallset.scores import SCORES
from smallset.spec import first_line
from smallset.store import CompressedDataset, check_output, open_set, writing
from smallset.store import verify as verify_set
from smallset.terminal import (
    Stages,
    complain,
    result_line,
    say,
    show_comparison,
    show_evaluation,
    show_list,
    show_set,
)
from smallset.train.protocol import PROTOCOLS


class _Commands(TyperGroup):
    """Commands that Ctrl-C stops with a word; typer itself says nothing, or "Aborted"."""

    def invoke(self, ctx: object) -> object:
        try:
            return super().invoke(ctx)  # type: ignore[arg-type]
        except KeyboardInterrupt:
            complain("stopped. What was finished is kept; the same command goes on from there.")
            sys.exit(130)


app = typer.Typer(
    cls=_Commands,
    help="Make an image dataset small, and measure what it is really worth.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
)


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
Size = Annotated[
    int | None, typer.Option(help="Side in pixels. Default: the sources' own side, else 224.")
]
Fit = Annotated[FitChoice, typer.Option(help="How an oblong image becomes a square.")]
Precision = Annotated[str, typer.Option(help="auto, float32 or bfloat16.")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")]
Workers = Annotated[int, typer.Option(help="CPU threads; 0 is all cores.")]
Work = Annotated[
    Path | None,
    typer.Option(help="Folder for caches and observers. Default: the user's cache folder."),
]
Cache = Annotated[
    CacheChoice, typer.Option(help="Keep decoded pixels on disk, or decode every time.")
]
SkipBad = Annotated[
    bool, typer.Option("--skip-bad", help="Go on without unreadable images, counting them.")
]


@app.command()
def compress(
    data: Data,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The new folder of the set.")],
    method: Annotated[
        str, typer.Option(help='See `smallset list`; options in brackets: "pca(factor=3)".')
    ] = "pca",
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
    show_set(made)


@app.command()
def evaluate(
    set: Annotated[Path, typer.Argument(metavar="SET", help="A folder that `compress` made.")],
    data: Annotated[str, typer.Option(help=f"Where the held-out images are: {_DATA_HELP}.")],
    student: Annotated[
        str | None,
        typer.Option(help="See `smallset list`. Default: resnet18-3x3, above 64 px resnet18."),
    ] = None,
    seeds: Annotated[int, typer.Option(help="Number of students to train.")] = 3,
    protocol: Annotated[
        str | None, typer.Option(help="Default: small-v1 under 1,280 images, else standard-v1.")
    ] = None,
    results: Annotated[Path, typer.Option(help="File to append to.")] = Path("results.jsonl"),
    precision: Precision = "auto",
    device: Device = "auto",
    workers: Workers = 0,
    work: Work = None,
    cache: Cache = CacheChoice.disk,
    skip_bad: SkipBad = False,
) -> None:
    """Train students on SET with hard labels and test them on held-out DATA."""
    if seeds < 1:
        raise ValueError(
            f"seeds={seeds} trains no student. Give the number of students, at least 1."
        )
    with Stages() as stages:
        found = pipeline.evaluate(
            set,
            data,
            student=student,
            protocol=protocol,
            seeds=seeds,
            results=results,
            precision=precision,
            device=device,
            workers=workers,
            work=work,
            cache=cache is CacheChoice.disk,
            skip_bad=skip_bad,
            progress=stages,
            told=lambda result: stages.say(result_line(result)),
        )
    show_evaluation(found, results)


@app.command()
def score(
    data: Data,
    out: Annotated[
        Path, typer.Argument(metavar="OUT", help="The new .parquet file of the scores.")
    ],
    scores: Annotated[
        str, typer.Option(help='One or more, separated by ";": "el2n;el2n(runs=3)".')
    ] = "el2n",
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
    for name, found in made.items():
        low, middle, high = np.quantile(found.values, (0, 0.5, 1))
        say(
            f"{name}: {len(found.values):,} images, easiest {low:.4f}, median {middle:.4f}, "
            f"hardest {high:.4f}"
        )
    say(f"wrote {out}")


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
        show_list(title, entries.items())


@app.command()
def verify(
    set: Annotated[Path, typer.Argument(metavar="SET", help="A folder that `compress` made.")],
) -> None:
    """Check every hash and count of SET."""
    found = verify_set(set)
    say(f"{set}: {found.files:,} images, {found.bytes:,} bytes, every hash and count agrees")


@app.command()
def show(
    set: Annotated[Path, typer.Argument(metavar="SET", help="A folder that `compress` made.")],
    out: Annotated[
        Path | None, typer.Option(help="PNG file to write. Default: SET's name + .png, here.")
    ] = None,
) -> None:
    """Draw a contact sheet of SET."""
    opened = open_set(set)
    target = out or Path(f"{set.resolve().name}.png")
    check_output(target)
    if set.resolve() in target.resolve().parents:
        raise ValueError(
            f"'{target}' lies inside the set '{set}', whose files are all accounted for. "
            "Give --out a file elsewhere."
        )
    _save_sheet(opened, target)
    say(f"wrote {target}")


@app.command()
def demo(
    out: Annotated[
        Path, typer.Argument(metavar="OUT", help="Folder for the sets, sheets and results.")
    ] = Path("demo"),
    workers: Workers = 1,
    work: Work = None,
) -> None:
    """Compress the embedded digits three ways and say what each is worth."""
    with Stages() as stages:
        results, sets = run_demo(
            out,
            workers=workers,
            work=work,
            progress=stages,
            told=lambda name, result: stages.say(f"{name:<6} {result_line(result)}"),
        )
    for name, made in sets.items():
        _save_sheet(made, out / f"{name}.png")
    first = results[0]
    say(
        f"\ndigits at {first.size} px, {first.ipc} images per class, {first.student}, "
        f"{first.protocol}, hard labels"
    )
    names = {method_key(made.manifest.spec): name for name, made in sets.items()}
    show_comparison(rows(results, labels=names))
    say(f"Contact sheets: {', '.join(str(out / f'{name}.png') for name in sets)}")


def main() -> None:
    """Run the command line: one line on stderr and a non-zero exit for whatever is wrong."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # no name of a class or file is unprintable
            stream.reconfigure(errors="backslashreplace")
    try:
        app()
    except MemoryError:  # torch's own for a GPU is a RuntimeError, below
        complain("out of memory. Use a smaller --size or fewer --workers.")
        sys.exit(1)
    except torch.OutOfMemoryError as error:
        first = str(error).splitlines()[0]
        complain(f"{first} Use a smaller --size or student, or --device cpu.")
        sys.exit(1)
    except (ValueError, OSError, FloatingPointError) as error:
        complain(str(error))
        sys.exit(1)


def _save_sheet(made: CompressedDataset, target: Path) -> None:
    part = target.with_name(f".{target.name}.partial")
    try:
        with writing(target):
            contact_sheet(made).save(part, format="PNG")
            part.replace(target)
    finally:
        part.unlink(missing_ok=True)
