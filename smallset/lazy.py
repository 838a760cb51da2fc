"""torch, scipy and pyarrow, imported when something of them is first used: they are slow to import.

In an annotation a class of these stands in quotes, except `Tensor` and `Module`. Files that derive
from `torch.nn.Module` import torch itself; whoever needs one of those imports the file where it is
used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.csv as pa_csv
    import pyarrow.parquet as pq
    import torch
    import torch.distributed as dist
    import torch.nn.functional as F
    from scipy import special
    from torch import Tensor
    from torch.nn import Module
else:
    # In annotations: jaxtyping then checks shape and dtype of whatever has them.
    Tensor = Module = Any

    class _Later:
        """Stands for a module, and imports it when something of it is asked for."""

        def __init__(self, name: str) -> None:
            self._name = name

        def __getattr__(self, name: str) -> object:
            return getattr(import_module(self._name), name)

    torch, dist, F = map(_Later, ("torch", "torch.distributed", "torch.nn.functional"))
    special = _Later("scipy.special")
    pa, pc, pq = map(_Later, ("pyarrow", "pyarrow.compute", "pyarrow.parquet"))
    pa_csv = _Later("pyarrow.csv")

__all__ = ["F", "Module", "Tensor", "dist", "pa", "pa_csv", "pc", "pq", "special", "torch"]
