"""Samples of an image file: their number of bits, and which values are black and white."""

import numpy as np
from PIL import Image
from PIL.PpmImagePlugin import PpmImageFile
from PIL.TiffImagePlugin import TiffImageFile

_EIGHT_BIT = frozenset(
    {"1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "LAB", "HSV"}
)
_INTEGER_GREY = frozenset({"I", "I;16", "I;16B", "I;16L", "I;16N"})
_BITS, _PHOTOMETRIC, _PLANES, _COLOUR_MAP = 258, 262, 284, 320  # TIFF tags
_EXTRA, _SAMPLE_FORMAT, _SUBSAMPLING = 338, 339, 530
_WHITE_IS_ZERO, _YCBCR = 0, 6


def refusal(image: Image.Image, data: bytes) -> str:
    """Return the reason why the samples of an opened image cannot be read, or "" if they can.

    The pixels need not be decoded yet. The reason continues a sentence that begins with the name of
    the file, such as "has 4-bit JPEG2000 samples, which Pillow reads too dark".
    """
    if isinstance(image, TiffImageFile):
        return _tiff_refusal(image)
    if image.format == "PNG":
        if data[24:26] == b"\x10\2" and "transparency" in image.info:
            return "has a transparent colour of 16 bits, which Pillow cannot find in its pixels"
    elif isinstance(image, PpmImageFile):
        return _ppm_refusal(image, data)
    elif image.format == "JPEG2000":
        start = data.find(b"\xff\x4f\xff\x51")  # the codestream; the channel count is at 40
        stop = start + 42 + 3 * int.from_bytes(data[start + 40 : start + 42])
        bits = min(((byte & 0x7F) + 1 for byte in data[start + 42 : stop : 3]), default=8)
        if bits < 8:
            return f"has {bits}-bit JPEG2000 samples, which Pillow reads too dark"
    return _mode_refusal(image.mode)


def eight_bit(image: Image.Image, data: bytes) -> Image.Image:
    """Return a decoded image with 8 bits a sample, as L, LA, RGB, RGBA, CMYK or LAB.

    Grey of more than 8 bits is scaled and rounded. Pillow has already reduced 16-bit colours to
    their high byte, which differs by at most one level. A transparent colour becomes alpha.
    """
    if image.mode in _INTEGER_GREY:
        return _scaled(image)
    if image.format == "PNG" and data[24:26] == b"\x10\4":
        return image.convert("LA")  # Pillow reads 16-bit grey with alpha as RGBA
    if image.mode == "L" and image.format == "PNG" and "transparency" in image.info:
        image.info["transparency"] *= 255 // (2 ** data[24] - 1)  # Pillow scales only the pixels
    if isinstance(image, TiffImageFile) and image.mode in ("P", "PA"):
        colours = image.tag_v2[_COLOUR_MAP]
        if max(colours) < 256:  # 8 bits instead of 16; libtiff has this rule too
            image.putpalette(bytes(colours), "RGB;L")
    if image.mode in ("1", "L", "La", "LA"):
        return image.convert("LA" if image.has_transparency_data else "L")
    if image.has_transparency_data:
        return image.convert("RGBA")
    return image if image.mode in ("RGB", "CMYK", "LAB") else image.convert("RGB")


def _scaled(image: Image.Image) -> Image.Image:
    """Return integer grey in 8 bits: as L, or as LA if one value is transparent."""
    values, white = np.asarray(image).astype(np.uint32), 65535
    if isinstance(image, TiffImageFile):
        white = 2 ** image.tag_v2[_BITS][0] - 1
        if image.tag_v2.get(_PHOTOMETRIC, _WHITE_IS_ZERO) == _WHITE_IS_ZERO:
            values = white - values  # Pillow inverts only pixels of 8 bits
    grey = Image.fromarray(((values * 255 + white // 2) // white).astype(np.uint8))
    if "transparency" in image.info:
        clear = values == image.info["transparency"]
        grey.putalpha(Image.fromarray(np.where(clear, 0, 255).astype(np.uint8)))
    if "icc_profile" in image.info:
        grey.info["icc_profile"] = image.info["icc_profile"]
    return grey


def _tiff_refusal(image: TiffImageFile) -> str:
    """Refuse samples without a known range, and layouts that Pillow reads wrongly."""
    tags = image.tag_v2
    bits, kinds = max(tags.get(_BITS, (1,))), set(tags.get(_SAMPLE_FORMAT, (1,)))
    if image.mode != "F" and (kinds != {1} or bits > 16):
        sign = "unsigned" if kinds == {1} else "signed"
        return _mode_refusal(f"{sign} {bits} bit")
    if image.info["compression"] != "raw":  # libtiff reads it
        return _mode_refusal(image.mode)
    whole = image.mode == "YCbCr" and tags.get(_SUBSAMPLING) == (1, 1)  # RGB up to Pillow 12
    if tags.get(_PHOTOMETRIC) == _YCBCR and not whole:
        return "is an uncompressed TIFF of YCbCr colours, which this Pillow reads wrongly"
    read = bits == 8 and image.mode in ("RGB", "RGBA", "CMYK") and 1 not in tags.get(_EXTRA, ())
    if tags.get(_PLANES) == 2 and len(image.getbands()) > 1 and not read:
        return "is an uncompressed TIFF of separate planes, which Pillow reads for 8-bit RGB only"
    return _mode_refusal(image.mode)


def _ppm_refusal(image: PpmImageFile, data: bytes) -> str:
    """Refuse values above the declared white, which Pillow would clip."""
    codec, _, offset, options = image.tile[0]
    if codec == "ppm" and isinstance(options, tuple):
        white = int(options[1])
        kind = np.dtype(np.uint8 if white < 256 else ">u2")
        count = image.width * image.height * len(image.getbands())
        here = min(count, (len(data) - offset) // kind.itemsize)
        high = np.frombuffer(data, kind, here, offset).max(initial=0)
        if high > white:
            return f"has values up to {high}, but declares {white} as white"
    return _mode_refusal(image.mode)


def _mode_refusal(mode: str) -> str:
    if mode in _EIGHT_BIT or mode in _INTEGER_GREY:
        return ""
    return f"has pixels of the kind {mode!r}, which have no fixed range"
