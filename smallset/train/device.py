"""The device, precision and threads of the arithmetic, decided once and recorded."""

import os
import platform
import re
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Literal

from smallset.lazy import Module, torch
from smallset.train.processes import count

Precision = Literal["float32", "bfloat16"]


@cache
def _all_threads() -> int:
    """Return the number of threads that `workers=0` means: torch's own, before it is changed."""
    return torch.get_num_threads()


@dataclass(frozen=True)
class Machine:
    """A device, a precision and a number of CPU threads. Results depend on these and the seeds.

    `processes` processes share each batch, each with its own device and threads.
    """

    device: str
    precision: Precision
    threads: int
    processes: int = 1

    @property
    def kind(self) -> str:
        """The kind of device, `cpu` or `cuda`, without the index."""
        return self.device.partition(":")[0]

    @property
    def gpus(self) -> float:
        """The GPUs that a task of one worker needs."""
        return 1.0 if self.kind == "cuda" else 0.0

    def on_worker(self) -> "Machine":
        """Return the machine of a worker, and set the worker's number of threads.

        A worker sees only its own GPU, whatever the number of that GPU in the driver.
        """
        torch.set_num_threads(self.threads)
        return replace(self, device=self.kind, processes=1)

    def autocast(self) -> "torch.autocast":
        """Return the autocast context in which networks run."""
        return torch.autocast(self.kind, torch.bfloat16, enabled=self.precision == "bfloat16")

    def place(self, model: Module, *, channels_last: bool = True) -> Module:
        """Move a network to the device, by default in channels_last: fast for convolutions."""
        placed: Module = model.to(self.device)
        layout = torch.channels_last if channels_last else torch.contiguous_format
        return placed.to(memory_format=layout)  # type: ignore[call-overload, no-any-return]


def check_words(*, device: str, precision: str, workers: int) -> None:
    """Raise ValueError for an unknown device or precision, or negative workers."""
    if workers < 0:
        raise ValueError(
            f"workers={workers} is negative. Give the number of threads, or 0 for all cores."
        )
    if not re.fullmatch(r"auto|cpu|cuda(:\d+)?", device):
        raise ValueError(f"device {device!r} is not known. Give auto, cpu, cuda or cuda:N.")
    if precision not in ("auto", "float32", "bfloat16"):
        raise ValueError(f"precision {precision!r} is not known. Give auto, float32 or bfloat16.")


def machine(*, device: str = "auto", precision: str = "auto", workers: int = 0) -> Machine:
    """Decide device, precision and threads; `auto` and 0 choose what is best on this machine.

    Sets torch's number of threads for this process (0: `OMP_NUM_THREADS` or all cores). Each of
    several processes takes the GPU of its own number. Raises ValueError for an unavailable device,
    too few GPUs, an unknown precision or a negative number of threads.
    """
    check_words(device=device, precision=precision, workers=workers)
    every = _all_threads()
    torch.set_num_threads(workers or every)
    chosen = ("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device
    if chosen.startswith("cuda") and count() > 1:
        chosen = _own_gpu(chosen)
    try:
        torch.empty(1, device=chosen)
    except (RuntimeError, AssertionError) as error:
        raise ValueError(
            f"device {device!r} cannot be used here ({str(error).splitlines()[0]}). "
            "Give auto, cpu, cuda or cuda:N."
        ) from error
    if chosen.startswith("cuda"):
        # Same seed, same bytes: no kernels chosen by timing or with a random order of addition, and
        # float32 without TF32.
        torch.backends.cudnn.deterministic = True
        torch.backends.cudnn.benchmark = False
        torch.backends.cudnn.allow_tf32 = False
        torch.backends.cuda.matmul.allow_tf32 = False
    if precision == "auto":
        precision = "bfloat16" if _good_at_bfloat16(chosen) else "float32"
    return Machine(chosen, precision, torch.get_num_threads(), count())  # type: ignore[arg-type]


def hardware(device: str, processes: int = 1) -> str:
    """Return the name of the processor; for two processes, "2 x" stands in front."""
    return _processor(device) if processes == 1 else f"{processes} x {_processor(device)}"


@cache
def _processor(device: str) -> str:
    if device.startswith("cuda"):
        return torch.cuda.get_device_name(device)
    model = _cpuinfo().get("model name") or platform.processor() or platform.machine()
    flags = [f for f in ("amx_bf16", "avx512_bf16", "avx512f", "avx2") if f in _cpu_flags()]
    return f"{model}{' ' + flags[0] if flags else ''}, {os.cpu_count()} cores"


@cache
def can_compile(device: str) -> bool:
    """Whether inductor works on a device, tested once by compiling one line.

    It needs a C++ compiler for a CPU and Triton for a GPU. Any error counts as "does not work".
    """
    try:
        torch.compile(lambda x: x + 1)(torch.zeros(8, device=device))
    except Exception:
        return False
    return True


def compiled_twin(model: Module) -> Module:
    """Return the network compiled by inductor, sharing the weights."""
    compiled: Module = torch.compile(model, dynamic=False)  # type: ignore[assignment]
    return compiled


def _own_gpu(chosen: str) -> str:
    """Return the GPU with this process's number on this machine."""
    if chosen != "cuda":
        raise ValueError(
            f"device {chosen!r} is one GPU, but torchrun started {count()} processes, which need "
            "one each. Give auto or cuda."
        )
    gpus, here = torch.cuda.device_count(), int(os.environ.get("LOCAL_WORLD_SIZE", count()))
    if gpus < here:
        raise ValueError(
            f"torchrun started {here} processes on this machine, which need a GPU each, but it has "
            f"{gpus}. Give torchrun --nproc-per-node {max(gpus, 1)}, or use --device cpu."
        )
    own = int(os.environ["LOCAL_RANK"])
    torch.cuda.set_device(own)  # NCCL uses the current device
    return f"cuda:{own}"


def _good_at_bfloat16(device: str) -> bool:
    if device.startswith("cuda"):
        if torch.cuda.get_device_capability(device) < (8, 0):
            return False
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return bool({"amx_bf16", "avx512_bf16"} & _cpu_flags())


def _cpu_flags() -> frozenset[str]:
    return frozenset((_cpuinfo().get("flags") or _cpuinfo().get("Features", "")).split())


@cache
def _cpuinfo() -> dict[str, str]:
    """Return what Linux says of the first processor; nothing on other systems."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    said = (line.partition(":") for line in reversed(lines))  # so that the first processor stays
    return {name.strip(): value.strip() for name, _, value in said}
