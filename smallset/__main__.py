"""The command `smallset`, and `python -m smallset`."""

import sys


def main() -> None:
    """Run the command line; Ctrl-C is quiet also in the seconds that torch takes to import."""
    try:
        from smallset.cli import main as run
    except KeyboardInterrupt:
        sys.exit(130)
    run()


if __name__ == "__main__":
    main()
