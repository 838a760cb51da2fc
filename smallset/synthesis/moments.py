"""A BatchNorm layer in eval mode that also reads the moments of its input, at hardly any cost.

What a cost of the moments gives back to the input is the input times one number plus another, for
each channel. The layer itself gives back its own gradient times a number. Both are one pass here.
"""

from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float, Float32, Int64
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

# Numbers of a row in the passes over all channels: short rows waste the processor's width.
_ROW = 512


class Tap:
    """A layer's input moments of the last forward pass, and what a cost of them gives back.

    `slope` and `shift` are set between a forward pass and its backward pass: the gradient of the
    cost to the input x is slope x + shift, by channel. `slope` is repeated `repeats` times.
    """

    slope: Tensor
    shift: Float32[Tensor, " d"]

    def __init__(self, norm: nn.BatchNorm2d) -> None:
        assert norm.running_var is not None  # layers without are not tapped
        scale = (norm.running_var + norm.eps).rsqrt()
        self.norm = norm
        self.scale = scale * norm.weight if norm.affine else scale
        self._zero, self._one = torch.zeros_like(scale), torch.ones_like(scale)
        self.mean, self.variance = self._zero, self._one
        self.pixels, self.dtype = 0, torch.float32
        norm.forward = self._forward  # type: ignore[method-assign,assignment]

    @property
    def repeats(self) -> int:
        """How often `slope` is repeated: a power of two that divides the pixels of all images."""
        wanted = max(1, _ROW // len(self.scale))
        return min(self.pixels & -self.pixels, 1 << (wanted.bit_length() - 1))

    def scaled(self, x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
        """Return x times `scale` plus `shift` by channel: a BatchNorm of mean 0 and variance 1."""
        return F.batch_norm(x, self._zero, self._one, scale, shift, eps=0.0)

    def read(self, x: Float[Tensor, "b d h w"]) -> None:
        """Read the float32 mean and biased variance over images, rows and columns."""
        self.pixels, self.dtype = x.numel() // x.shape[1], x.dtype
        self.mean, self.variance = channel_moments(x)

    def _forward(self, x: Tensor) -> Tensor:
        x = x.contiguous(memory_format=torch.channels_last)
        y: Tensor = _Tapped.apply(x, self)  # type: ignore[no-untyped-call]
        return y


class _Tapped(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Float[Tensor, "b d h w"], tap: Tap) -> Tensor:
        tap.read(x)
        ctx.save_for_backward(x)
        ctx.tap, norm = tap, tap.norm
        own = norm.running_mean, norm.running_var, norm.weight, norm.bias
        return F.batch_norm(x, *own, eps=norm.eps)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, to_y: Tensor) -> tuple[Tensor, None]:
        (x,), tap = ctx.saved_tensors, ctx.tap
        to_y = to_y.contiguous(memory_format=torch.channels_last)
        gradient = tap.scaled(to_y, tap.scale, tap.shift)  # fresh: it may be added to in place
        width = len(tap.slope)
        rows = (t.as_strided((t.numel() // width, width), (width, 1)) for t in (gradient, x))
        next(rows).addcmul_(next(rows), tap.slope)
        return gradient, None


class Moments(torch.autograd.Function):
    """The float32 mean and biased variance of each channel over images, rows and columns."""

    @staticmethod
    def forward(ctx: Any, x: Float[Tensor, "b d h w"]) -> tuple[Tensor, Tensor]:
        """Return means and variances."""
        mean, variance = channel_moments(x)
        ctx.save_for_backward(x, mean)
        return mean, variance

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, to_mean: Tensor, to_variance: Tensor) -> Tensor:
        """Return the gradient to the input: a slope times the input, plus a shift, by channel."""
        x, mean = ctx.saved_tensors
        each = x.shape[1] / x.numel()
        slope = to_variance * (2 * each)
        zero, one = torch.zeros_like(mean), torch.ones_like(mean)
        return F.batch_norm(x, zero, one, slope, to_mean * each - slope * mean, eps=0.0)


def channel_moments(x: Float[Tensor, "b d h w"]) -> tuple[Tensor, Tensor]:
    """Return the float32 mean and biased variance of each channel."""
    if x.is_cuda:
        variance, mean = torch.var_mean(x.float(), (0, 2, 3), correction=0)
        return mean, variance
    # Twelve times faster than var_mean in channels_last; the running statistics are scratch.
    scratch = torch.zeros(x.shape[1])
    mean, variance = torch.ops.aten.batch_norm_update_stats(x, scratch, scratch.clone(), 0.0)
    return mean, variance


class Norms(torch.autograd.Function):
    """A weighted sum of Euclidean norms of pieces of a vector. The gradient of a norm of 0 is 0."""

    @staticmethod
    def forward(
        ctx: Any,
        vector: Float32[Tensor, " n"],
        lengths: Int64[Tensor, " k"],
        owner: Int64[Tensor, " n"],
        weights: Float32[Tensor, " k"],
    ) -> Float32[Tensor, ""]:
        """Return the sum. `lengths` are those of the pieces, `owner` is the piece of a number."""
        norms = torch.segment_reduce(vector.square(), "sum", lengths=lengths).sqrt()
        factors = torch.where(norms > 0, weights / norms, 0)
        ctx.save_for_backward(vector, factors[owner])
        return weights @ norms

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, to_sum: Tensor) -> tuple[Tensor, None, None, None]:
        """Return the gradient to the vector."""
        vector, factors = ctx.saved_tensors
        return to_sum * vector * factors, None, None, None
