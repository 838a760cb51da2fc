"""The benchmark: a matrix of methods, data, students and labels; run, resumed, foretold."""

from importlib import resources
from pathlib import Path


def shipped() -> tuple[str, ...]:
    """Return the names of the matrices that come with the package."""
    folder = resources.files("smallset.bench") / "matrices"
    names = (Path(entry.name) for entry in folder.iterdir())
    return tuple(sorted(name.stem for name in names if name.suffix == ".toml"))
