"""Encoded bytes to RGB pixels, the same for every format, or one plain reason why not.

JPEGs without EXIF go through simplejpeg, everything else through Pillow; both use the exact integer
transform, so the way taken does not show in the pixels. Colour profiles are ignored.
"""

import io
from pathlib import PurePosixPath

import numpy as np
import simplejpeg
from jaxtyping import UInt8
from PIL import Image, ImageOps

DECODE_VERSION = 1
"""Part of every cache key; goes up whenever the same bytes would decode to other pixels."""

EXTENSIONS = {
    ".bmp": "BMP",
    ".gif": "GIF",
    ".jfif": "JPEG",
    ".jp2": "JPEG2000",
    ".jpe": "JPEG",
    ".jpeg": "JPEG",
    ".jpg": "JPEG",
    ".pbm": "PPM",
    ".pgm": "PPM",
    ".png": "PNG",
    ".pnm": "PPM",
    ".ppm": "PPM",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".webp": "WEBP",
}
"""The image file extensions that are read, in lower case, and the format each one promises."""

_MAGIC = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"BM", "BMP"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
    (b"\0\0\0\x0cjP  ", "JPEG2000"),
    (b"\xff\x4f\xff\x51", "JPEG2000"),
    *((b"P%d" % kind, "PPM") for kind in range(1, 7)),
)
_RGB_AFTER_CONVERT = frozenset({"1", "L", "RGB", "RGBX", "P", "CMYK", "YCbCr", "HSV"})
_WITH_ALPHA = frozenset({"LA", "La", "PA", "RGBA", "RGBa"})
_INTEGER_GREY = frozenset({"I", "I;16", "I;16B", "I;16L"})
_ORIENTATION = frozenset({"exif", "xmp", "XML:com.adobe.xmp", "Raw profile type exif"})


class BadImage(ValueError):
    """Bytes that are not a usable image; the message completes "the file ...": "is empty"."""


def decode(data: bytes) -> UInt8[np.ndarray, "h w 3"]:
    """Decode an image to RGB in 0..255, turned upright as its EXIF says.

    Grey is repeated over the channels, transparency is laid over white, CMYK is converted, 16-bit
    grey is scaled by 1/257 (not clipped), an animation gives its first frame.

    Raises BadImage for bytes that are empty, damaged, cut short, of an unknown format, in floating
    point, or larger than `PIL.Image.MAX_IMAGE_PIXELS`.
    """
    form = image_format(data)
    if form == "JPEG":
        pixels = _plain_jpeg(data)
        if pixels is not None:
            return pixels
    return _rgb(_load(data, form))


def measure(data: bytes) -> tuple[int, int]:
    """Give the upright (width, height) in pixels, after a full decode; raises as `decode`."""
    form = image_format(data)
    if form == "JPEG":
        pixels = _plain_jpeg(data)
        if pixels is not None:
            return pixels.shape[1], pixels.shape[0]
    image = _load(data, form)
    if image.mode not in _RGB_AFTER_CONVERT and image.mode not in _WITH_ALPHA:
        _rgb(image)
    return image.size


def image_format(data: bytes) -> str:
    """Name the format that the first bytes announce; raises BadImage where they announce none."""
    if not data:
        raise BadImage("is empty (0 bytes)")
    for magic, form in _MAGIC:
        if data.startswith(magic):
            return form
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    raise BadImage("is no image of a known format")


def misnamed(name: str, data: bytes) -> bool:
    """Tell whether the extension of a name promises another format than the bytes hold.

    Raises BadImage for a name without an image extension, and for bytes of an unknown format.
    """
    extension = PurePosixPath(name).suffix
    promised = EXTENSIONS.get(extension.lower())
    if promised is None:
        kind = f"has the extension {extension!r}" if extension else "has no extension"
        raise BadImage(f"{kind}, not that of an image")
    return image_format(data) != promised


def _plain_jpeg(data: bytes) -> UInt8[np.ndarray, "h w 3"] | None:
    """Decode with simplejpeg, or give None where Pillow should look: EXIF, CMYK, any complaint."""
    if data.find(b"Exif\0\0", 0, 1 << 16) >= 0:
        return None
    try:
        height, width, colours, _ = simplejpeg.decode_jpeg_header(data)
        _check_area(width, height)
        if colours not in ("Gray", "YCbCr", "RGB"):
            return None
        pixels: np.ndarray = simplejpeg.decode_jpeg(
            data, colorspace="RGB", fastdct=False, fastupsample=False
        )
    except BadImage:
        raise
    except ValueError:
        return None
    return pixels


def _load(data: bytes, form: str) -> Image.Image:
    """Open and decode with Pillow, upright."""
    try:
        image = Image.open(io.BytesIO(data), formats=(form,))
        _check_area(*image.size)
        image.load()
        if form == "TIFF" or not _ORIENTATION.isdisjoint(image.info):
            ImageOps.exif_transpose(image, in_place=True)
    except BadImage:
        raise
    except Image.DecompressionBombError as error:
        raise BadImage(_bomb()) from error
    except Exception as error:  # decoders raise almost anything on damaged bytes
        reason = str(error).strip() or type(error).__name__
        raise BadImage(f"is damaged or cut short ({form}: {reason})") from error
    return image


def _check_area(width: int, height: int) -> None:
    limit = Image.MAX_IMAGE_PIXELS
    if limit is not None and width * height > limit:
        raise BadImage(_bomb(f"{width} x {height} pixels, "))


def _bomb(what: str = "") -> str:
    limit = Image.MAX_IMAGE_PIXELS
    return f"is too large ({what}the limit PIL.Image.MAX_IMAGE_PIXELS is {limit} pixels)"


def _rgb(image: Image.Image) -> UInt8[np.ndarray, "h w 3"]:
    mode = image.mode
    if mode in _INTEGER_GREY:
        return _grey(np.asarray(image))
    if mode in _WITH_ALPHA or "transparency" in image.info:
        clear = image.convert("RGBA")
        white = Image.new("RGBA", clear.size, "white")
        image = Image.alpha_composite(white, clear).convert("RGB")
    elif mode not in _RGB_AFTER_CONVERT:
        raise BadImage(f"has pixels of the kind {mode!r}, which have no fixed range")
    elif mode != "RGB":
        image = image.convert("RGB")
    return np.asarray(image)


def _grey(values: np.ndarray) -> UInt8[np.ndarray, "h w 3"]:
    """Scale 0..65535 to 0..255; 65535 / 255 is exactly 257."""
    low, high = int(values.min()), int(values.max())
    if low < 0 or high > 65535:
        raise BadImage(f"has grey values from {low} to {high}, outside 0..65535")
    narrow = ((values.astype(np.uint32) + 128) // 257).astype(np.uint8)
    return np.repeat(narrow[:, :, None], 3, axis=2)
