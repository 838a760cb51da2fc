"""Commands that measure what a set is worth: evaluate, demo."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from smallset.bench.run import Finished

from smallset.cli.options import DATA_HELP, Common, Jobs, Work, spelled_out


@spelled_out
def evaluate(
    set: Annotated[
        str,
        typer.Argument(
            metavar="SET",
            help="A folder that `compress` or `export` made, or a set from elsewhere: class "
            "folders, parquet files, hf:owner/name.",
        ),
    ],
    data: Annotated[str, typer.Option(help=f"The data with the held-out images: {DATA_HELP}.")],
    student: Annotated[
        str | None,
        typer.Option(help="See `smallset list`. Default: resnet18-3x3, above 64 px resnet18."),
    ] = None,
    seeds: Annotated[int, typer.Option(help="Number of students to train.")] = 3,
    protocol: Annotated[
        str | None,
        typer.Option(
            help="Default: small-v1 under 1,280 images, else standard-v1. NAME(epochs=N) and "
            "NAME(steps=N) are longer or shorter."
        ),
    ] = None,
    labels: Annotated[
        str, typer.Option(help="See `smallset list`: hard, online(teacher=SPEC), stored.")
    ] = "hard",
    teacher: Annotated[
        str | None,
        typer.Option(
            help="What makes the labels of --labels online: a folder, a network or teachers(A, B)."
        ),
    ] = None,
    view: Annotated[
        str | None,
        typer.Option(
            help="For a SET without a manifest: canvas (default), patch (one tile of an image per "
            "epoch), or each-patch (every tile)."
        ),
    ] = None,
    factor: Annotated[
        int | None,
        typer.Option(help="For a SET without a manifest and a patch view: tiles per side."),
    ] = None,
    size: Annotated[
        int | None,
        typer.Option(help="For a SET without a manifest: side in pixels. Default: as its images."),
    ] = None,
    classes: Annotated[
        Path | None,
        typer.Option(
            help="For a SET without a manifest: JSON file that pairs class names and WordNet ids."
        ),
    ] = None,
    results: Annotated[Path, typer.Option(help="File to append to.")] = Path("results.jsonl"),
    *,
    common: Common,
) -> None:
    """Train students on SET and test them on held-out DATA."""
    if seeds < 1:
        raise ValueError(
            f"seeds={seeds} trains no student. Give the number of students, at least 1."
        )
    from smallset import pipeline
    from smallset.terminal.progress import Stages
    from smallset.terminal.results import result_line, show_evaluation

    with Stages() as stages:
        found = pipeline.evaluate(
            set,
            common.data(data),
            student=student,
            protocol=protocol,
            labels=labels,
            teacher=teacher,
            view=view,
            factor=factor,
            size=size,
            classes=classes,
            seeds=seeds,
            results=results,
            **common.told(stages),
            told=lambda result: stages.say(result_line(result)),
        )
    show_evaluation(found, results)


def demo(
    out: Annotated[
        Path, typer.Argument(metavar="OUT", help="Folder for the sets, sheets and results.")
    ] = Path("demo"),
    workers: Jobs = 0,
    work: Work = None,
) -> None:
    """Compress the embedded digits in three ways to equal bytes and say what each is worth."""
    from smallset.cli.sets import save_sheet
    from smallset.demo import run_demo
    from smallset.report.leaderboard import comparison
    from smallset.report.rows import row_key, rows
    from smallset.terminal import say, show_table
    from smallset.terminal.results import finished_line

    def told(finished: "Finished") -> None:
        if finished.result is not None:
            say(finished_line(finished, None))

    found, sets = run_demo(out, jobs=workers, work=work, told=told)
    for label, made in sets.items():
        save_sheet(made, out / f"{label}.png", label)
    results = [result for row in found.values() for result in row]
    first = results[0]
    say(
        f"\ndigits at {first.size} px, {first.budget}, {first.student}, {first.protocol}, hard "
        "labels"
    )
    names = {row_key(row[0]): label for label, row in found.items()}
    show_table(comparison(rows(results, labels=names, baseline=row_key(first))))
    say(f"Contact sheets: {', '.join(str(out / f'{label}.png') for label in sets)}")
