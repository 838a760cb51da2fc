"""The command `smallset`, and `python -m smallset`."""

import signal
import sys
import threading
from typing import TYPE_CHECKING

import smallset.started  # noqa: F401  first, so that its clock counts what follows

if TYPE_CHECKING:
    from sys import UnraisableHookArgs


def main() -> None:
    """Run the command line. Ctrl-C ends it without a traceback, even during the imports."""
    # During the imports, Ctrl-C simply ends the process, since no work can be lost yet. An
    # exception could be swallowed by an import, and leave a library half imported.
    ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if ours:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from smallset.cli import main as run

    if ours:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        sys.unraisablehook = stop_again
    run()


def stop_again(lost: "UnraisableHookArgs") -> None:
    """Send Ctrl-C again if a destructor or a callback has swallowed it. Report other errors."""
    if issubclass(lost.exc_type, KeyboardInterrupt):
        threading.Timer(0.1, signal.raise_signal, (signal.SIGINT,)).start()
    else:
        sys.__unraisablehook__(lost)


if __name__ == "__main__":
    main()
