"""The command `smallset`, and `python -m smallset`."""

import signal

import smallset.started  # noqa: F401  first, so that its clock counts what follows


def main() -> None:
    """Run the command line; Ctrl-C is quiet also in the seconds that torch takes to import."""
    # Nothing is begun that could be lost, and an exception in the middle of an import may be
    # swallowed there, which leaves a library half imported: the process just ends.
    ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if ours:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from smallset.cli import main as run

    if ours:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    run()


if __name__ == "__main__":
    main()
