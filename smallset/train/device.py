"""Where and in which precision arithmetic runs, decided once and recorded."""

import os
import platform
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from smallset.lazy import Module, Tensor, torch
from smallset.train.processes import count

Precision = Literal["float32", "bfloat16"]


@cache
def _all_threads() -> int:
    """Count the threads that `workers=0` means, first asked before any call sets another number."""
    return torch.get_num_threads()


@dataclass(frozen=True)
class Machine:
    """A device, an arithmetic and a number of CPU threads: with the seeds, all bits depend on.

    `processes` share each batch, every one with a device and threads of its own.
    """

    device: str
    precision: Precision
    threads: int
    processes: int = 1

    @property
    def kind(self) -> str:
        """`cpu` or `cuda`, without the index."""
        return self.device.partition(":")[0]

    def autocast(self) -> "torch.autocast":
        """Give the context in which networks run."""
        return torch.autocast(self.kind, torch.bfloat16, enabled=self.precision == "bfloat16")

    def place(self, model: Module, *, channels_last: bool = True) -> Module:
        """Move a network here; in channels_last, the layout most convolutions are fastest in."""
        placed: Module = model.to(self.device)
        layout = torch.channels_last if channels_last else torch.contiguous_format
        return placed.to(memory_format=layout)  # type: ignore[call-overload, no-any-return]


def check_words(*, device: str, precision: str, workers: int) -> None:
    """Raise ValueError for a device or precision that is no known word, or negative workers."""
    if workers < 0:
        raise ValueError(
            f"workers={workers} is negative. Give the number of threads, or 0 for all cores."
        )
    if not re.fullmatch(r"auto|cpu|cuda(:\d+)?", device):
        raise ValueError(f"device {device!r} is not known. Give auto, cpu, cuda or cuda:N.")
    if precision not in ("auto", "float32", "bfloat16"):
        raise ValueError(f"precision {precision!r} is not known. Give auto, float32 or bfloat16.")


def machine(*, device: str = "auto", precision: str = "auto", workers: int = 0) -> Machine:
    """Settle device, precision and threads; `auto` and 0 take what is best here.

    Sets torch's thread count for this process (0: `OMP_NUM_THREADS` or all cores). Of several
    processes each takes the GPU of its own number. Raises ValueError for a device that is not
    there, too few GPUs, an unknown precision or a negative count.
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
    kind = chosen.partition(":")[0]
    if kind == "cuda":
        # Same seed, same bytes: no kernel picked by timing, none that adds in an order of its own,
        # and float32 means float32.
        torch.backends.cudnn.deterministic = True
        torch.backends.cudnn.benchmark = False
        torch.backends.cudnn.allow_tf32 = False
        torch.backends.cuda.matmul.allow_tf32 = False
    if precision == "auto":
        precision = "bfloat16" if _good_at_bfloat16(chosen) else "float32"
    return Machine(chosen, precision, torch.get_num_threads(), count())  # type: ignore[arg-type]


def hardware(device: str, processes: int = 1) -> str:
    """Name the processor that did the work, for the record; "2 x" where two processes did."""
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
    """Whether inductor works here, found out by compiling one line, once.

    It needs a C++ compiler for the CPU and Triton for a GPU; a broken one is as good as none.
    """
    try:
        torch.compile(_one_more)(torch.zeros(8, device=device))
    except Exception:
        return False
    return True


def compiled_twin(model: Module) -> Module:
    """Give the network as inductor compiles it, sharing its weights."""
    compiled: Module = torch.compile(model, dynamic=False)  # type: ignore[assignment]
    return compiled


def _own_gpu(chosen: str) -> str:
    """Give this process the GPU of its number on this machine."""
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
    torch.cuda.set_device(own)  # where NCCL looks
    return f"cuda:{own}"


def _one_more(x: Tensor) -> Tensor:
    return x + 1


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
