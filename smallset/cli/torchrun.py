"""Commands under torchrun: of all processes of a command, only one prints."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from smallset.train.processes import is_first, joined, launched

TOGETHER = ("compress", "evaluate", "score", "train")


@contextmanager
def one_voice() -> Iterator[None]:
    """Let only the first process print, or the first that fails. Does nothing for one process.

    Processes that fail because another process failed end silently, since torchrun stops all of
    them. Raises ValueError for a command that trains nothing.
    """
    if launched() == 1:
        yield
        return
    spoken = sys.stdout, sys.stderr
    with joined() as crew:
        if not is_first():
            sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115  open until the end
        try:
            check_command(sys.argv[1:])
            yield
        except SystemExit as stop:  # the end of a command, or an error in all processes alike
            if stop.code:
                raise
        except Exception:
            if not crew.claims_failure():
                sys.exit(1)
            sys.stdout, sys.stderr = spoken
            raise
    leave()


def check_command(words: Sequence[str]) -> None:
    """Raise ValueError if the words of a command line name a command for one process."""
    command = next((word for word in words if not word.startswith("-")), None)
    if command is not None and command not in TOGETHER:
        raise ValueError(
            f"torchrun started {launched()} processes of 'smallset {command}', which runs in one "
            f"process. Needed a command that trains: {', '.join(TOGETHER)}. Run it without "
            "torchrun."
        )


def leave() -> None:
    """End a finished process without the clean-up of the interpreter.

    The clean-up sometimes aborts ("terminate called without an active exception", torch 2.13, gloo,
    after `destroy_process_group`), which torchrun takes for a failure.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
