"""Which cell a result line is of, whichever version and whichever matrix wrote it."""

from dataclasses import replace
from pathlib import Path

import pytest
from bench_toy import MATRIX, ask, digits

from smallset.bench.cells import cells_of, identity_of
from smallset.bench.folder import Run, known_lines
from smallset.bench.kinds.sets import check_set
from smallset.bench.matrix import parse_matrix, read_matrix
from smallset.bench.run import plan_bench
from smallset.bench.sources import BenchData
from smallset.evidence.lines import read_lines
from smallset.labels import labels_spec
from smallset.records import Result
from smallset.store import open_set
from smallset.train.device import Machine

HERE = Machine("cpu", "float32", 1)
LINES = Path(__file__).parents[2] / "docs" / "results" / "cifar10.jsonl"


def identities(matrix) -> list:
    source = BenchData("digits", digits())
    return [cell.identity for cell in cells_of(parse_matrix(matrix, "m"), {"toy": source}, HERE)]


def test_matrices_that_name_the_observers_network_and_leave_it_open_share_their_cells():
    named = MATRIX.replace("observer(epochs=1)", "observer(model=resnet8, epochs=1)")
    other = MATRIX.replace("observer(epochs=1)", "observer(model=resnet20, epochs=1)")
    left_open = identities(MATRIX)
    assert named != MATRIX
    assert identities(named) == left_open
    assert sum(a != b for a, b in zip(identities(other), left_open, strict=True)) == 4


def test_lines_of_the_cifar_matrix_are_taken_over_by_that_of_soft_labels():
    """They were written before observers took snapshots and methods had a pool."""
    lines = read_lines(LINES, Result)
    first = lines[0]
    assert "pool=" not in first.spec
    data = replace(digits(), fingerprint=first.data_fingerprint)
    sources = {first.dataset: BenchData(first.dataset, data)}
    machine = Machine(first.device, first.precision, first.threads)
    cells = cells_of(read_matrix("soft-vs-hard"), sources, machine)
    versions = {**first.versions, "records": "observer-1"}
    run = Run("", versions, {}, {}, first.precision, first.device, first.threads)
    done, passed = known_lines(read_lines(LINES, Result), run, {c.identity for c in cells})
    hard = {c.identity for c in cells if c.identity.labels == "hard" and c.identity.ipc in (1, 10)}
    assert len(hard) == 2 * 4 * 3
    assert hard <= set(done)
    assert all(identity_of(result) == identity for identity, result in done.items())
    anew = replace(run, versions={**versions, "records": "observer-2"})
    assert passed == {}
    unseen, passed = known_lines(read_lines(LINES, Result), anew, {c.identity for c in cells})
    assert set(passed) == {i for i, r in done.items() if r.observer_seed is not None}
    assert set(passed.values()) == {"records observer-1"}
    assert {r.observer_seed for r in done.values()} > {r.observer_seed for r in unseen.values()}
    assert {r.observer_seed for r in unseen.values()} == {None}


def test_soft_lines_are_taken_over_where_their_teacher_is_the_one_here():
    first, matrix = read_lines(LINES, Result)[0], read_matrix("soft-vs-hard")
    data = replace(digits(), fingerprint=first.data_fingerprint)
    machine = Machine(first.device, first.precision, first.threads)
    cells = cells_of(matrix, {first.dataset: BenchData(first.dataset, data)}, machine)
    for name, here, taken in (
        ("resnet20", "one", 1),
        ("resnet20", "another", 0),
        ("resnet20", None, 0),  # its table is not run
        ("own-resnet20", "", 1),  # would be trained in the same way
        ("own-resnet20", "start", 0),  # starts from weights of which the line says nothing
    ):
        spec = matrix.teachers[name]
        soft = replace(
            first,
            labels=labels_spec(matrix.regime(f"online({name})")),
            teacher=spec,
            teacher_sha256="one",
        )
        weights = {} if here is None else {f"teacher {spec}": here}
        run = Run("", first.versions, {}, weights, first.precision, first.device, first.threads)
        found, _ = known_lines([soft], run, {c.identity for c in cells})
        assert list(found.values()) == taken * [soft], (name, here)


def test_lines_and_sets_whose_specs_an_earlier_version_wrote_are_still_those_of_the_matrix(root):
    results = root / "runs" / "results.jsonl"
    text = results.read_text()
    for later in (", pool=none", ", observer=none", "(balanced=true)", ", snapshots=1"):
        assert later in text
        text = text.replace(later, "")
    results.write_text(text)
    assert plan_bench(ask(root)).pending == ()
    wanted = {c.identity.set_seed: c.identity for c in plan_bench(ask(root)).ground.cells
              if c.label == "PCA"}  # fmt: skip
    for folder in (root / "runs" / "sets").glob("toy-8-px-PCA-*"):
        made = open_set(folder)
        spec = made.manifest.spec.replace(", pool=none, observer=none)", ")")
        old = replace(made, manifest=replace(made.manifest, spec=spec))
        identity = wanted.pop(made.manifest.seeds.set)
        check_set(old, identity, identity.spec)
        other = replace(made, manifest=replace(made.manifest, spec="random"))
        with pytest.raises(ValueError, match="holds another set than the matrix's: its spec is"):
            check_set(other, identity, identity.spec)
    assert not wanted
