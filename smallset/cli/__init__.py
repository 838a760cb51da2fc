"""The commands."""

import io
import sys
from collections.abc import Callable

import torch
import typer
from typer.core import TyperGroup

from smallset.cli import bench, export, make, measure, report, sets, train
from smallset.cli.torchrun import one_voice
from smallset.terminal import complain


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

# In the order in which `--help` shows them.
_COMMANDS: dict[str, Callable[..., None]] = {
    "compress": make.compress,
    "evaluate": measure.evaluate,
    "score": make.score,
    "train": train.train,
    "bench": bench.bench,
    "report": report.report,
    "export": export.export,
    "list": sets.list_,
    "verify": sets.verify,
    "show": sets.show,
    "demo": measure.demo,
}
for name, command in _COMMANDS.items():
    app.command(name)(command)


def main() -> None:
    """Run the command line: one line on stderr and a non-zero exit for whatever is wrong."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # no name of a class or file is unprintable
            stream.reconfigure(errors="backslashreplace")
    try:
        with one_voice():
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
