"""Statistics of cells: what stands where in a layer's input, over all images and channels."""

from smallset.lazy import F, Tensor, torch
from smallset.shapes import Float, Float32
from smallset.synthesis.augment import linear_map, mapped


def cell_sums(
    x: Float[Tensor, "b d h w"], patch: int
) -> tuple[Float32[Tensor, "b k"], Float32[Tensor, "b k"]]:
    """Return each image's mean and mean square in each cell, over channels and pixels.

    The map is enlarged to whole cells of `patch` x `patch` pixels, which stand row by row.
    """
    x = x.float()
    if x.shape[2] % patch or x.shape[3] % patch:
        whole = (linear_map(0, n, inside=n, to=-(-n // patch) * patch) for n in x.shape[2:])
        with torch.autocast(x.device.type, enabled=False):  # autocast would round
            x = mapped(x, *whole)
    mean, square = (
        F.avg_pool2d(y.mean(1, keepdim=True), patch).flatten(1) for y in (x, x.square())
    )
    return mean, square


def channel_sums(
    x: Float[Tensor, "b d h w"],
) -> tuple[Float32[Tensor, "b d"], Float32[Tensor, "b d"]]:
    """Return each image's mean and mean square in each channel."""
    x = x.float()
    return x.mean((2, 3)), x.square().mean((2, 3))


def over_images(
    mean: Float32[Tensor, "b k"], square: Float32[Tensor, "b k"]
) -> tuple[Float32[Tensor, " k"], Float32[Tensor, " k"]]:
    """Return the mean and the biased variance over images that have equal weight."""
    whole = mean.mean(0)
    return whole, square.mean(0) - whole.square()
