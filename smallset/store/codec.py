"""Codecs: "png", "jpeg:90", "webp:90" and "avif:90" encode, "original" keeps the source's bytes."""

import io
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import PIL
import simplejpeg
from PIL import Image, features

from smallset.data.decode import BadImage, decode, image_format
from smallset.shapes import UInt8

Name = Literal["png", "jpeg", "webp", "avif", "original"]

_DEFAULT_QUALITY = 90
_NAMES: dict[str, Name] = {name: name for name in get_args(Name)}
_EXTENSIONS = {
    "AVIF": "avif", "BMP": "bmp", "GIF": "gif", "JPEG": "jpg", "JPEG2000": "jp2", "PNG": "png",
    "PPM": "ppm", "TIFF": "tif", "WEBP": "webp",
}  # fmt: skip
"""The file extension of each format that `data` reads."""


@dataclass(frozen=True)
class Codec:
    """An image format, with a quality from 1 (worst) to 100 (best) if it is lossy.

    "original" is not a format: each file holds the bytes of a source image, in its own format and
    size.
    """

    name: Name
    quality: int | None = None

    @classmethod
    def parse(cls, text: str) -> "Codec":
        """Read "png", "jpeg:QUALITY", "webp:QUALITY", "avif:QUALITY" or "original".

        A missing quality is 90. Raises ValueError for another format, for a quality outside 1..100
        and for AVIF if Pillow cannot write it.
        """
        word, colon, quality = text.partition(":")
        name = _NAMES.get(word)
        if name is None:
            raise ValueError(
                f"codec {text!r} is not known. Use one of png, jpeg:QUALITY, webp:QUALITY, "
                f"avif:QUALITY, original, for example jpeg:90."
            )
        if name == "avif" and not features.check("avif"):
            raise ValueError(
                f"codec {text!r} was given, but Pillow {PIL.__version__} here has no AVIF. Needed "
                "Pillow 11.3 or newer: pip install --upgrade pillow. Or use webp."
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
        """Whether files hold the source's bytes, which may have several formats and sizes."""
        return self.name == "original"

    @property
    def files(self) -> str:
        """The pattern that matches the files in a folder, such as "*.png"."""
        return "*" if self.is_original else f"*.{_EXTENSIONS[self.name.upper()]}"

    def encode(self, pixels: UInt8[np.ndarray, "h w 3"]) -> bytes:
        """Encode RGB pixels. Equal pixels give equal bytes under the same libraries.

        JPEG stores colour at half the resolution (4:2:0), as cameras and other data sets do. Raises
        ValueError for "original", which only copies.
        """
        if self.is_original:
            raise ValueError(
                "codec 'original' was asked to encode pixels, but it only copies. Use another "
                "codec, such as png."
            )
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
        elif self.name == "webp":
            image.save(buffer, format="WEBP", quality=self.quality, method=4)
        else:  # one thread: the bytes of AVIF depend on the number of threads
            image.save(buffer, format="AVIF", quality=self.quality, max_threads=1)
        return buffer.getvalue()

    def decode(self, encoded: bytes) -> UInt8[np.ndarray, "h w 3"]:
        """Decode a file to upright RGB.

        Raises BadImage for a damaged file and for a file in another format.
        """
        form = image_format(encoded)
        if not self.is_original and form != self.name.upper():
            raise BadImage(f"holds a {form} image, but the codec of the set is {self}")
        return decode(encoded)


def extension_of(encoded: bytes) -> str:
    """Return the file extension of an encoded image, without a dot, from its first bytes.

    Raises ValueError if the format is unknown.
    """
    return _EXTENSIONS[image_format(encoded)]
