"""The benchmark: run, resume and forecast a matrix of methods, data, students and labels."""

from importlib import resources
from pathlib import Path


def shipped() -> tuple[str, ...]:
    """Return the names of the matrices that the package contains."""
    folder = resources.files("smallset.bench") / "matrices"
    names = (Path(entry.name) for entry in folder.iterdir())
    return tuple(sorted(name.stem for name in names if name.suffix == ".toml"))
