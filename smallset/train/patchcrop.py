"""PatchCrop: the A (augment) of PCA as a drop-in transform for other people's training loops."""

from numbers import Real

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn

from smallset.numbers import check_number
from smallset.shapes import Int32
from smallset.train.views import NUMBERS, Drawn, Patch, crop_boxes

_UNBLENDABLE = ("1", "P")  # modes that Pillow can resize only by nearest neighbour


class PatchCrop(nn.Module):
    """Random resized crop inside one random tile of a mosaic, then a random mirror image.

    The canvas is a grid of `factor` x `factor` tiles with edges at `(k * side) // factor`. One tile
    is drawn uniformly, then a crop inside it, as `smallset.train.views.Patch` does. `scale` is the
    range of the crop's share of the tile's area, `ratio` the range of width to height, and `flip`
    the probability of a mirror image. The crop is resized (bilinear, antialiased) to `size` x
    `size` pixels, or to the canvas's own sides with `size=None`. Pixels of other tiles are never
    read.

    Draws come from torch's global random state, so `torch.manual_seed` and the seeds of DataLoader
    workers apply. Like torchvision's transforms, it also crops in eval mode. Raises ValueError for
    options of another type or out of range.
    """

    def __init__(
        self,
        size: int | None = None,
        *,
        factor: int = 2,
        scale: tuple[float, float] = (0.08, 1.0),
        ratio: tuple[float, float] = (3 / 4, 4 / 3),
        flip: float = 0.5,
    ) -> None:
        super().__init__()
        if size is not None:
            size = check_number("PatchCrop's size", size, least=1, unit="the side in pixels")
        self.size = size
        self.factor = check_number("PatchCrop's factor", factor, least=1, unit="the tiles a side")
        self.scale, self.ratio = _pair("scale", scale), _pair("ratio", ratio)
        if not _is_number(flip):
            raise ValueError(
                f"PatchCrop's flip={flip!r} is not a number. Give a probability, such as flip=0.5."
            )
        self.flip = float(flip)
        Patch(self.scale, self.ratio, self.flip)  # raises ValueError if an option is out of range

    def extra_repr(self) -> str:
        """Return the constructor's options as text."""
        return (
            f"size={self.size}, factor={self.factor}, scale={self.scale}, ratio={self.ratio}, "
            f"flip={self.flip}"
        )

    def forward(self, image: object, /, *rest: object) -> object:
        """Crop a PIL image, a tensor (3, h, w), or each item of a batch (b, 3, h, w) on its own.

        The result has the same kind, dtype and memory format. Tensors are uint8, or floating point
        of any range. If called with more arguments (`label`, ...) or with one tuple that begins
        with the image, return a tuple with the rest unchanged. Raises ValueError for anything else.
        """
        if rest:
            return (self.forward(image), *rest)
        if isinstance(image, tuple) and image:
            return (self.forward(image[0]), *image[1:])
        if isinstance(image, Image.Image):
            return self._pil(image)
        if isinstance(image, Tensor):
            return self._tensor(image)
        raise ValueError(
            f"PatchCrop was given a {type(image).__module__}.{type(image).__qualname__}, but needs "
            "a PIL image or a tensor of shape (3, h, w) or (b, 3, h, w). Convert it first, for "
            "example with torch.from_numpy(array).permute(2, 0, 1)."
        )

    def draw(self, count: int, *, height: int, width: int) -> Drawn:
        """Draw the crops of `count` canvases of `height` x `width` pixels."""
        if min(height, width) < self.factor:
            raise ValueError(
                f"a canvas of {width} x {height} px has no room for PatchCrop's factor="
                f"{self.factor} tiles a side. Use factor<={min(height, width)} or larger images."
            )
        numbers = torch.rand(count, NUMBERS, dtype=torch.float64, device="cpu").numpy()
        # `crop_boxes` uses the first numbers. The last two are for the flip and the tile.
        tile = (numbers[:, -1] * self.factor**2).astype(np.int64)
        row, column = np.divmod(tile, self.factor)
        area = self._tiles(column, row, height=height, width=width)
        return Drawn(crop_boxes(area, numbers, self.scale, self.ratio), numbers[:, -2] < self.flip)

    def _tiles(
        self, column: np.ndarray, row: np.ndarray, *, height: int, width: int
    ) -> Int32[np.ndarray, "k 4"]:
        left, right = (column * width) // self.factor, ((column + 1) * width) // self.factor
        top, bottom = (row * height) // self.factor, ((row + 1) * height) // self.factor
        return np.stack([left, top, right, bottom], axis=1).astype(np.int32)

    def _sides(self, height: int, width: int) -> tuple[int, int]:
        return (height, width) if self.size is None else (self.size, self.size)

    def _pil(self, image: Image.Image) -> Image.Image:
        if image.mode in _UNBLENDABLE:
            raise ValueError(
                f"PatchCrop was given a PIL image of mode {image.mode!r}, but needs one whose "
                "pixels can be blended. Convert it first: image.convert('RGB')."
            )
        height, width = self._sides(image.height, image.width)
        drawn = self.draw(1, height=image.height, width=image.width)
        # Cropped before the resize: Pillow's resize(box=...) reads beyond the box at its edges.
        left, top, right, bottom = drawn.box[0].tolist()
        view = image.crop((left, top, right, bottom))
        view = view.resize((width, height), Image.Resampling.BILINEAR)
        return view.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if drawn.flip[0] else view

    def _tensor(self, image: Tensor) -> Tensor:
        colour = image.ndim in (3, 4) and image.shape[-3] == 3
        if not colour or not (image.dtype == torch.uint8 or image.is_floating_point()):
            raise ValueError(
                f"PatchCrop was given a {image.dtype} tensor of shape {tuple(image.shape)}, but "
                "needs uint8 or floating point of shape (3, h, w) or (b, 3, h, w). "
                "Convert it first."
            )
        height, width = image.shape[-2:]
        batch = image if image.ndim == 4 else image[None]
        drawn = self.draw(len(batch), height=height, width=width)
        sides = self._sides(height, width)
        out = torch.empty(
            (len(batch), 3, *sides),
            dtype=image.dtype,
            device=image.device,
            memory_format=_format_of(image),
        )
        boxes = drawn.box.tolist()
        for i, (left, top, right, bottom) in enumerate(boxes):
            view = _resized(batch[i : i + 1, :, top:bottom, left:right], sides)[0]
            out[i] = view.flip(-1) if drawn.flip[i] else view
        # Keep a tv_tensor, so that later transforms still recognise it.
        return (out if image.ndim == 4 else out[0]).as_subclass(type(image))


