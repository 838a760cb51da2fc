"""The pictures of a page: the contact sheets of a run's sets, and how their images came about."""

import base64
import io
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

MOST = 16
"""The most sheets in a page. More would make it too large to send."""
_PER_CLASS, _CLASSES, _WIDTH, _QUALITY = 6, 10, 900, 60


@dataclass(frozen=True)
class SetPicture:
    """The contact sheet of one set: its picture as a data URI, or what is lacking for one.

    `past` is a picture of how the images of a synthesised set came about, "" for another set.
    """

    name: str
    picture: str = ""
    lacking: str = ""
    past: str = ""


def sheets_of(sets: Path) -> tuple[SetPicture, ...]:
    """Draw the sets in a folder, one for each method, data set, size and budget.

    Of several such sets, the first by the folder's name is drawn. There are at most `MOST`
    pictures. A last sheet without a picture counts the sets left out. A set that cannot be read
    gives a sheet that says why. If the folder does not exist, there are no sheets.
    """
    found: dict[str, SetPicture] = {}
    others = 0
    for folder in sorted(sets.glob("[!.]*/")):
        name, sheet = _sheet(folder, drawn=found if len(found) < MOST else None)
        if sheet is None:
            others += 1
        else:
            found[name] = sheet
    if others:
        left = f"{others} more, other seeds of these or beyond {MOST} pictures, are left out"
        return *found.values(), SetPicture("Other sets", lacking=left)
    return tuple(found.values())


def _sheet(folder: Path, *, drawn: dict[str, SetPicture] | None) -> tuple[str, SetPicture | None]:
    """Return the name of a set, and its sheet: None if `drawn` has that name or is None."""
    from smallset.report.sheet import contact_sheet
    from smallset.store import open_set, read_manifest
    from smallset.store.past import PAST

    name = folder.name
    try:
        facts = read_manifest(folder)
        budget = facts.budget or f"{facts.images:,} images"
        name = f"{facts.method}, {facts.source.name} at {facts.size} px, {budget}"
        if drawn is None or name in drawn:
            return name, None
        sheet = contact_sheet(
            open_set(folder), per_class=_PER_CLASS, classes=_CLASSES, width=_WIDTH
        )
        past = folder / PAST
        came_about = _shrunk(past) if past.is_file() else ""
    except (ValueError, OSError, Image.DecompressionBombError) as error:
        return name, SetPicture(name, lacking=f"no picture: {error}")
    return name, SetPicture(name, picture=_uri(sheet), past=came_about)


def _shrunk(file: Path) -> str:
    """Return a set's picture as a data URI. It is encoded again: the set may be anyone's."""
    with Image.open(file, formats=["WEBP"]) as picture:
        picture.thumbnail((_WIDTH, picture.height))
        return _uri(picture)


def _uri(picture: Image.Image) -> str:
    file = io.BytesIO()
    picture.save(file, format="WEBP", quality=_QUALITY)
    return f"data:image/webp;base64,{base64.b64encode(file.getvalue()).decode()}"
