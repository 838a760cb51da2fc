"""Open a folder of class folders, with or without split folders above them."""

from collections.abc import Mapping
from pathlib import Path

from smallset.data.layout import found_layout, given_layout
from smallset.data.source import Folder, RawSplit, Source
from smallset.data.splits import choose_split, counterparts, why_unused
from smallset.data.tree import has_image, is_ours, list_files, loose_images, ours_in, subfolders
from smallset.numbers import counted
from smallset.records import composed


def folder_source(root: Path, name: str, *, work: Path, chosen: Folder | None = None) -> Source:
    """Open the class folders in `root`, in its split folders, or in the folders that are `chosen`.

    Splits are DATA/train/<class>/*, with an optional test, val, valid or validation folder beside
    train. "training" means train and "testing" means test, and the case of letters does not matter.
    If all folders of DATA have names of splits, they are splits and never classes.

    Classes are the folder names, sorted. Folders that smallset wrote, and other files than images
    beside class folders, are ignored.

    Raises ValueError for an image outside any class folder, for classes that differ between splits,
    and the errors of `found_layout` and `given_layout`.
    """
    layout = given_layout(root, chosen) if chosen else found_layout(root)
    classes = _classes(layout.train, layout.held_out)
    rows, key = list_files(layout.train, classes, work=work)
    train = RawSplit("train", rows, rows.labels, check_names=True)
    reasons = {s: _why_unlabelled(path, classes) for s, path in layout.held_out.items()}
    clear = not all(reasons.values())

    def labelled(split: str) -> bool:
        # If some split shares classes with train, a split that shares none has no labels. If no
        # split does, a split with several folders counts as labelled. Its different class names
        # are then reported as an error.
        return not reasons[split] if clear else len(subfolders(layout.held_out[split])) > 1

    split, held_out = choose_split(layout.held_out, labelled, chosen)
    unused = [*layout.unused, *ours_in(layout.train)]
    others = [(s, path) for s, path in layout.held_out.items() if s != split]
    unused += [f"{path.name}/ ({why_unused(s, reasons[s])})" for s, path in others]
    test = None
    if split is not None:
        place = layout.held_out[split]
        own = _classes(place, {})
        order = counterparts(own, classes, name=name, split=split)
        test_rows, test_key = list_files(place, tuple(own[o] for o in order), work=work)
        test = RawSplit(split, test_rows, test_rows.labels, check_names=True)
        key = f"{key}-{test_key}"
    return Source(name, key, classes, train, test, held_out, tuple(dict.fromkeys(unused)))


def _why_unlabelled(folder: Path, classes: tuple[str, ...]) -> str:
    """Return why a split has no labels, or "" if it has images and a class folder of train."""
    own = subfolders(folder)
    if not own:
        return "no class folders"
    if not has_image(folder):
        return "no images"
    if {*map(composed, own)} & {*map(composed, classes)}:
        return ""
    return f"no labels: its only folder is {own[0]!r}" if len(own) == 1 else "no labels"


def _classes(folder: Path, apart: Mapping[str, Path]) -> tuple[str, ...]:
    """Return the names of the class folders in a folder, without the splits in `apart`."""
    loose = sorted(loose_images(folder))
    if loose:
        raise ValueError(
            f"{str(folder)!r} has {counted(len(loose), 'image')} outside any class folder, such as "
            f"{loose[0]!r}. Needed every image in the folder of its class. Move or remove them."
        )
    names = [n for n in subfolders(folder) if folder / n not in apart.values()]
    return tuple(name for name in names if not is_ours(folder / name))