def _resized(crop: Tensor, sides: tuple[int, int]) -> Tensor:
    """Resize (1, 3, h, w); uint8 values are rounded."""
    if crop.dtype in (torch.float32, torch.float64) or (
        crop.dtype == torch.uint8 and crop.device.type == "cpu"
    ):
        return F.interpolate(crop, sides, mode="bilinear", antialias=True)
    # The kernel for the other types exists on some devices only.
    wide = F.interpolate(crop.float(), sides, mode="bilinear", antialias=True)
    return (wide.round() if crop.dtype == torch.uint8 else wide).to(crop.dtype)


def _format_of(image: Tensor) -> torch.memory_format:
    """Return the memory format of an image or a batch: contiguous, or else channels_last."""
    if image.ndim == 3 or image.is_contiguous():
        return torch.contiguous_format
    last = image.is_contiguous(memory_format=torch.channels_last)
    return torch.channels_last if last else torch.contiguous_format


def _pair(name: str, value: object) -> tuple[float, float]:
    pair = tuple(value) if isinstance(value, tuple | list) else ()
    if len(pair) != 2 or not all(map(_is_number, pair)):
        raise ValueError(
            f"PatchCrop's {name}={value!r} is not a pair of numbers. Give the lowest and the "
            f"highest, such as {name}=(0.8, 1.0)."
        )
    low, high = pair
    return float(low), float(high)


def _is_number(value: object) -> bool:
    # True is a number to Python, but a mistake here.
    return isinstance(value, Real) and not isinstance(value, bool)
