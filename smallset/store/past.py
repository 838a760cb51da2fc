"""How the images of a set came about: a picture of some of them at some iterations."""

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

from smallset.shapes import UInt8

# Hidden, because `datasets` takes every visible image of a folder for an example.
PAST = ".iterations.webp"
COLUMNS = 10
"""The most images in a row of the picture: the first images of the first part."""
_SMALL, _LARGE, _GAP, _MARGIN, _TYPE, _QUALITY = 64, 112, 4, 44, 13, 70


def past_picture(
    past: UInt8[np.ndarray, "k s s 3"], times: Sequence[int], last: UInt8[np.ndarray, "b s s 3"]
) -> bytes:
    """Return a WebP picture of images as they were after `times` iterations, and as they are last.

    The picture has a row for each of `times`, and one for `last`. `past` holds the images of these
    rows, one row after another. Small images grow by a whole factor, and large ones shrink.
    """
    # Here, because the font library is slow to load and every command imports this file.
    from PIL import ImageDraw, ImageFont

    columns = min(len(last), COLUMNS)
    size = last.shape[1]
    side = _SMALL // size * size if size <= _SMALL else _LARGE
    step = side + _GAP
    rows = [*past.reshape(len(times), columns, size, size, 3), last[:columns]]
    page = Image.new("RGB", (_MARGIN + columns * step, len(rows) * step - _GAP), "white")
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(_TYPE)
    for y, (row, name) in enumerate(zip(rows, [*map(str, times), "last"], strict=True)):
        pen.text((_MARGIN - 8, y * step + side // 2), name, "black", font, anchor="rm")
        for x, pixels in enumerate(row):
            how = Image.Resampling.NEAREST if side >= size else Image.Resampling.LANCZOS
            image = Image.fromarray(pixels).resize((side, side), how)
            page.paste(image, (_MARGIN + x * step, y * step))
    file = io.BytesIO()
    page.save(file, format="WEBP", quality=_QUALITY)
    return file.getvalue()
