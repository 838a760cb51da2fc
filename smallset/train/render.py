"""Render the views of a batch: from boxes and flips to network input."""

import numpy as np

from smallset.lazy import F, Tensor, torch
from smallset.shapes import Float32, Int32, UInt8
from smallset.train.views import Drawn

RENDER_VERSION = "render-1"
# Up to this side, one call for the batch is faster than one for each image (benchmarks/views.py).
_BATCHED_UP_TO = 64


def render(
    images: UInt8[Tensor, "b 3 s s"], views: Drawn, *, size: int
) -> Float32[Tensor, "b 3 t t"]:
    """Resize each image's box to `size` x `size`, mirror it if `flip`, and scale to 0..1.

    The resize is bilinear, on the images' device, and reads only pixels inside the box. If `size`
    is smaller than the images, shrinking is antialiased.
    """
    enlarging = size >= images.shape[-1]
    if enlarging and (images.is_cuda or size <= _BATCHED_UP_TO):
        return _batched(images, views, size)
    return _one_by_one(images, views, size)


def paste(
    pixels: Float32[Tensor, "b 3 t t"],
    partners: Float32[Tensor, "b 3 t t"],
    box: Int32[np.ndarray, "b 4"],
) -> Float32[Tensor, "b 3 t t"]:
    """Fill each image's box (left, top, right, bottom) with its partner's pixels there (CutMix)."""
    if pixels.shape[-1] > _BATCHED_UP_TO and not pixels.is_cuda:
        pixels = pixels.clone()
        for own, other, (left, top, right, bottom) in zip(
            pixels, partners, box.tolist(), strict=True
        ):
            own[:, top:bottom, left:right] = other[:, top:bottom, left:right]
        return pixels
    left, top, right, bottom = torch.from_numpy(box).to(pixels.device).T[:, :, None]  # (b, 1) each
    at = torch.arange(pixels.shape[-1], device=pixels.device)  # (t,)
    across = (left <= at) & (at < right)  # (b, t)
    down = (top <= at) & (at < bottom)
    return torch.where((down[:, :, None] & across[:, None, :])[:, None], partners, pixels)


def to_unit(images: UInt8[Tensor, "b 3 s s"]) -> Float32[Tensor, "b 3 s s"]:
    """Scale uint8 pixels to 0..1, in channels_last, which is fast for convolutions."""
    return images.to(torch.float32, memory_format=torch.channels_last).div_(255)


def _batched(
    images: UInt8[Tensor, "b 3 s s"], views: Drawn, size: int
) -> Float32[Tensor, "b 3 t t"]:
    # grid_sample is exact at pixel centres only if the side is a power of two. With other sides, a
    # clamped point is slightly off, and a neighbour gets a weight of 1e-5.
    side = 1 << (images.shape[-1] - 1).bit_length()
    box = torch.from_numpy(views.box).to(images.device, torch.float32)  # (b, 4)
    flip = torch.from_numpy(views.flip).to(images.device)
    centres = torch.arange(size, device=images.device, dtype=torch.float32) + 0.5  # (t,)
    across = torch.where(flip[:, None], size - centres, centres)  # (b, t)
    # Clamped to the centres of the box's outer pixels, so that pixels outside get no weight.
    x = box[:, :1] + across * (box[:, 2:3] - box[:, :1]) / size
    x = torch.minimum(torch.maximum(x, box[:, :1] + 0.5), box[:, 2:3] - 0.5)
    y = box[:, 1:2] + centres * (box[:, 3:] - box[:, 1:2]) / size
    y = torch.minimum(torch.maximum(y, box[:, 1:2] + 0.5), box[:, 3:] - 0.5)
    grid = torch.stack(
        [
            (x * (2 / side) - 1)[:, None, :].expand(-1, size, -1),
            (y * (2 / side) - 1)[:, :, None].expand(-1, -1, size),
        ],
        dim=-1,
    )
    beyond = side - images.shape[-1]
    pixels = F.pad(to_unit(images), (0, beyond, 0, beyond)) if beyond else to_unit(images)
    return F.grid_sample(pixels, grid, padding_mode="border", align_corners=False)


def _one_by_one(
    images: UInt8[Tensor, "b 3 s s"], views: Drawn, size: int
) -> Float32[Tensor, "b 3 t t"]:
    source = images.contiguous(memory_format=torch.channels_last)
    out = torch.empty((len(images), 3, size, size), dtype=torch.uint8, device=images.device).to(
        memory_format=torch.channels_last
    )
    for i, (left, top, right, bottom) in enumerate(views.box.tolist()):
        crop = source[i : i + 1, :, top:bottom, left:right]
        # uint8 in channels_last uses torch's integer kernel, twice as fast as Pillow.
        out[i] = F.interpolate(crop, (size, size), mode="bilinear", antialias=True)[0]
    mirrored = np.flatnonzero(views.flip)
    if len(mirrored):
        out[mirrored] = out[mirrored].flip(-1)
    return to_unit(out)
