"""A BatchNorm layer in eval mode that also reads the moments of its input, at hardly any cost.

In each channel, the gradient of a cost of the moments is the layer's input times one number, plus
another. The layer's own gradient is the gradient of its output times a number. One pass adds both.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from smallset.shapes import Float, Float32, Int64

# Numbers of a row in the passes over all channels: short rows waste the processor's width.
_ROW = 512

_read_moments = torch.ops.aten.batch_norm_update_stats.default


class Tap:
    """The moments of a layer's input in the last forward pass, and the gradient of their cost.

    Set `slope` and `shift` between a forward pass and its backward pass. In each channel, the
    gradient of the cost to the input x is slope * x + shift. `slope` is repeated `repeats` times.
    """

    slope: Tensor
    shift: Float32[Tensor, " d"]

    def __init__(self, norm: nn.BatchNorm2d) -> None:
        mean, variance = norm.running_mean, norm.running_var
        assert mean is not None  # layers without running statistics are not tapped
        assert variance is not None
        scale = (variance + norm.eps).rsqrt()
        self.scale = scale * norm.weight if norm.affine else scale
        self.mean, self.variance = mean, variance
        self.pixels, self.dtype = 0, scale.dtype
        self._own = norm.weight, norm.bias, mean, variance, False, 0.0, norm.eps, False
        self._plain = torch.zeros_like(scale), torch.ones_like(scale), False, 0.0, 0.0, False
        norm.forward = self._forward  # type: ignore[method-assign,assignment]

    @property
    def repeats(self) -> int:
        """How often `slope` is repeated: a power of two that divides the pixels of all images."""
        wanted = max(1, _ROW // len(self.scale))
        return min(self.pixels & -self.pixels, 1 << (wanted.bit_length() - 1))

    def normalised(self, x: Tensor) -> Tensor:
        """Read the moments of the input, and return the layer's output."""
        self.pixels, self.dtype = x.numel() // x.shape[1], x.dtype
        self.mean, self.variance = channel_moments(x)
        return torch.batch_norm(x, *self._own)

    def gradient(self, x: Tensor, to_y: Tensor) -> Tensor:
        """Return the gradient to the input `x`, from `to_y` to the output and from the cost."""
        # A BatchNorm of mean 0 and variance 1 multiplies by one number and adds another.
        gradient = torch.batch_norm(to_y, self.scale, self.shift, *self._plain)
        shape, slope = (-1, self.slope.shape[0]), self.slope
        into = gradient.permute(0, 2, 3, 1).view(shape)
        into.addcmul_(x.permute(0, 2, 3, 1).view(shape), slope)
        return gradient

    def _forward(self, x: Tensor) -> Tensor:
        y: Tensor = _Tapped.apply(x, self)  # type: ignore[no-untyped-call]
        return y


class _Tapped(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Float[Tensor, "b d h w"], tap: Tap) -> Tensor:
        x = x.contiguous(memory_format=torch.channels_last)
        ctx.save_for_backward(x)
        ctx.tap = tap
        return tap.normalised(x)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, to_y: Tensor) -> tuple[Tensor, None]:
        (x,) = ctx.saved_tensors
        return ctx.tap.gradient(x, to_y.contiguous(memory_format=torch.channels_last)), None


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
    # Twelve times faster than var_mean in channels_last. Its running statistics are not used.
    scratch = torch.zeros((2, x.shape[1]))
    found: tuple[Tensor, Tensor] = _read_moments(x, scratch[0], scratch[1], 0.0)
    return found


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
        """Return the sum. `lengths` holds the pieces' lengths, `owner` the piece of each number."""
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
