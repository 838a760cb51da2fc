"""How an image becomes bytes: "png", "jpeg:90" or "webp:90"; or stays its own, "original"."""

import io
from dataclasses import dataclass
from typing import Literal

import numpy as np
import simplejpeg
from jaxtyping import UInt8
from PIL import Image

from smallset.data import ImageDataset, fit_boxes
from smallset.data.arrays import ArrayRows
from smallset.data.decode import BadImage, decode, image_format
from smallset.records import Fit, Plan

Name = Literal["png", "jpeg", "webp", "original"]

_DEFAULT_QUALITY = 90
_NAMES: dict[str, Name] = {"png": "png", "jpeg": "jpeg", "webp": "webp", "original": "original"}
_EXTENSIONS = {
    "BMP": "bmp", "GIF": "gif", "JPEG": "jpg", "JPEG2000": "jp2", "PNG": "png", "PPM": "ppm",
    "TIFF": "tif", "WEBP": "webp",
}  # fmt: skip
"""The file name's ending of each format that `data` reads."""


@dataclass(frozen=True)
class Codec:
    """An image format, and its quality (1 worst to 100 best) where it is lossy.

    "original" is no format: each file holds the bytes of a source image, in the format and size
    that they have there.
    """

    name: Name
    quality: int | None = None

    @classmethod
    def parse(cls, text: str) -> "Codec":
        """Read "png", "jpeg:QUALITY", "webp:QUALITY" (a missing quality is 90) or "original".

        Raises ValueError for another format, and for a quality that is not 1..100.
        """
        word, colon, quality = text.partition(":")
        name = _NAMES.get(word)
        if name is None:
            raise ValueError(
                f"codec {text!r} is not known. Use one of png, jpeg:QUALITY, webp:QUALITY, "
                f"original, for example jpeg:90."
            )
        if name in ("png", "original"):
            if colon:
                exact = "PNG is exact" if name == "png" else "original bytes stay as they are"
                raise ValueError(f"codec {text!r} gives a quality, but {exact}. Use {name!r}.")
            return cls(name)
        if not colon:
            return cls(name, _DEFAULT_QUALITY)
        if not (quality.isascii() and quality.isdigit() and 1 <= int(quality) <= 100):
            raise ValueError(
                f"codec {text!r} has the quality {quality!r}, which is not a whole number from 1 "
                f"to 100. Use for example {name}:90."
            )
        return cls(name, int(quality))

    def __str__(self) -> str:
        return self.name if self.quality is None else f"{self.name}:{self.quality}"

    @property
    def is_original(self) -> bool:
        """Whether files hold the source's own bytes, in several formats and sizes."""
        return self.name == "original"

    @property
    def extensions(self) -> tuple[str, ...]:
        """The file names' possible endings, without a dot: one but for original bytes."""
        if self.is_original:
            return tuple(_EXTENSIONS.values())
        return (_EXTENSIONS[self.name.upper()],)

    @property
    def files(self) -> str:
        """The pattern that matches the files in a folder: "*.png"."""
        return "*" if self.is_original else f"*.{self.extensions[0]}"

    def encode(self, pixels: UInt8[np.ndarray, "h w 3"]) -> bytes:
        """Encode RGB pixels; the same pixels give the same bytes under the same libraries.

        JPEG keeps colour at half the resolution (4:2:0), as cameras and other data sets do. Raises
        ValueError for "original", which encodes nothing.
        """
        if self.is_original:
            raise ValueError("codec 'original' was asked to encode pixels, but it only copies.")
        if self.name == "jpeg":
            assert self.quality is not None
            return bytes(
                simplejpeg.encode_jpeg(
                    np.ascontiguousarray(pixels),
                    quality=self.quality,
                    colorspace="RGB",
                    colorsubsampling="420",
                )
            )
        buffer = io.BytesIO()
        image = Image.fromarray(pixels)
        if self.name == "png":
            image.save(buffer, format="PNG", optimize=True)
        else:
            image.save(buffer, format="WEBP", quality=self.quality, method=4)
        return buffer.getvalue()

    def decode(self, encoded: bytes) -> UInt8[np.ndarray, "h w 3"]:
        """Decode a file to upright RGB.

        Raises BadImage for a damaged file and for one of another format than this codec's.
        """
        form = image_format(encoded)
        if not self.is_original and form != self.name.upper():
            raise BadImage(f"holds a {form} image, but the codec of the set is {self}")
        return decode(encoded)


def extension_of(encoded: bytes) -> str:
    """Name the file name's ending of an encoded image by its first bytes: "jpg", without a dot.

    Raises ValueError where they announce no known format.
    """
    return _EXTENSIONS[image_format(encoded)]


def check_original(plan: Plan, dataset: ImageDataset, fit: Fit) -> None:
    """Raise ValueError unless every canvas of `plan` is one whole image that has bytes of its own.

    Whole is what `fit` makes a square of. A plan of no canvas still says how many tiles there are.
    """
    why = _hindrance(plan, dataset, fit)
    if why:
        raise ValueError(
            f"codec 'original' copies the bytes of whole images, but {why}. "
            "Use another codec, such as png."
        )


def own_bytes(dataset: ImageDataset, index: int) -> bytes:
    """Read an image's bytes as the source holds them; ValueError where they are none any more."""
    encoded = dataset.encoded(index)
    try:
        image_format(encoded)
    except BadImage as error:
        raise ValueError(
            f"{dataset.id(index)!r} of {dataset.name!r} {error}, but was when it was indexed. "
            "Restore the file and run again."
        ) from error
    return encoded


def _hindrance(plan: Plan, dataset: ImageDataset, fit: Fit) -> str | None:
    tiles = plan.source.shape[1]
    if tiles > 1:
        return f"a canvas of this method shows {tiles} of them"
    if isinstance(dataset.origin, ArrayRows):
        return f"{dataset.name!r} has pixels and no encoded images"
    source = plan.source[:, 0]
    boxes = fit_boxes(dataset.sizes[source], fit)
    whole = (plan.tile_box == [0, 0, plan.size, plan.size]).all()
    if (source < 0).any() or not whole or (plan.source_box[:, 0] != boxes).any():
        return "this method shows parts of them"
    return None
