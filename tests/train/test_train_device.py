import re

import pytest
import torch
from torch import nn

from smallset.train import device
from smallset.train.device import Machine, can_compile, hardware, machine


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_what_was_given_is_what_happens(precision):
    assert machine(device="cpu", precision=precision, workers=1) == Machine("cpu", precision, 1)


def test_threads_are_set_for_the_process_and_recorded():
    assert machine(device="cpu", workers=2).threads == 2
    assert torch.get_num_threads() == 2
    assert machine(device="cpu").threads == 2


@pytest.mark.parametrize(
    ("flags", "wanted"),
    [
        ({"amx_bf16"}, "bfloat16"),
        ({"avx512_bf16"}, "bfloat16"),
        ({"avx2"}, "float32"),
        ((), "float32"),
    ],
)
def test_auto_takes_bfloat16_where_the_processor_is_good_at_it(flags, wanted, monkeypatch):
    monkeypatch.setattr(device, "_cpu_flags", lambda: frozenset(flags))
    assert machine(device="cpu").precision == wanted


@pytest.mark.parametrize(("present", "wanted"), [(False, "cpu"), (True, "cuda")])
def test_auto_takes_a_gpu_where_there_is_one(present, wanted, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: present)
    monkeypatch.setattr(torch, "empty", lambda *_, device: None)
    assert machine(precision="float32").device == wanted


def test_the_kind_of_a_device_has_no_index():
    assert Machine("cuda:3", "float32", 1).kind == "cuda"


def test_a_device_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="cannot be used here") as caught:
        machine(device="tpu")
    said = str(caught.value)
    assert said.startswith("device 'tpu' cannot be used here (")
    assert said.endswith("). Give auto, cpu, cuda or cuda:N.")
    assert "\n" not in said


def test_an_unknown_precision_is_refused():
    said = "precision 'half' is not known. Give auto, float32 or bfloat16."
    with pytest.raises(ValueError, match=re.escape(said)):
        machine(device="cpu", precision="half")


def test_a_negative_thread_count_is_refused():
    said = "workers=-1 is negative. Give the number of threads, or 0 for all cores."
    with pytest.raises(ValueError, match=re.escape(said)):
        machine(workers=-1)


def test_networks_are_placed_in_channels_last():
    placed = Machine("cpu", "float32", 1).place(nn.Conv2d(3, 4, 3))
    assert placed.weight.is_contiguous(memory_format=torch.channels_last)


def test_autocast_is_off_in_float32():
    linear, x = nn.Linear(4, 4), torch.rand(2, 4)
    with Machine("cpu", "float32", 1).autocast():
        assert linear(x).dtype == torch.float32
    with Machine("cpu", "bfloat16", 1).autocast():
        assert linear(x).dtype == torch.bfloat16


def test_the_processor_has_a_name():
    assert "cores" in hardware("cpu")


@pytest.mark.parametrize("found", ["/usr/bin/g++", None])
def test_compiling_needs_a_compiler(found, monkeypatch):
    can_compile.cache_clear()
    monkeypatch.setattr(device.shutil, "which", lambda _: found)
    assert can_compile() == bool(found)
    can_compile.cache_clear()
