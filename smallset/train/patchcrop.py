"""PatchCrop: the A of PCA as a drop-in transform for other people's training loops."""

from dataclasses import KW_ONLY, dataclass
from typing import TypeVar, overload

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Int32
from PIL import Image
from torch import Tensor

from smallset.train.views import Drawn, Patch, crop_boxes

T = TypeVar("T")
_NUMBERS = 24  # what `crop_boxes` takes an image; the last two are the flip and the tile
_UNBLENDABLE = ("1", "P")  # modes that Pillow can only resize to the nearest pixel


@dataclass(frozen=True)
class PatchCrop:
    """Random resized crop inside one random tile of a mosaic, then a random mirror image.

    The canvas is a grid of `factor` x `factor` tiles with edges at `(k * side) // factor`. One is
    drawn uniformly, in it a crop as `smallset.train.views.Patch` draws it: `scale` is the range of
    its share of the tile's area, `ratio` of width to height, `flip` the probability of a mirror
    image. It is resized (bilinear, antialiased) to `size` x `size` pixels, or to the canvas's own
    sides with `size=None`; no pixel of a neighbouring tile is ever read.

    Draws from torch's global random state, so `torch.manual_seed` and DataLoader worker seeds hold.
    Raises ValueError for options out of range.
    """

    size: int | None = None
    _: KW_ONLY
    factor: int = 2
    scale: tuple[float, float] = (0.08, 1.0)
    ratio: tuple[float, float] = (3 / 4, 4 / 3)
    flip: float = 0.5

    def __post_init__(self) -> None:
        if self.size is not None and self.size < 1:
            raise ValueError(
                f"PatchCrop's size={self.size} leaves no pixel. Give the side in pixels, at least "
                "1, or None for the canvas's own."
            )
        if self.factor < 1:
            raise ValueError(
                f"PatchCrop's factor={self.factor} leaves no tile. Give the tiles a side, at "
                "least 1."
            )
        Patch(self.scale, self.ratio, self.flip)  # raises where these are out of range

    @overload
    def __call__(self, image: T, /) -> T: ...

    @overload
    def __call__(self, image: T, /, *rest: object) -> tuple[object, ...]: ...

    def __call__(self, image: object, /, *rest: object) -> object:
        """Crop a PIL image, a tensor (3, h, w), or each item of a batch (b, 3, h, w) on its own.

        Gives the same kind and dtype back; uint8 and floating-point tensors of any range. Called
        with more (`label`, ...), or with one tuple that begins with the image, it gives a tuple
        with the rest unchanged. Raises ValueError for anything else.
        """
        if rest:
            return (self(image), *rest)
        if isinstance(image, tuple) and image:
            return (self(image[0]), *image[1:])
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
        numbers = torch.rand(count, _NUMBERS, dtype=torch.float64, device="cpu").numpy()
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
        batch = image.reshape(-1, 3, height, width)
        drawn = self.draw(len(batch), height=height, width=width)
        sides = self._sides(height, width)
        out = batch.new_empty((len(batch), 3, *sides))
        boxes = drawn.box.tolist()
        for i, (left, top, right, bottom) in enumerate(boxes):
            view = _resized(batch[i : i + 1, :, top:bottom, left:right], sides)[0]
            out[i] = view.flip(-1) if drawn.flip[i] else view
        # A tv_tensor stays one, so that the transforms after this one still know it.
        return out.reshape(*image.shape[:-2], *sides).as_subclass(type(image))


def _resized(crop: Tensor, sides: tuple[int, int]) -> Tensor:
    """Resize (1, 3, h, w), rounding where the dtype is uint8."""
    if crop.dtype in (torch.float32, torch.float64) or (
        crop.dtype == torch.uint8 and crop.device.type == "cpu"
    ):
        return F.interpolate(crop, sides, mode="bilinear", antialias=True)
    # The kernel for the other types exists on some devices only.
    wide = F.interpolate(crop.float(), sides, mode="bilinear", antialias=True)
    return (wide.round() if crop.dtype == torch.uint8 else wide).to(crop.dtype)
