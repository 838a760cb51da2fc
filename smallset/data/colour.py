"""Convert an image to the colours of a screen: sRGB, on white."""

import io
from collections.abc import Hashable
from functools import lru_cache

import numpy as np
from PIL import Image, ImageCms

from smallset.shapes import UInt8

_SPACES = {"L": "GRAY", "RGB": "RGB ", "CMYK": "CMYK"}
_ROUNDING = 2


def screen_rgb(image: Image.Image) -> UInt8[np.ndarray, "h w 3"]:
    """Convert an 8-bit image to sRGB by its ICC profile, then lay it over white.

    The mode is L, LA, RGB, RGBA, CMYK or LAB. Without a usable profile, an image counts as sRGB,
    and Pillow's plain formula converts CMYK.
    """
    opaque = image.mode.removesuffix("A")
    transform = to_srgb(image.info.get("icc_profile"), opaque)
    if transform is None:
        wanted = "RGB" if opaque == image.mode else "RGBA"
        colours = image if image.mode == wanted else image.convert(wanted)
    else:
        colours = transform.apply(image.convert(opaque))
        if opaque != image.mode:
            colours.putalpha(image.getchannel("A"))
    if colours.mode == "RGBA":
        white = Image.new("RGBA", colours.size, "white")
        colours = Image.alpha_composite(white, colours).convert("RGB")
    return np.frombuffer(colours.tobytes(), np.uint8).reshape(colours.height, colours.width, 3)


@lru_cache(maxsize=32)  # a data set has few profiles, and a transform takes a millisecond
def to_srgb(profile: Hashable, mode: str) -> ImageCms.ImageCmsTransform | None:
    """Return the transform from an ICC profile to sRGB, or None if there is nothing to convert.

    There is nothing to convert if the profile is missing, damaged, sRGB itself, or made for another
    colour space than that of the pixels (`mode`), which no image format allows. The transform is
    relative colorimetric with black point compensation.
    """
    if not isinstance(profile, bytes) or not profile or mode not in _SPACES:
        return None
    flags = ImageCms.Flags.BLACKPOINTCOMPENSATION
    if mode == "L":  # the optimised grey of a linear profile is nine levels off near black
        flags |= ImageCms.Flags.NOOPTIMIZE
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if source.profile.xcolor_space != _SPACES[mode]:
            return None
        transform = ImageCms.buildTransform(
            source,
            ImageCms.createProfile("sRGB"),
            mode,
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            flags,
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None
    return None if _changes_nothing(transform, mode) else transform


def _changes_nothing(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    """Tell whether a profile is sRGB: no colour moves by more than the rounding of its tables."""
    if mode == "CMYK":
        return False
    ramp = np.arange(256, dtype=np.uint8)
    if mode == "L":
        probe = ramp[None]
    else:
        levels = ramp[::15]  # 0, 15, .., 255
        cube = np.stack(np.meshgrid(levels, levels, levels), -1).reshape(1, -1, 3)
        probe = np.concatenate([cube, np.repeat(ramp[None, :, None], 3, axis=2)], axis=1)
    image = Image.fromarray(probe)
    before, after = np.asarray(image.convert("RGB")), np.asarray(transform.apply(image))
    return bool(np.abs(before.astype(int) - after).max() <= _ROUNDING)
