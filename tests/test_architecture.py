"""The rules of the house that a reader can see without running anything."""

import ast
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "smallset"
MODULES = sorted(PACKAGE.rglob("*.py"))

FLOORS = {
    "shapes": -1,  # what annotations of arrays are, also in `records`
    "files": 0, "records": 0, "spec": 0, "seeds": 0, "started": 0, "fingerprint": 0, "numbers": 0,
    "typed": 0, "lazy": 0,
    "budget": 1, "data": 1, "models": 1, "parallel": 1, "evidence": 1,
    "train": 2,
    "observers": 3, "store": 3, "desk": 3, "mosaic": 3,
    "scores": 4, "selection": 4, "synthesis": 4, "labels": 4, "exchange": 4,
    "methods": 5,
    "cell": 6,
    "pipeline": 7,
    "bench": 8,
    "demo": 9, "report": 9, "analysis": 9, "tuning": 9,
    "terminal": 10,
    "cli": 11,
    # What users import and `python -m smallset`: above everything, imported by nothing.
    "__init__": 12, "__main__": 12,
}  # fmt: skip
BANNED = {"utils", "misc", "common", "helpers", "base", "core", "manager"}
WITHOUT_COUNTERPART = {
    "test_architecture", "test_benchmarks", "test_docs", "test_docs_findings", "test_docs_guide",
    "test_docs_site", "test_examples", "test_wheel", "test_golden", "test_contributing",
    "test_page_browser",
}  # fmt: skip


@cache
def tree(module: Path) -> ast.Module:
    return ast.parse(module.read_text())


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def room_of(module: Path) -> str:
    """The first part of a module's name below the package: `train`, `spec`, `__init__`."""
    return module.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(module: Path) -> Iterator[tuple[str, int]]:
    """Every module that a file imports, wherever in it, by absolute name and line."""
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name(module)}:{node.lineno} imports relatively"
            if node.module == "smallset":
                yield from ((f"smallset.{alias.name}", node.lineno) for alias in node.names)
            else:
                yield str(node.module), node.lineno


def test_imports_only_go_down():
    wrong = []
    for module in MODULES:
        room = room_of(module)
        assert room in FLOORS, f"{room} has no floor: give it one in the design and here"
        for target, line in imported(module):
            first, _, rest = target.partition(".")
            other = rest.partition(".")[0] or "__init__"
            if first == "smallset" and other != room and FLOORS[other] >= FLOORS[room]:
                wrong.append(f"{name(module)}:{line} (floor {FLOORS[room]}) imports {target}")
    assert not wrong


def test_only_the_command_line_and_its_terminal_print():
    for module in MODULES:
        if room_of(module) in ("cli", "terminal"):
            continue
        calls = (node for node in ast.walk(tree(module)) if isinstance(node, ast.Call))
        printing = {"print", "sys.stdout.write", "sys.stderr.write"}
        assert not [c.lineno for c in calls if ast.unparse(c.func) in printing], name(module)
        assert "rich" not in {target.split(".")[0] for target, _ in imported(module)}, name(module)


def test_only_the_parallel_room_imports_ray():
    loading = [m for m in MODULES if "ray" in {t.split(".")[0] for t, _ in imported(m)}]
    assert [name(module) for module in loading] == ["smallset/parallel/ray.py"]


def test_only_networks_import_what_is_slow_at_their_top():
    slow = {"torch", "scipy", "pyarrow", "sklearn", "datasets"}
    loading = set()
    for module in MODULES:
        for node in tree(module).body:
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [str(node.module)] if isinstance(node, ast.ImportFrom) else []
            if slow & {target.split(".")[0] for target in names}:
                loading.add(name(module).removeprefix("smallset/"))
    networks = {f"models/{stem}.py" for stem in ("convnet", "keys", "mobile", "network", "resnet")}
    assert loading == networks | {"synthesis/moments.py", "train/patchcrop.py"}


def test_files_fit_in_a_sitting_and_say_what_they_are():
    for module in MODULES:
        assert len(module.read_text().splitlines()) <= 400, name(module)
        assert ast.get_docstring(tree(module)), f"{name(module)} has no docstring"
        assert not {*module.stem.split("_"), module.parent.name} & BANNED, name(module)


def test_one_word_means_one_thing():
    classes = Counter(
        node.name
        for module in MODULES
        for node in tree(module).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    assert not {word: times for word, times in classes.items() if times > 1}


def test_every_test_file_has_its_counterpart():
    """tests/train/test_train_loop.py -> train/loop.py; a suffix may name an aspect of the file."""
    for test in sorted((ROOT / "tests").rglob("test_*.py")):
        if test.stem in WITHOUT_COUNTERPART:
            continue
        folder = PACKAGE / test.relative_to(ROOT / "tests").parent
        stem = test.stem.removeprefix("test_")
        files = {f.stem for f in folder.rglob("*.py")} | {"__init__"}
        if folder != PACKAGE:
            room = folder.name
            assert stem.split("_")[0] == room, f"{name(test)} does not say its room"
            stem = stem.removeprefix(room).removeprefix("_") or "__init__"
        else:
            files |= {f.name for f in PACKAGE.iterdir() if f.is_dir()}
        assert any(stem == f or stem.startswith(f"{f}_") for f in files), (
            f"{name(test)} tests no file of {name(folder)}/"
        )
