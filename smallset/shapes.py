"""Annotations of arrays: jaxtyping's if jaxtyping is loaded, else the bare class of the array.

Only a check reads dtypes and shapes, and importing jaxtyping takes as long as importing numpy.
A process that checks must import jaxtyping first, as the tests of this package do.
"""

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING or "jaxtyping" in sys.modules:
    from jaxtyping import Bool, Float, Float32, Float64, Int, Int32, Int64, Shaped, UInt8
else:

    class _Bare:
        """Stands for a dtype of jaxtyping, and ignores dtype and shape."""

        def __class_getitem__(cls, given: tuple[type, str]) -> type:
            return given[0]

    Bool = Float = Float32 = Float64 = Int = Int32 = Int64 = Shaped = UInt8 = _Bare

__all__ = ["Bool", "Float", "Float32", "Float64", "Int", "Int32", "Int64", "Shaped", "UInt8"]
