"""How an image becomes bytes: "png", "jpeg:90" or "webp:90"."""

import io
from dataclasses import dataclass
from typing import Literal

import numpy as np
import simplejpeg
from jaxtyping import UInt8
from PIL import Image

Name = Literal["png", "jpeg", "webp"]

_DEFAULT_QUALITY = 90
_NAMES: dict[str, Name] = {"png": "png", "jpeg": "jpeg", "webp": "webp"}
_EXTENSIONS: dict[Name, str] = {"png": "png", "jpeg": "jpg", "webp": "webp"}


@dataclass(frozen=True)
class Codec:
    """An image format, and its quality (1 worst to 100 best) where it is lossy."""

    name: Name
    quality: int | None = None

    @classmethod
    def parse(cls, text: str) -> "Codec":
        """Read "png", "jpeg:QUALITY" or "webp:QUALITY"; a missing quality is 90.

        Raises ValueError for another format, and for a quality that is not 1..100.
        """
        word, colon, quality = text.partition(":")
        name = _NAMES.get(word)
        if name is None:
            raise ValueError(
                f"codec {text!r} is not known. Use one of png, jpeg:QUALITY, webp:QUALITY, "
                f"for example jpeg:90."
            )
        if name == "png":
            if colon:
                raise ValueError(f"codec {text!r} gives a quality, but PNG is exact. Use 'png'.")
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
    def extension(self) -> str:
        """The file name's ending, without a dot."""
        return _EXTENSIONS[self.name]

    def encode(self, pixels: UInt8[np.ndarray, "h w 3"]) -> bytes:
        """Encode RGB pixels; the same pixels give the same bytes under the same libraries.

        JPEG keeps colour at half the resolution (4:2:0), as cameras and other data sets do.
        """
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
        """Decode what `encode` gave. Raises ValueError or OSError where it is damaged."""
        if self.name == "jpeg":
            return np.asarray(simplejpeg.decode_jpeg(encoded, colorspace="RGB"))
        with Image.open(io.BytesIO(encoded), formats=[self.name.upper()]) as image:
            return np.array(image.convert("RGB"))
