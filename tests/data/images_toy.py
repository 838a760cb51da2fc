"""Images written by Pillow."""

import io

import numpy as np
from PIL import Image

SMOOTH = np.add.outer(np.arange(48), np.arange(64)).astype(np.uint8)[:, :, None] + np.array(
    [0, 60, 120], np.uint8
)


def saved(picture: Image.Image | np.ndarray, form: str = "PNG", exif: int = 0, **options) -> bytes:
    """Write an image, or pixels of the kind that their shape says. `exif` is an orientation."""
    if isinstance(picture, np.ndarray):
        picture = Image.fromarray(picture)
    if exif:
        options["exif"] = turned(exif)
    buffer = io.BytesIO()
    picture.save(buffer, form, **options)
    return buffer.getvalue()


def turned(orientation: int) -> Image.Exif:
    tags = Image.Exif()
    tags[0x0112] = orientation
    return tags


def noise(seed: int, size: tuple[int, int] = (9, 7)) -> np.ndarray:
    """Random RGB pixels, (height, width, 3) for size = (width, height)."""
    return np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8)
