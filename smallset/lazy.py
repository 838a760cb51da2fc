"""torch and scipy, imported when something is first computed: torch takes seconds to import.

Only files that derive from `torch.nn.Module` import torch itself; whoever needs one of those
imports the file where it is used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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

    torch, dist, F, special = map(
        _Later, ("torch", "torch.distributed", "torch.nn.functional", "scipy.special")
    )

__all__ = ["F", "Module", "Tensor", "dist", "special", "torch"]
