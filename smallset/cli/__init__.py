"""The commands. `--help` and refused arguments are answered without importing torch."""

import io
import sys
from collections import Counter
from collections.abc import Callable
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from smallset.cli import analyze, bench, label, make, measure, report, sets, tune
from smallset.cli.torchrun import one_voice
from smallset.terminal import complain

_ELSEWHERE = {"--jobs": "--workers"}
"""The names that some options have elsewhere, with our name for the same option."""


class _Command(TyperCommand):
    """A command that refuses an option given twice, of which typer would use the last only."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # the class is private to typer
        options = args[: args.index("--")] if "--" in args else args
        given = Counter(arg.partition("=")[0] for arg in options)
        for option in self.params:
            names = [n for n in (*option.opts, *option.secondary_opts) if n[0] == "-"]
            times = sum(given[name] for name in names)
            if times > 1 and not getattr(option, "multiple", True):
                complain(f"{'/'.join(names)} was given {times} times. Give it once.")
                sys.exit(2)
        return super().parse_args(ctx, args)


class _Commands(TyperGroup):
    """Commands that say what Ctrl-C did. Typer itself says nothing, or "Aborted"."""

    def invoke(self, ctx: object) -> object:
        try:
            return super().invoke(ctx)  # type: ignore[arg-type]
        except KeyboardInterrupt:
            complain(
                "stopped. Finished work is kept. Run the same command again to go on from there."
            )
            sys.exit(130)
        except Exception as error:  # the class of an unknown option is private to typer
            wrong = getattr(error, "option_name", None)
            right = _ELSEWHERE.get(wrong or "")
            command = getattr(getattr(error, "ctx", None), "command", None)
            if right not in (name for p in getattr(command, "params", ()) for name in p.opts):
                raise
            complain(f"there is no option {wrong}. Use {right} instead.")
            sys.exit(2)


app = typer.Typer(
    cls=_Commands,
    help="Make an image dataset small, and measure what it is really worth.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
)

# In the order in which `--help` shows them.
_COMMANDS: dict[str, Callable[..., None]] = {
    "compress": make.compress,
    "tune": tune.tune,
    "evaluate": measure.evaluate,
    "analyze": analyze.analyze,
    "score": make.score,
    "train": make.train,
    "label": label.label,
    "size": label.size,
    "bench": bench.bench,
    "report": report.report,
    "export": make.export,
    "list": sets.list_,
    "verify": sets.verify,
    "show": sets.show,
    "demo": measure.demo,
}
for name, command in _COMMANDS.items():
    app.command(name, cls=_Command)(command)


def _say_version(asked: bool) -> bool:
    if asked:
        from smallset.fingerprint import smallset_version
        from smallset.terminal import say

        say(f"smallset {smallset_version()}")
        raise typer.Exit
    return asked


@app.callback()
def _whole(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_say_version, is_eager=True, help="Say the version."),
    ] = False,
) -> None:
    del version  # `_say_version` has answered


def main() -> None:
    """Run the command line. An error prints one line on stderr and gives a non-zero exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # so that every class and file name can be printed
            stream.reconfigure(errors="backslashreplace")
    try:
        with one_voice():
            app(prog_name="smallset")
    except KeyboardInterrupt:  # before a command has started
        sys.exit(130)
    except MemoryError:  # for a GPU, torch raises a RuntimeError, handled below
        complain("out of memory. Use a smaller --size or fewer --workers.")
        sys.exit(1)
    except (ValueError, OSError, FloatingPointError) as error:
        complain(str(error))
        sys.exit(1)
    except RuntimeError as error:
        import torch

        if not isinstance(error, torch.OutOfMemoryError):
            raise
        first = str(error).splitlines()[0]
        complain(f"{first} Use a smaller --size or student, or --device cpu.")
        sys.exit(1)
