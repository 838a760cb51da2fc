"""The commands. `--help` and refused arguments are answered without importing torch."""

import io
import sys
from collections import Counter

import click

from smallset.cli import analyze, bench, label, make, measure, report, sets, tune
from smallset.cli.torchrun import one_voice
from smallset.terminal import complain


def _check_once(command: click.Command, words: list[str]) -> None:
    """Raise UsageError for an option that was given twice. Click would ignore the first value."""
    options = words[: words.index("--")] if "--" in words else words
    given = Counter(word.partition("=")[0] for word in options)
    for option in command.params:
        names = [name for name in (*option.opts, *option.secondary_opts) if name[0] == "-"]
        times = sum(given[name] for name in names)
        if times > 1 and not getattr(option, "multiple", False):
            raise click.UsageError(f"{'/'.join(names)} was given {times} times. Give it once.")


class _Commands(click.Group):
    """The commands in the order of adding them.

    An option given twice is an error. Ctrl-C says that finished work is kept.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name, command, words = super().resolve_command(ctx, args)
        if command is not None and not ctx.resilient_parsing:  # not while a shell completes
            _check_once(command, words)
        return name, command, words

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            complain(
                "stopped. Finished work is kept. Run the same command again to go on from there."
            )
            sys.exit(130)


def _say_version(ctx: click.Context, _: click.Parameter, asked: bool) -> None:
    if asked:
        from smallset.fingerprint import smallset_version

        click.echo(f"smallset {smallset_version()}")
        ctx.exit()


@click.group(
    cls=_Commands,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "max_content_width": 80,
        "show_default": True,
    },
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_say_version,
    help="Print the version.",
)
def app() -> None:
    """Make an image dataset small, and measure what it is really worth."""


# In the order in which `--help` shows them.
for command in (
    make.compress, tune.tune, measure.evaluate, analyze.analyze, make.score, make.train,
    label.label, label.size, bench.bench, report.report, make.export, sets.list_, sets.verify,
    sets.show, measure.demo,
):  # fmt: skip
    app.add_command(command)


def main() -> None:
    """Run the command line. An error prints one line on stderr and gives a non-zero exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # so that every class and file name can be printed
            stream.reconfigure(errors="backslashreplace")
    try:
        with one_voice():
            app(prog_name="smallset", standalone_mode=False)
    except (KeyboardInterrupt, click.Abort):  # before a command has started
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
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
