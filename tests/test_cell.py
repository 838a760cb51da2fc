import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from labels_toy import SPEC, bright_images, bright_teacher, online

import smallset
from smallset import cell
from smallset.desk import Desk, desk_for
from smallset.fingerprint import fingerprint
from smallset.labels import Hard, OpenLabels
from smallset.spec import quoted
from smallset.train import loop
from smallset.train.device import Machine
from smallset.train.evaluation import Accuracy
from smallset.train.protocol import CROSS_V1, FINETUNE_V1, RETHINKDC_V1, SMALL_V1, STANDARD_V1
from smallset.train.shown import InMemory
from smallset.train.steps import StudentSeeds


@pytest.fixture
def one(tmp_path) -> cell.Cell:
    images = np.random.default_rng(0).integers(0, 256, (20, 8, 8, 3), np.uint8)
    data = smallset.from_arrays(images, np.arange(20) % 2)
    made = smallset.compress(data, tmp_path / "set", method="random", ipc=1, work=tmp_path)
    return cell.Cell(made, data, "resnet8", SMALL_V1, Machine("cpu", "float32", 1))


@pytest.mark.parametrize(
    "change",
    [
        {"student": "resnet20"},
        {"protocol": replace(SMALL_V1, epochs=2)},
        {"machine": Machine("cpu", "bfloat16", 1)},
        {"machine": Machine("cpu", "float32", 2)},
        {"machine": Machine("cuda", "float32", 1)},
    ],
)
def test_a_result_is_named_by_all_that_its_numbers_depend_on(one, change):
    assert replace(one, **change).fingerprint(0) != one.fingerprint(0)


def test_neither_a_gpus_number_nor_the_wording_of_a_protocol_names_a_result(one):
    gpu = Machine("cuda:0", "float32", 1)
    assert replace(one, machine=gpu).fingerprint(0) == replace(
        one, machine=replace(gpu, device="cuda:1")
    ).fingerprint(0)
    reworded = replace(one, protocol=replace(SMALL_V1, line="the same in other words"))
    assert reworded.fingerprint(0) == one.fingerprint(0)


def test_another_version_of_a_component_is_no_hit(one, monkeypatch):
    before = one.fingerprint(0)
    assert before == one.fingerprint(0) != one.fingerprint(1)
    monkeypatch.setattr(cell, "component_versions", lambda: {"views": "views-2"})
    assert one.fingerprint(0) != before


def test_only_a_long_training_of_a_network_that_gains_is_compiled(one, monkeypatch):
    monkeypatch.setattr(cell, "can_compile", lambda _: True)
    long = replace(SMALL_V1, epochs=20_000)
    assert not one.compiles
    assert not replace(one, protocol=long).compiles
    assert replace(one, student="convnet-d3", protocol=long).compiles
    assert not replace(one, student="convnet-d3").compiles
    monkeypatch.setattr(cell, "can_compile", lambda _: False)
    assert not replace(one, student="convnet-d3", protocol=long).compiles


