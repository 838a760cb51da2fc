"""The commands and the code of the README and of the guide."""

import re
import shlex
from pathlib import Path

import pytest
from cli_toy import tree

from smallset.bench.matrix import parse_matrix
from smallset.cli import app
from smallset.methods import method_from

ROOT = Path(__file__).parents[1]
GUIDE = [ROOT / "README.md", *sorted((ROOT / "docs/guide").glob("*.md"))]
METHODS = [ROOT / f"docs/{name}.md" for name in ("distillation", "labels", "pack", "tune")]
# What a page asks for, and what takes no time.
QUICK = {
    'student="resnet18-3x3", seeds=3': 'student="resnet8", seeds=1',
    'method="pack", budget="bytes=1MB"': 'method="pack(select=random)", budget="bytes=2kB"',
}
COMMANDS = [
    (page.name, line)
    for page in [*GUIDE, *METHODS]
    for line in re.findall(r"^ {4,}(smallset .*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
]
CODE = [page for page in GUIDE if "```python" in page.read_text(encoding="utf-8")]


@pytest.mark.parametrize(("page", "line"), COMMANDS)
def test_a_command_of_the_guide_is_one_that_smallset_takes(page, line):
    """Every command, option, value of a closed choice and method spec."""
    _, name, *words = shlex.split(line)
    given = app.commands[name].make_context(name, words).params
    methods = given.get("method") or given.get("methods", ())
    for method in [methods] if isinstance(methods, str) else methods:
        method_from(method)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("page", CODE, ids=lambda page: page.stem)
def test_the_code_of_the_guide_runs(page, tmp_path):
    """Block by block, on tiny images and with a tiny student."""
    tree(tmp_path / "path/to/data", {name: 60 for name in ("ape", "bee")})
    if page.name != "README.md":
        import smallset

        smallset.compress("path/to/data", "out", method="random(factor=2)", ipc=2)
    names: dict[str, object] = {}
    for block in re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
        for asked, quick in QUICK.items():
            block = block.replace(asked, quick)
        exec(block, names)


def test_the_matrix_of_the_guide_is_one():
    [text] = re.findall(r"```toml\n(.*?)```", (ROOT / "docs/guide/bench.md").read_text(), re.DOTALL)
    assert parse_matrix(text, "mine").title == "Mine"
