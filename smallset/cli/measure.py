"""Commands that measure what a set is worth: evaluate, demo."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from smallset.bench.run import Finished

from smallset.cli.options import (
    DATA_HELP,
    PATH,
    POSITIVE,
    as_verb,
    desk_options,
    foreign_options,
    jobs_option,
    work_option,
)


@click.command
@click.argument(
    "set",
    metavar="SET",
    help="A folder that `compress` or `export` made, or a set from elsewhere: class folders, "
    "parquet files, hf:owner/name.",
)
@click.option("--data", required=True, help=f"The data with the held-out images: {DATA_HELP}.")
@click.option("--student", help="See `smallset list`. Default: resnet18-3x3, above 64 px resnet18.")
@click.option("--seeds", type=POSITIVE, default=3, help="Number of students to train.")
@click.option(
    "--protocol",
    help="Default: small-v1 under 1,280 images, else standard-v1. NAME(epochs=N) and "
    "NAME(steps=N) are longer or shorter.",
)
@click.option(
    "--labels",
    default="hard",
    help="See `smallset list`: hard, online(teacher=SPEC), stored.",
)
@click.option(
    "--teacher",
    help="What makes the labels of --labels online: a folder, a network or teachers(A, B).",
)
@foreign_options
@click.option("--results", type=PATH, default=Path("results.jsonl"), help="File to append to.")
@desk_options
def evaluate(**given: Any) -> None:
    """Train students on SET and test them on held-out DATA."""
    from smallset import pipeline
    from smallset.terminal.progress import Stages
    from smallset.terminal.results import result_line, show_evaluation

    with Stages() as stages:
        found = pipeline.evaluate(
            **as_verb(given, stages), told=lambda result: stages.say(result_line(result))
        )
    show_evaluation(found, given["results"])


@click.command
@click.argument(
    "out",
    metavar="[OUT]",
    type=PATH,
    default=Path("demo"),
    help="Folder for the sets, sheets and results.",
)
@jobs_option
@work_option
def demo(out: Path, workers: int, work: Path | None) -> None:
    """Compress small digits in three ways, and compare the sets."""
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
