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


def test_no_number_of_threads_means_all_whatever_an_earlier_call_set(monkeypatch):
    monkeypatch.setattr(device, "_all_threads", lambda: 3)
    machine(device="cpu", workers=1)
    assert machine(device="cpu").threads == torch.get_num_threads() == 3


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


@pytest.mark.parametrize(
    ("name", "kind", "gpus"), [("cuda:3", "cuda", 1.0), ("cpu", "cpu", 0.0)], ids=["cuda", "cpu"]
)
def test_a_worker_is_one_process_with_the_only_device_of_its_kind(name, kind, gpus):
    whole = Machine(name, "float32", 2, processes=2)
    assert (whole.kind, whole.gpus) == (kind, gpus)
    assert whole.on_worker() == Machine(kind, "float32", 2)
    assert torch.get_num_threads() == 2


@pytest.mark.parametrize("name", ["tpu", "meta", "mps", "cuda:x", "cpu:0"])
def test_an_unknown_device_is_refused(name):
    said = f"device {name!r} is not known. Give auto, cpu, cuda or cuda:N."
    with pytest.raises(ValueError, match=re.escape(said)):
        machine(device=name)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_device_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="cannot be used here") as caught:
        machine(device="cuda:7")
    said = str(caught.value)
    assert said.startswith("device 'cuda:7' cannot be used here (")
    assert said.endswith("). Give auto, cpu, cuda or cuda:N.")
    assert "\n" not in said


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


@pytest.mark.parametrize("works", [True, False])
def test_compiling_is_tried_once_and_a_broken_toolchain_is_none(works, monkeypatch):
    def compile_(function):
        tried.append(function)
        if not works:
            raise RuntimeError("g++: not here")
        return function

    tried: list[object] = []
    monkeypatch.setattr(torch, "compile", compile_)
    can_compile.cache_clear()
    assert can_compile("cpu") == can_compile("cpu") == works
    assert len(tried) == 1
    can_compile.cache_clear()


@pytest.fixture
def four_processes(monkeypatch):
    """Process 1 of four on a machine with as many GPUs as the test says."""
    chosen: list[int] = []
    monkeypatch.setattr(device, "count", lambda: 4)
    monkeypatch.setattr(torch.cuda, "set_device", chosen.append)
    monkeypatch.setenv("LOCAL_RANK", "1")
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "4")
    return chosen


def test_each_process_takes_the_gpu_of_its_number(four_processes, monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 4)
    assert device._own_gpu("cuda") == "cuda:1"
    assert four_processes == [1]


def test_one_gpu_by_name_is_not_enough_for_several_processes(four_processes):
    with pytest.raises(ValueError, match="one GPU") as error:
        machine(device="cuda:1")
    assert str(error.value) == (
        "device 'cuda:1' is one GPU, but torchrun started 4 processes, which need one each. "
        "Give auto or cuda."
    )


def test_too_few_gpus_are_named(four_processes, monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    with pytest.raises(ValueError, match="a GPU each") as error:
        machine(device="cuda")
    assert str(error.value) == (
        "torchrun started 4 processes on this machine, which need a GPU each, but it has 2. "
        "Give torchrun --nproc-per-node 2, or use --device cpu."
    )
    assert not four_processes


def test_several_processes_on_cpus_are_counted(four_processes):
    assert machine(device="cpu", workers=1).processes == 4
