"""torch, scipy and pyarrow, imported at their first use, since importing them is slow.

In annotations, quote their classes, except `Tensor` and `Module`. Only files with subclasses of
`torch.nn.Module` import torch directly. Other files import those files inside the function that
uses them.
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
    # For annotations: jaxtyping checks the shape and dtype of any object that has them.
    Tensor = Module = Any

    class _Later:
        """Stands for a module, and imports the module at the first access to an attribute."""

        def __init__(self, name: str) -> None:
            self._name = name

        def __getattr__(self, name: str) -> object:
            return getattr(import_module(self._name), name)

    torch, dist, F = map(_Later, ("torch", "torch.distributed", "torch.nn.functional"))
    special = _Later("scipy.special")
    pa, pc, pq = map(_Later, ("pyarrow", "pyarrow.compute", "pyarrow.parquet"))
    pa_csv = _Later("pyarrow.csv")

__all__ = ["F", "Module", "Tensor", "dist", "pa", "pa_csv", "pc", "pq", "special", "torch"]
