"""A label regime from outside the package, from `list` to the report."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from bench_toy import ask, coloured, only
from cli_toy import refused
from serial_toy import Serial

from smallset.bench.run import plan_bench, run_bench
from smallset.evidence.lines import read_lines
from smallset.fingerprint import file_sha256
from smallset.labels import LABELS, OpenLabels, Regime, label_folder
from smallset.records import Result
from smallset.store import TrainingSet
from smallset.train.device import Machine
from smallset.train.protocol import StudentProtocol


@dataclass(frozen=True)
class Beside(Regime):
    """Logits out of a file, a row for each image whatever its view."""

    file: str = ""

    def check(self) -> None:
        if self.file and not Path(self.file).is_file():
            raise FileNotFoundError(f"there are no logits '{self.file}'")

    def open(self, made: TrainingSet, protocol: StudentProtocol) -> OpenLabels:
        file = Path(self.file) if self.file else label_folder(made) / "logits.npy"
        logits = np.load(file)
        if logits.shape != (made.facts.images, len(made.facts.classes)):
            raise ValueError(f"'{file}' holds the logits of another set")
        return Kept(
            regime=self,
            facts={"file": file_sha256(file)},
            label_bytes=file.stat().st_size,
            view_seed=7,
            logits=torch.from_numpy(logits),
        )


@dataclass(frozen=True, kw_only=True)
class Kept(OpenLabels):
    logits: torch.Tensor

    def soft(self, machine: Machine) -> "Kept":
        return self

    def __call__(self, pixels: torch.Tensor, indices: np.ndarray, epoch: int) -> torch.Tensor:
        return self.logits[indices]


@pytest.fixture(autouse=True)
def beside(monkeypatch) -> None:
    monkeypatch.setitem(LABELS, "beside", Beside)


def write_logits(file: Path, scale: float = 9) -> int:
    file.parent.mkdir(exist_ok=True)
    np.save(file, scale * np.eye(3, dtype=np.float32))
    return file.stat().st_size


def test_a_regime_is_listed_and_evaluated_with_files_beside_the_set(shell):
    coloured(Path("data"))
    assert shell.compress("data", "set", "--method", "random").code == 0
    assert "beside" in shell("list").out
    assert "Logits out of a file, a row for each image whatever its view." in shell("list").out
    refused(shell.evaluate("set", "data", "--labels", "beside"), "set.labels/logits.npy")
    refused(shell.evaluate("set", "data", "--labels", "beside(no.npy)"), "no logits 'no.npy'")
    size = write_logits(Path("set.labels") / "logits.npy")
    assert shell("verify", "set").code == 0
    for _ in range(2):  # the second time they are found again
        ran = shell.evaluate("set", "data", "--labels", "beside", "--seeds", 1)
        assert ran.code == 0, ran
    assert "student 0, beside labels: top-1" in ran.out
    assert f"{size} label bytes" in ran.out
    [line] = map(json.loads, Path("results.jsonl").read_text().splitlines())
    assert (line["labels"], line["teacher"], line["view_seed"]) == ('beside(file="")', None, 7)
    assert (line["cost"]["labels"], line["cost"]["teacher"]) == (size, 0)
    write_logits(Path("set.labels") / "logits.npy", scale=1)
    assert shell.evaluate("set", "data", "--labels", "beside", "--seeds", 1).code == 0
    lines = [json.loads(text) for text in Path("results.jsonl").read_text().splitlines()]
    assert len({found["fingerprint"] for found in lines}) == len(lines) == 2


def test_a_regime_runs_in_a_matrix_and_stands_in_its_report(shell):
    request = ask(shell.root, only("random") + 'labels = ["hard", "beside({data}/logits.npy)"]')
    with pytest.raises(ValueError, match=r"labels 'beside\(.*: there are no logits '.*logits.npy'"):
        run_bench(request, workers=Serial())
    size = write_logits(shell.root / "data" / "logits.npy")
    run_bench(request, workers=Serial())
    assert plan_bench(request).pending == ()
    found = read_lines(request.runs / "results.jsonl", Result)
    spec = "beside(file={data}/logits.npy)"
    assert {(r.labels, r.cost.labels) for r in found} == {(spec, size), ("hard", 0)}
    assert shell("report", request.runs).code == 0
    tables = (request.runs / "report" / "tables.md").read_text()
    assert "beside({data}/logits.npy) labels" in tables
    assert f"| {size} |" in tables
