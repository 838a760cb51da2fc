"""The rules of the house that a reader can see without running anything."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "smallset"
MODULES = sorted(PACKAGE.rglob("*.py"))

FLOORS = {
    "files": 0, "lazy": 0, "records": 0, "spec": 0, "seeds": 0, "started": 0, "fingerprint": 0,
    "data": 1, "models": 1, "parallel": 1, "evidence": 1,
    "train": 2,
    "observers": 3, "store": 3,
    "scores": 4, "selection": 4, "mosaic": 4, "synthesis": 4, "labels": 4, "exchange": 4,
    "methods": 5,
    "cell": 6,
    "pipeline": 7,
    "bench": 8,
    "demo": 9, "report": 9, "analysis": 9,
    "terminal": 10,
    "cli": 11,
    # What users import and `python -m smallset`: above everything, imported by nothing.
    "__init__": 12, "__main__": 12,
}  # fmt: skip
TORCHLESS = ("report", "evidence")
BANNED = {"utils", "misc", "common", "helpers", "base", "core", "manager"}
WITHOUT_COUNTERPART = {"test_architecture", "test_benchmarks", "test_docs", "test_golden"}


def room_of(module: Path) -> str:
    """The first part of a module's name below the package: `train`, `spec`, `__init__`."""
    return module.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(module: Path) -> Iterator[tuple[str, int]]:
    """Every module that a file imports, wherever in it, by absolute name and line."""
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}:{node.lineno} imports relatively"
            if node.module == "smallset":
                yield from ((f"smallset.{alias.name}", node.lineno) for alias in node.names)
            else:
                yield str(node.module), node.lineno
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            name = node.args[0]
            yield (name.value if isinstance(name, ast.Constant) else "?"), node.lineno


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("module", MODULES, ids=name)
def test_imports_only_go_down(module):
    room = room_of(module)
    assert room in FLOORS, f"{room} has no floor: give it one in the design and here"
    for target, line in imported(module):
        if target.split(".")[0] != "smallset":
            continue
        other = target.split(".")[1] if "." in target else "__init__"
        assert other == room or FLOORS[other] < FLOORS[room], (
            f"{name(module)}:{line} (floor {FLOORS[room]}) imports {target} (floor {FLOORS[other]})"
        )


@pytest.mark.parametrize("module", MODULES, ids=name)
def test_rooms_that_read_results_never_import_torch(module):
    if room_of(module) in TORCHLESS:
        loaded = {target.split(".")[0] for target, _ in imported(module)}
        assert not loaded & {"torch", "torchvision", "timm"}


@pytest.mark.parametrize("module", MODULES, ids=name)
def test_only_the_command_line_and_its_terminal_print(module):
    if room_of(module) in ("cli", "terminal"):
        return
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert called not in {"print", "sys.stdout.write", "sys.stderr.write"}, (
                f"{name(module)}:{node.lineno} prints"
            )
    assert "rich" not in {target.split(".")[0] for target, _ in imported(module)}


@pytest.mark.parametrize("module", MODULES, ids=name)
def test_only_the_parallel_room_imports_ray(module):
    if name(module) != "smallset/parallel/ray.py":
        assert "ray" not in {target.split(".")[0] for target, _ in imported(module)}


def test_no_file_has_a_name_that_says_nothing():
    assert not [m for m in MODULES if set(m.stem.split("_")) & BANNED or m.parent.name in BANNED]


@pytest.mark.parametrize("module", MODULES, ids=name)
def test_files_fit_in_a_sitting_and_say_what_they_are(module):
    text = module.read_text()
    assert len(text.splitlines()) <= 400
    assert ast.get_docstring(ast.parse(text)), f"{name(module)} has no docstring"


def test_every_test_file_has_its_counterpart():
    """tests/train/test_train_loop.py -> train/loop.py; a suffix may name an aspect of the file."""
    for test in sorted((ROOT / "tests").rglob("test_*.py")):
        if test.stem in WITHOUT_COUNTERPART:
            continue
        folder = PACKAGE / test.relative_to(ROOT / "tests").parent
        stem = test.stem.removeprefix("test_")
        files = {f.stem for f in folder.glob("*.py")} | {"__init__"}
        if folder != PACKAGE:
            room = folder.name
            assert stem.split("_")[0] == room, f"{name(test)} does not say its room"
            stem = stem.removeprefix(room).removeprefix("_") or "__init__"
        else:
            files |= {f.name for f in PACKAGE.iterdir() if f.is_dir()}
        assert any(stem == f or stem.startswith(f"{f}_") for f in files), (
            f"{name(test)} tests no file of {name(folder)}/"
        )