@pytest.mark.parametrize(("view", "compiled"), [("patch", False), ("each-patch", True)])
def test_each_view_of_an_epoch_counts_towards_compiling(one, tmp_path, monkeypatch, view, compiled):
    monkeypatch.setattr(cell, "can_compile", lambda _: True)
    method = f"random(factor=2, view={view})"
    made = smallset.compress(one.data, tmp_path / view, method=method, ipc=1, work=tmp_path)
    views = replace(SMALL_V1, epochs=cell.COMPILE_FROM_VIEWS // (4 * len(made)))
    assert replace(one, set=made, student="convnet-d3", protocol=views).compiles == compiled


def first_name(one: cell.Cell, protocol: dict[str, object], **more: object) -> str:
    """The name that a result of seed 3 had in the first version that knew its kind."""
    facts = {
        "versions": cell.component_versions(),
        "set": one.set.manifest.digest,
        "data": one.data.fingerprint,
        "student": "resnet8",
        "protocol": protocol,
        "seed": 3,
        "device": "cpu",
        "precision": "float32",
        "threads": 1,
        "compiled": False,
    }
    return fingerprint(facts | more)


@pytest.mark.parametrize("protocol", [SMALL_V1, STANDARD_V1], ids=lambda p: p.name)
def test_hard_results_keep_the_names_they_had_before_there_were_soft_labels(one, protocol):
    fields = ("name", "batch", "epochs", "optimizer", "rate", "weight_decay", "momentum")
    old = first_name(one, {key: getattr(protocol, key) for key in fields})
    assert replace(one, protocol=protocol).fingerprint(3) == old
    warmer = replace(protocol, temperature=1.0, mix_alpha=0.2, mix="batch")
    assert replace(one, protocol=warmer).fingerprint(3) == old


HARD = OpenLabels(regime=Hard())


def taught(one: cell.Cell, **changes: object) -> cell.Cell:
    return replace(one, labels=online(bright_teacher(2, **changes)))


def test_taught_results_keep_the_names_they_had_before_regimes_named_themselves(one):
    labels = {"regime": "online", "mix": "mix-1", "sha256": "a" * 64}
    old = first_name(one, SMALL_V1.facts("resnet8", soft=True), labels=labels)
    assert taught(one).fingerprint(3) == old


def test_a_taught_result_is_named_by_its_teacher_and_the_rules_of_soft_labels(one):
    names = [one.fingerprint(0), taught(one).fingerprint(0)]
    names.append(taught(one, sha256="b" * 64).fingerprint(0))
    for change in ({"temperature": 1.0}, {"mix_alpha": 0.5}, {"mix": "batch"}):
        names.append(replace(taught(one), protocol=replace(SMALL_V1, **change)).fingerprint(0))
    assert len(set(names)) == 6
    assert taught(one, spec="elsewhere.pt").fingerprint(0) == names[1]


def test_another_way_of_mixing_is_another_taught_result_alone(one, monkeypatch):
    hard, soft = one.fingerprint(0), taught(one).fingerprint(0)
    monkeypatch.setattr(cell, "MIX_VERSION", "mix-2")
    assert one.fingerprint(0) == hard
    assert taught(one).fingerprint(0) != soft


@pytest.mark.parametrize(
    ("fact", "values"),
    [
        ("weights_sha256", (None, "0" * 64, "1" * 64)),
        ("library_of", ({}, {"timm": "1.0.9"}, {"timm": "1.0.10"})),
    ],
)
def test_a_students_weights_and_library_name_its_results(one, monkeypatch, fact, values):
    names = set()
    for value in values:
        monkeypatch.setattr(cell, fact, lambda name, value=value: value)
        names.add(one.fingerprint(0))
    assert len(names) == 3


def test_finetuning_needs_a_pretrained_student(one):
    said = (
        "the protocol 'finetune-v1' is for a pretrained student, but 'resnet8' starts from fresh "
        "weights. Give 'resnet8(weights=...)', or choose another protocol."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(said)}$"):
        replace(one, protocol=FINETUNE_V1)
    replace(one, protocol=FINETUNE_V1, student="timm:resnet18(weights=default)")


@pytest.fixture
def bright(tmp_path) -> tuple[cell.Cell, Desk]:
    """A set whose classes differ in brightness, two epochs, and an online teacher that sees it."""
    labels = np.arange(30) % 3
    held_out = np.arange(12) % 3
    data = smallset.from_arrays(
        bright_images(labels), labels, test=(bright_images(held_out), held_out)
    )
    made = smallset.compress(data, tmp_path / "set", method="random", ipc=2, work=tmp_path)
    here = Machine("cpu", "float32", 1)
    short = replace(SMALL_V1, epochs=2)
    one = cell.Cell(made, data, "resnet8", short, here, online(bright_teacher()))
    return one, desk_for(device="cpu", precision="float32", workers=1, work=tmp_path / "work")


def test_a_taught_students_result_says_what_taught_it(bright):
    one, desk = bright
    pixels = cell.load_pixels(one, desk)
    result = cell.train_and_test(one, 0, *pixels, desk)
    assert (result.labels, result.teacher, result.teacher_top1) == (
        f"online(teacher={quoted(SPEC)})", SPEC, 1.0,
    )  # fmt: skip
    assert (result.cost.teacher, result.cost.labels) == (1234, 0)
    assert result.fingerprint == one.fingerprint(0)
    alone = replace(one, labels=HARD)
    hard = cell.train_and_test(alone, 0, *pixels, desk)
    assert (hard.labels, hard.teacher, hard.teacher_top1) == ("hard", None, None)
    assert (hard.cost.teacher, hard.cost.labels) == (0, 0)
    assert hard.loss != result.loss
    again = cell.train_and_test(one, 0, *pixels, desk)
    assert (again.loss, again.per_class) == (result.loss, result.per_class)


def test_pinned_views_are_those_of_one_student_for_all(bright, monkeypatch):
    one, desk = bright
    pixels = cell.load_pixels(one, desk)
    fit = loop.fit

    def noted(*arguments: object, seeds: StudentSeeds, **options: object) -> loop.Fitted:
        used.append(seeds)
        return fit(*arguments, seeds=seeds, **options)

    used: list[StudentSeeds] = []
    monkeypatch.setattr(loop, "fit", noted)
    pinned = replace(one, labels=replace(one.labels, view_seed=0))
    free, same, other = (
        cell.train_and_test(each, seed, *pixels, desk)
        for each, seed in ((one, 0), (pinned, 0), (pinned, 1))
    )
    assert used[0] == used[1] == StudentSeeds.of(0)
    assert used[2] == replace(StudentSeeds.of(1), view=used[0].view)
    assert (same.loss, same.top1) == (free.loss, free.top1) != (other.loss, other.top1)
    assert len({free.fingerprint, same.fingerprint, other.fingerprint}) == 3


def test_a_blind_teacher_is_refused_before_any_student_trains(bright, monkeypatch):
    one, desk = bright
    blind = replace(one, labels=online(bright_teacher(order=(1, 2, 0))))
    pixels = cell.load_pixels(blind, desk)
    monkeypatch.setattr(loop, "fit", None)
    with pytest.raises(ValueError, match="its classes or its normalisation are probably wrong"):
        cell.train_and_test(blind, 0, *pixels, desk)


@pytest.mark.parametrize("cache", [True, False])
def test_a_large_set_stays_on_disk_and_gives_the_same_student(bright, monkeypatch, cache):
    one, desk = bright
    small = cell.train_and_test(one, 0, *cell.load_pixels(one, desk), desk)
    monkeypatch.setattr(cell, "IN_MEMORY_BYTES", 0)
    images, test = cell.load_pixels(one, replace(desk, cache=cache))
    assert not isinstance(images, InMemory)
    large = cell.train_and_test(one, 0, images, test, desk)
    assert (large.loss, large.top1, large.per_class) == (small.loss, small.top1, small.per_class)
    assert large.fingerprint == small.fingerprint
    kept = [*(desk.work / "pixels").glob(f"{one.set.digest[:32]}-*")]
    assert len(kept) == (1 if cache else 0)


@pytest.mark.parametrize(
    ("best_of", "tests", "top1"), [(None, 1, 0.1), (2, 4, 0.9), (5, 3, 0.7), (100, 2, 0.2)]
)
def test_where_the_best_counts_the_student_is_tested_between_epochs(
    bright, monkeypatch, best_of, tests, top1
):
    one, desk = bright
    scripted = iter({1: [0.1], 4: [0.1, 0.9, 0.9, 0.2], 3: [0.3, 0.7, 0.2], 2: [0.2, 0.1]}[tests])
    found: list[float] = []

    def accuracy(*_: object, **__: object) -> Accuracy:
        found.append(next(scripted))
        return Accuracy(found[-1], 1.0, np.array([len(found), 0.0, 0.0]))

    monkeypatch.setattr(cell, "accuracy", accuracy)
    protocol = replace(RETHINKDC_V1, epochs=7, best_of=best_of)
    chosen = replace(one, protocol=protocol, labels=HARD)
    result = cell.train_and_test(chosen, 0, *cell.load_pixels(one, desk), desk)
    assert len(found) == tests
    assert (result.top1, result.per_class[0]) == (top1, 1 + found.index(top1))


def test_the_student_trains_at_its_own_rate(bright, monkeypatch):
    one, desk = bright
    rates = []
    fit = loop.fit

    def noted(*arguments: object, protocol: loop.Protocol, **options: object) -> loop.Fitted:
        rates.append(protocol.rate_at(0))
        return fit(*arguments, protocol=protocol, **options)

    monkeypatch.setattr(loop, "fit", noted)
    slow = replace(CROSS_V1, epochs=1, rates=(("resnet8", 2e-4), *CROSS_V1.rates))
    for student in ("resnet8", "resnet20"):
        chosen = replace(one, student=student, protocol=slow)
        cell.train_and_test(chosen, 0, *cell.load_pixels(one, desk), desk)
    assert rates == [2e-4, 1e-3]


def test_layers_that_draw_follow_the_students_seed_and_leave_the_global_state_alone():
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    drawn = []
    for seed in (1, 1, 2):
        with loop.random_layers(seed):
            drawn.append(torch.rand(4).tolist())
    assert drawn[0] == drawn[1] != drawn[2]
    assert torch.equal(torch.random.get_rng_state(), before)
