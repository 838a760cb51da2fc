"""The package as people install it, and the files that a public host reads."""

import os
import shutil
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
PACKED = ("smallset", "pyproject.toml", "README.md", "LICENSE")


@pytest.mark.slow
def test_the_wheel_installs_in_an_empty_environment_and_runs_the_demo(tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    for name in PACKED:  # a build leaves files beside the sources
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, source / name)
    _run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", tmp_path, source)
    [wheel] = tmp_path.glob("smallset-*.whl")
    venv.create(tmp_path / "venv", with_pip=True)
    tools = tmp_path / "venv/bin"
    _run(tools / "python", "-m", "pip", "install", "-q", "-c", ROOT / "constraints.txt", wheel)
    said = _run(tools / "smallset", "demo", cwd=tmp_path)
    for method in ("random", "pca"):
        assert method in said
    assert list((tmp_path / "demo").glob("*.png"))


def _run(*words: object, cwd: Path | None = None) -> str:
    env = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
    ran = subprocess.run(list(map(str, words)), cwd=cwd, env=env, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_the_citation_and_the_changelog_are_of_this_version():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert cited["version"] == version
    assert f"## {version}" in (ROOT / "CHANGELOG.md").read_text()


def test_a_public_host_runs_what_ci_runs_and_the_hooks_are_the_checks_of_make():
    steps = yaml.safe_load((ROOT / ".github/workflows/check.yml").read_text())["jobs"]["check"]
    assert ".ci/run" in [step.get("run") for step in steps["steps"]]
    assert os.access(ROOT / ".ci/run", os.X_OK)
    [hooks] = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert [hook["id"] for hook in hooks["hooks"]] == ["ruff", "ruff-format", "mypy"]
