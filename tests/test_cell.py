from dataclasses import replace

import numpy as np
import pytest

import smallset
from smallset import cell
from smallset.train.device import Machine
from smallset.train.protocol import SMALL_V1


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
