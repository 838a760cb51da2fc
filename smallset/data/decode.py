"""Decode image files of every format to RGB pixels, or say in a few words why that fails.

The result is what an image viewer shows. The steps are:

1. Decode the first frame. The bytes decide on the format, not the file name.
2. Turn the image upright by its EXIF, else its XMP, with Pillow's `ImageOps.exif_transpose`.
3. Scale grey of more than 8 bits by the number of bits that the file declares (`samples`).
4. Convert the colours to sRGB by the ICC profile (`colour`).
5. Lay transparent parts over white.

EXIF, XMP and profiles are used if Pillow reads them: in JPEG, PNG, WebP and TIFF. JPEGs that need
no turning or converting are decoded by simplejpeg, everything else by Pillow. Both use the exact
integer transform, so the pixels are the same.
"""

import io
import struct
from pathlib import PurePosixPath

import numpy as np
import PIL
import simplejpeg
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError, features

from smallset.data.colour import screen_rgb, to_srgb
from smallset.data.samples import eight_bit, refusal
from smallset.shapes import UInt8

DECODE_VERSION = 2
"""Part of every cache key. Increase it if the same bytes would decode to other pixels."""

EXTENSIONS = {
    ".avif": "AVIF",
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
"""The file extensions of images that are read, in lower case, and the format of each."""

_MAGIC = {
    "JPEG": (b"\xff\xd8\xff",),
    "PNG": (b"\x89PNG\r\n\x1a\n",),
    "GIF": (b"GIF87a", b"GIF89a"),
    "BMP": (b"BM",),
    "TIFF": (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
    "JPEG2000": (b"\0\0\0\x0cjP  ", b"\xff\x4f\xff\x51"),
    "PPM": tuple(b"P%d" % kind for kind in range(1, 7)),
}
# JPEG segments that cannot turn an image or change its colours: all but APP1 (EXIF, XMP), APP2
# (profiles) and the markers without a length.
_PLAIN_SEGMENTS = frozenset({*range(0xC0, 0xD0), *range(0xDB, 0xE1), *range(0xE3, 0xF0), 0xFE})
_START_OF_SCAN = 0xDA


class BadImage(ValueError):
    """Bytes that are not a usable image. The message follows the name of a file: "is empty"."""


def decode(data: bytes) -> UInt8[np.ndarray, "h w 3"]:
    """Decode an image to sRGB in 0..255, upright and on white (see the steps of this module).

    Grey is repeated over the channels.

    Raises BadImage for bytes that are empty, damaged, cut short or of an unknown format, for images
    larger than `PIL.Image.MAX_IMAGE_PIXELS`, and for samples without a known black and white:
    floating point, signed, or of 32 bits.
    """
    read = _read(data)
    return read if isinstance(read, np.ndarray) else screen_rgb(eight_bit(read, data))


def measure(data: bytes) -> tuple[int, int]:
    """Return the upright (width, height) in pixels, after a full decode.

    Raises BadImage if and only if `decode` raises it.
    """
    read = _read(data)
    return (read.shape[1], read.shape[0]) if isinstance(read, np.ndarray) else read.size


def image_format(data: bytes) -> str:
    """Return the format that the first bytes announce. Raises BadImage if they announce none."""
    if not data:
        raise BadImage("is empty (0 bytes)")
    for form, beginnings in _MAGIC.items():
        if data.startswith(beginnings):
            return form
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[4:12] in (b"ftypavif", b"ftypavis"):
        return "AVIF"
    raise BadImage("is not an image of a known format")


def misnamed(name: str, data: bytes) -> bool:
    """Tell whether the extension of a file name contradicts the format of the bytes.

    Raises BadImage for a name without an image extension, and for bytes of an unknown format.
    """
    extension = PurePosixPath(name).suffix
    promised = EXTENSIONS.get(extension.lower())
    if promised is None:
        kind = f"has the extension {extension!r}" if extension else "has no extension"
        raise BadImage(f"{kind}, not that of an image")
    return image_format(data) != promised


def _read(data: bytes) -> UInt8[np.ndarray, "h w 3"] | Image.Image:
    """Return the final pixels of a plain JPEG, else an upright image decoded by Pillow."""
    form = image_format(data)
    jpeg = form == "JPEG"
    if form == "AVIF" and not features.check("avif"):
        raise BadImage(f"is AVIF, which needs Pillow 11.3 or newer; here is {PIL.__version__}")
    if jpeg and _is_plain(data) and (pixels := _simplejpeg(data)) is not None:
        return pixels
    try:
        image = Image.open(io.BytesIO(data), formats=(form,))
        _check_area(*image.size)
        if jpeg and not _is_turned(image) and _is_srgb(image):
            pixels = _simplejpeg(data)
            if pixels is not None:
                return pixels
        if reason := refusal(image, data):
            raise BadImage(reason)
        image.load()
        if _is_turned(image):
            ImageOps.exif_transpose(image, in_place=True)
    except BadImage:
        raise
    except Exception as error:  # decoders raise almost anything on damaged bytes
        raise BadImage(_damage(form, error)) from error
    return image


def _is_plain(data: bytes) -> bool:
    """Tell whether a JPEG's segments hold nothing that could turn it or change its colours."""
    at = 2
    try:
        while True:
            mark, kind, length = struct.unpack_from(">BBH", data, at)
            if kind == _START_OF_SCAN and mark == 0xFF:
                return True
            if kind not in _PLAIN_SEGMENTS or mark != 0xFF:
                return False
            at += 2 + length
    except struct.error:
        return False


def _is_turned(image: Image.Image) -> bool:
    """Tell whether an image must be turned. Asking is cheaper than transposing."""
    return bool(image.getexif().get(ExifTags.Base.Orientation, 1) != 1)


def _is_srgb(image: Image.Image) -> bool:
    return to_srgb(image.info.get("icc_profile"), image.mode) is None


def _simplejpeg(data: bytes) -> UInt8[np.ndarray, "h w 3"] | None:
    """Decode with simplejpeg, or return None for Pillow: CMYK, and whatever simplejpeg refuses."""
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


def _damage(form: str, error: Exception) -> str:
    """Describe a decoder's error for the message of a BadImage."""
    if isinstance(error, Image.DecompressionBombError):
        return _bomb()
    reason = str(error).strip() or type(error).__name__
    if isinstance(error, UnidentifiedImageError):  # its text names an object in memory
        reason = "the header is damaged or describes pixels that Pillow does not read"
    return f"is damaged or cut short ({form}: {reason})"


def _check_area(width: int, height: int) -> None:
    limit = Image.MAX_IMAGE_PIXELS
    if limit is not None and width * height > limit:
        raise BadImage(_bomb(f"{width} x {height} pixels, "))


def _bomb(what: str = "") -> str:
    limit = Image.MAX_IMAGE_PIXELS
    return f"is too large ({what}the limit PIL.Image.MAX_IMAGE_PIXELS is {limit} pixels)"
