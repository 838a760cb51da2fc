import importlib.util
import re
from pathlib import Path

from smallset.data import open_data
from smallset.methods import method_from

ROOT = Path(__file__).parents[1]


def experiments():
    path = ROOT / "docs/results/experiments.py"
    spec = importlib.util.spec_from_file_location("experiments", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_results_page_is_what_its_command_writes():
    assert (ROOT / "docs/results.md").read_text(encoding="utf-8") == experiments().page()


def test_every_experiment_can_be_built():
    module = experiments()
    for cell in module._cells():
        assert method_from(cell.method)
        assert cell.label in module.METHODS


def test_every_link_of_the_documents_leads_somewhere():
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "docs/benchmarks.md"):
        for target in re.findall(r"\]\((?!http)([^)#]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_digits_of_the_readme_are_counted():
    data = open_data("digits", work=ROOT)
    assert len(data.train) + len(data.test) == 1797
