"""`python -m smallset` is `smallset`."""

from smallset.cli import main

if __name__ == "__main__":
    main()
