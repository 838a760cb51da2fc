"""The contact sheet: one picture of a set, with the first choices of each class first."""

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from smallset.methods import canonical_view
from smallset.numbers import check_number, counted
from smallset.shapes import UInt8
from smallset.store import CompressedDataset

_BACKGROUND = (250, 250, 248)
_INK = (34, 36, 40)
_FAINT = (118, 122, 128)
_SEAM = (255, 255, 255, 88)

_MARGIN, _GUTTER, _NAME_GAP, _COLUMN_GAP = 28, 6, 14, 30
_LEAST_CELL, _LARGEST_CELL = 48, 104
"""The least and the largest side of an image on the sheet, in pixels."""
_NAME_WIDTH, _LEAST_WIDTH = 150, 720
_TITLE, _TEXT, _NAME, _LINE = 24, 14, 15, 20
"""Sizes of type, and the distance from line to line."""


@dataclass(frozen=True)
class _Layout:
    """The layout: a block per class (its name, then its images), arranged in columns."""

    cell: int
    images: int
    name_width: int
    columns: int
    classes: int

    @property
    def block(self) -> int:
        return self.name_width + _NAME_GAP + self.images * (self.cell + _GUTTER) - _GUTTER

    @property
    def rows(self) -> int:
        return -(-self.classes // self.columns)

    @property
    def width(self) -> int:
        return 2 * _MARGIN + self.columns * (self.block + _COLUMN_GAP) - _COLUMN_GAP

    def corner(self, index: int, rank: int, top: int) -> tuple[int, int]:
        """Return the left upper corner of image `rank` of class `index`, in pixels.

        Classes run down the columns, which begin `top` pixels below the sheet's upper edge.
        """
        column, row = divmod(index, self.rows)
        left = _MARGIN + column * (self.block + _COLUMN_GAP) + self.name_width + _NAME_GAP
        return left + rank * (self.cell + _GUTTER), top + row * (self.cell + _GUTTER)


def contact_sheet(
    compressed: CompressedDataset,
    *,
    called: str | None = None,
    per_class: int = 10,
    classes: int = 20,
    width: int = 1200,
) -> Image.Image:
    """Draw the first images of the first classes, on a sheet at most `width` pixels wide.

    The title names the source and the method, as `called` or else as its maker typed it. The sheet
    shows at most `per_class` images of at most `classes` classes, and fewer images if they would be
    too small to see. A line below them says what is left out. Small images grow by a whole factor
    without smoothing, so that their pixels stay crisp. Large images shrink. Faint lines separate
    the tiles of a mosaic. Equal sets give equal pictures. Raises ValueError if a number is
    below 1, or `width` below 320.
    """
    check_number("per_class", per_class, least=1, unit="a number of images")
    check_number("classes", classes, least=1, unit="a number of classes")
    check_number("width", width, least=320, unit="a width in pixels")
    names = compressed.manifest.classes[:classes]
    most = max(1, min(per_class, max(compressed.manifest.counts[:classes])))
    layout = _layout(names, most, compressed.manifest.size, width)
    right = min(width, max(layout.width, _LEAST_WIDTH)) - _MARGIN
    head = _wrapped(_facts(compressed), right - _MARGIN)
    top = _MARGIN + _TITLE + 14 + len(head) * _LINE + 14
    bottom = top + layout.rows * (layout.cell + _GUTTER) - _GUTTER
    foot = _wrapped(_left_out(compressed, layout), right - _MARGIN)
    height = bottom + (12 + len(foot) * _LINE if foot else 0) + _MARGIN
    sheet = Image.new("RGB", (right + _MARGIN, height), _BACKGROUND)
    method = called or compressed.manifest.method
    title = f"{compressed.manifest.source.name}  \N{MIDDLE DOT}  {method}"
    _write(sheet, _MARGIN - 4, [_fitting(title, _TITLE, right - _MARGIN)], _TITLE)
    _write(sheet, _MARGIN + _TITLE + 14, head, _TEXT)
    _write(sheet, bottom + 12, foot, _TEXT)
    for index in range(len(names)):
        _draw_class(sheet, compressed, layout, index, top)
    return sheet


def _draw_class(
    sheet: Image.Image, compressed: CompressedDataset, layout: _Layout, index: int, top: int
) -> None:
    left, upper = layout.corner(index, 0, top)
    ImageDraw.Draw(sheet).text(
        (left - _NAME_GAP, upper + layout.cell // 2),
        _fitting(compressed.manifest.classes[index], _NAME, layout.name_width),
        _INK,
        _font(_NAME),
        anchor="rm",
    )
    chosen = np.flatnonzero(compressed.labels == index)[: layout.images]
    # one thread: a sheet holds few images, and starting threads takes longer than reading them
    for rank, pixels in enumerate(compressed.images(chosen, workers=1)):
        boxes = compressed.tile_box[chosen[rank]]
        sheet.paste(_cell(pixels, boxes, layout.cell), layout.corner(index, rank, top))


def _layout(names: tuple[str, ...], images: int, size: int, width: int) -> _Layout:
    """Choose the side of an image, the number of images in a row, and the number of columns.

    A row holds `images` images, or fewer if they would be too small to see.
    """
    longest = max(int(_font(_NAME).getlength(_printable(name))) + 1 for name in names)
    name_width = min(_NAME_WIDTH, longest)
    room = width - 2 * _MARGIN - name_width - _NAME_GAP + _GUTTER
    images = min(images, room // (_LEAST_CELL + _GUTTER))
    cell = min(_LARGEST_CELL, room // images - _GUTTER)
    if size <= cell:
        cell = cell // size * size
    one = _Layout(cell, images, name_width, columns=1, classes=len(names))
    fit = (width - 2 * _MARGIN + _COLUMN_GAP) // (one.block + _COLUMN_GAP)
    return replace(one, columns=_columns(len(names), max(1, fit)))


def _columns(classes: int, fit: int) -> int:
    """Choose the most even columns: 10 classes stand as 5, 5 rather than 3, 3, 3, 1."""
    most = min(classes, fit)
    fewest = most // 2 + most % 2 if most > 2 else most
    columns = min(range(most, fewest - 1, -1), key=lambda n: -classes % n)
    rows = -(-classes // columns)
    return -(-classes // rows)


def _cell(pixels: UInt8[np.ndarray, "s s 3"], boxes: np.ndarray, cell: int) -> Image.Image:
    """Return one image at `cell` pixels, with faint lines between its tiles."""
    size = len(pixels)
    way = Image.Resampling.LANCZOS if cell % size else Image.Resampling.NEAREST
    image = Image.fromarray(pixels).resize((cell, cell), way)
    seams = Image.new("RGBA", (cell, cell))
    draw = ImageDraw.Draw(seams)
    for left, top, right, bottom in (boxes * cell // size).tolist():
        if left > 0:
            draw.line((left, top, left, bottom - 1), _SEAM)
        if top > 0:
            draw.line((left, top, right - 1, top), _SEAM)
    image.paste(seams, (0, 0), seams)
    return image


def _facts(compressed: CompressedDataset) -> list[str]:
    manifest = compressed.manifest
    counts = manifest.counts
    each = f"{min(counts):,} to {max(counts):,} images"
    if manifest.ipc:
        each = counted(counts[0], "image")
    ratio = manifest.source.bytes / manifest.image_bytes
    side = manifest.made_with.get("side", str(manifest.size))
    stored = "" if side == str(manifest.size) else f", stored at {side} px"
    return [
        f"{each} a class",
        f"{manifest.images:,} images in all",
        f"{manifest.size} x {manifest.size} px{stored}",
        f"{_bytes(manifest.image_bytes)} as {manifest.codec}",
        f"{ratio:,.1f} x smaller than its source" if ratio >= 1 else "larger than its source",
        f"view {canonical_view(manifest.view, brief=True)}",
    ]


def _left_out(compressed: CompressedDataset, layout: _Layout) -> list[str]:
    counts = compressed.manifest.counts
    parts = []
    most = max(counts[: layout.classes])
    if most > layout.images:
        shown = f"{layout.images} images" if layout.images > 1 else "image"
        parts.append(f"the first {shown} of {most:,} a class")
    if len(counts) > layout.classes:
        more = len(counts) - layout.classes
        parts.append(f"... and {more:,} more {'class' if more == 1 else 'classes'}")
    return parts


def _bytes(number: int) -> str:
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if number >= size:
            return f"{number / size:.1f} {unit}"
    return f"{number} bytes"


@cache
def _font(points: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size=points)


def _write(sheet: Image.Image, top: int, lines: list[str], points: int) -> None:
    ink = _INK if points == _TITLE else _FAINT
    for number, text in enumerate(lines):
        ImageDraw.Draw(sheet).text((_MARGIN, top + number * _LINE), text, ink, _font(points))


def _wrapped(parts: list[str], width: int) -> list[str]:
    """Join parts into lines of text at most `width` pixels wide."""
    lines: list[str] = []
    for part in parts:
        joined = f"{lines[-1]}   \N{MIDDLE DOT}   {part}" if lines else part
        if lines and _font(_TEXT).getlength(joined) <= width:
            lines[-1] = joined
        else:
            lines.append(_fitting(part, _TEXT, width))
    return lines


def _fitting(text: str, points: int, width: int) -> str:
    """Return a text cut to `width` pixels, with three dots at the end if anything was cut."""
    text = _printable(text)
    font = _font(points)
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(f"{text}...") > width:
        text = text[:-1]
    return f"{text}..."


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)
