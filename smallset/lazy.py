"""torch and scipy, imported at their first use, since importing torch takes seconds.

Only files with subclasses of `torch.nn.Module` import torch directly. Other files import those
files inside the function that uses them.
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
    # For annotations: jaxtyping checks the shape and dtype of any object that has them.
    Tensor = Module = Any

    class _Later:
        """Stands for a module, and imports the module at the first access to an attribute."""

        def __init__(self, name: str) -> None:
            self._name = name

        def __getattr__(self, name: str) -> object:
            return getattr(import_module(self._name), name)

    torch, dist, F, special = map(
        _Later, ("torch", "torch.distributed", "torch.nn.functional", "scipy.special")
    )

__all__ = ["F", "Module", "Tensor", "dist", "special", "torch"]
