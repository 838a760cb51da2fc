"""Commands under torchrun: N processes of one command that speak with one voice."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from smallset.train.processes import is_first, joined, launched

TOGETHER = ("compress", "evaluate", "score", "train")


@contextmanager
def one_voice() -> Iterator[None]:
    """Let the first process speak, or the first that fails; nothing changes for one process.

    Whoever fails only because another did ends in silence: torchrun stops them all. Raises
    ValueError for a command that trains nothing.
    """
    if launched() == 1:
        yield
        return
    spoken = sys.stdout, sys.stderr
    with joined() as crew:
        if not is_first():
            sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115  as long as the process
        try:
            check_command(sys.argv[1:])
            yield
        except SystemExit as stop:  # the end of a command, or a mistake that all of them make
            if stop.code:
                raise
        except Exception:
            if not crew.claims_failure():
                sys.exit(1)
            sys.stdout, sys.stderr = spoken
            raise
    leave()


def check_command(words: Sequence[str]) -> None:
    """Raise ValueError where the words of a command line name work for one process."""
    command = next((word for word in words if not word.startswith("-")), None)
    if command is not None and command not in TOGETHER:
        raise ValueError(
            f"torchrun started {launched()} processes of 'smallset {command}', which is work for "
            f"one. Needed a command that trains: {', '.join(TOGETHER)}. Run it without torchrun."
        )


def leave() -> None:
    """End a process whose work is done and written, without the interpreter's own clean-up.

    Now and then an exit aborted in it ("terminate called without an active exception", torch 2.13,
    gloo, after `destroy_process_group`), and torchrun took that for a failure.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
