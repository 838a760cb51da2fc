"""Open the set that students train on: a set with a manifest, its export, or a foreign set."""

from dataclasses import dataclass, replace
from pathlib import Path

from smallset.data import CUT_OFF, ImageDataset
from smallset.desk import Desk
from smallset.exchange.exported import is_ours, open_made
from smallset.exchange.foreign import HUB, as_found, read_foreign, set_name
from smallset.exchange.naming import read_naming
from smallset.exchange.set_data import AnyData, check_held_out, open_any
from smallset.files import at_home
from smallset.methods import spec_of
from smallset.mosaic import Grid
from smallset.numbers import check_number
from smallset.pipeline.desk import shared_side, side_of
from smallset.store import CompressedDataset, TrainingSet
from smallset.train.views import Patch, View, view_from


@dataclass(frozen=True)
class Reading:
    """The options for a set without a manifest; None if not given.

    `view` is the spec of a view, `factor` the tiles per side of each image, `size` the side in
    pixels at which images are read, and `classes` the JSON file that pairs class names and WordNet
    ids. A manifest has this information already, and must not be contradicted.
    """

    view: str | None = None
    factor: int | None = None
    size: int | None = None
    classes: Path | None = None


def training_set(
    given: str | Path | CompressedDataset,
    data: AnyData,
    desk: Desk,
    reading: Reading,
) -> tuple[TrainingSet, AnyData]:
    """Open a set. If the set has no manifest, open the data too, because its classes are needed.

    Raises FileNotFoundError if there is no set. Raises ValueError if a set was changed, if options
    contradict its manifest, or if a set without a manifest lacks an option that it needs.
    """
    view = None if reading.view is None else view_from(reading.view)
    if reading.factor is not None:
        factor = check_number("factor", reading.factor, least=1, unit="the tiles a side")
        reading = replace(reading, factor=factor)
    if isinstance(given, CompressedDataset) or is_ours(given):
        made = given if isinstance(given, CompressedDataset) else open_made(given, work=desk.work)
        _check_agreement(made, reading, view)
        return made, data
    chosen = view_from("canvas") if view is None else view
    _check_view(chosen, reading, set_name(given))
    if not str(given).startswith(HUB):
        given = at_home(given)
    if reading.classes is not None:
        read_naming(reading.classes)  # so that a wrong file fails before the data is opened
    opened = open_any(data, desk)
    check_held_out(opened)
    if opened.held_out == CUT_OFF:
        raise ValueError(
            f"the data {opened.name!r} has no test split of its own, and the set "
            f"'{set_name(given)}' may hold images of the 20 % that would be held out: it has no "
            "manifest that names its sources. Needed a test or validation split. Give --data that "
            "has one."
        )
    images = read_foreign(
        given, opened.test.classes, desk, data=opened.name, naming=reading.classes
    )
    size = _side(images, opened.test, reading.size)
    tiles = Grid(reading.factor or 1).tile_boxes(size)
    found = as_found(images, size=size, view=spec_of(chosen), tiles=tiles)
    return replace(found, path=given if isinstance(given, Path) else None), opened


def _check_view(view: View, reading: Reading, name: str) -> None:
    """Raise ValueError for a patch view without a factor, and for a factor without a patch view."""
    patch = isinstance(view, Patch)
    if patch and reading.factor is None:
        raise ValueError(
            f"--view {reading.view} needs to know the tiles, and the set '{name}' has no manifest "
            "that says where they are. Give --factor: 2 for 2 x 2 tiles an image, 1 for images of "
            "one tile."
        )
    if not patch and reading.factor is not None:
        raise ValueError(
            f"--factor {reading.factor} says where the tiles of the set '{name}' are, but the view "
            f"{spec_of(view)!r} sees whole images. Leave --factor out, or add --view patch."
        )


def _side(images: ImageDataset, test: ImageDataset, size: int | None) -> int:
    """Return `size` if given, or else the side in pixels that all images of the set share.

    Raises ValueError if there is no such side.
    """
    if size is not None or shared_side(images):
        return side_of(images, size)
    (w, h), (wide, high) = images.sizes.min(axis=0), images.sizes.max(axis=0)
    judge = shared_side(test)
    hint = f" The held-out images have {judge} px." if judge else ""
    raise ValueError(
        f"the images of the set '{images.name}' are not squares of one size (from {w} to {wide} px "
        f"wide, from {h} to {high} px high). Needed one side to read them at.{hint} Give --size."
    )


def _check_agreement(made: CompressedDataset, reading: Reading, view: View | None) -> None:
    """Raise ValueError for options that contradict the manifest."""
    manifest = made.manifest
    wrong = []
    if view is not None and view != view_from(manifest.view):
        wrong.append(f"--view {reading.view} (it says {manifest.view!r})")
    if reading.size is not None and reading.size != manifest.size:
        wrong.append(f"--size {reading.size} (it says {manifest.size} px)")
    if reading.factor is not None:
        tiles = made.tile_box.shape[1]
        if reading.factor**2 != tiles:
            wrong.append(f"--factor {reading.factor} (its images have {tiles} tiles)")
    if reading.classes is not None:
        wrong.append(f"--classes {reading.classes} (it names the classes)")
    if wrong:
        raise ValueError(
            f"{', '.join(wrong)}: the manifest of the set '{made.path}' says otherwise. These "
            "options are for sets without a manifest. Leave them out."
        )
