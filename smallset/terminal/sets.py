"""Print what smallset found in data, and what it made: sets, lists of images, scores."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from smallset.budget import limit_of
from smallset.data import Data
from smallset.exchange.chosen_list import ChosenList
from smallset.numbers import counted
from smallset.pipeline.offers import Offer
from smallset.records import Scores
from smallset.store import Asked, Codec, CompressedDataset, renamed_folders
from smallset.terminal import bytes_against, percent, say

_HARDLY = 0.4
"""An observer whose `observer_learned` is lower has hardly learned. 0 is guessing, 1 is perfect."""
_NAMED = 20
"""The maximal number of class names in a line. Files contain all names."""


def data_lines(data: Data) -> list[str]:
    """Return lines about data: classes, splits, files that were left out, and doubts."""
    names = data.train.classes.names
    skipped = (*data.train.skipped, *data.test.skipped)
    lines = [
        f"{data.name}: {counted(len(data.train), 'training image')} of {_classes(len(names))} "
        f"({_first(names, 5)})",
        f"held out: {counted(len(data.test), 'image')}, {data.held_out}",
        *data.notes,
    ]
    if skipped:
        lines.append(f"left out {counted(len(skipped), 'bad file')}: {_first(skipped, 5)}")
    return [*lines, *(f"warning: {doubt}" for doubt in data.doubts())]


def observer_lines(made_with: Mapping[str, str]) -> list[str]:
    """Return lines about each observer: its network, its accuracy, and the epochs that were read.

    `made_with` is a field of a manifest, or the facts of a column of scores. If it names no
    observer, there are no lines.
    """
    lines: list[str] = []
    for key in made_with:
        if not key.startswith("observer_right"):
            continue
        number = key.removeprefix("observer_right")  # "" for the first one, then "_2"
        lines += [
            f"observer: {made_with['observer' + number]}",
            f"observer's top-1 on its clean training images: {percent(float(made_with[key]))}",
        ]
        read = [int(epoch) for epoch in made_with.get("epochs_read" + number, "").split()]
        if read:
            trained, last = int(made_with["observer_epochs" + number]), max(read)
            run = read == list(range(read[0], last + 1))
            which = f"{read[0]} to {last}" if run and len(read) > 2 else ", ".join(map(str, read))
            lines.append(f"epochs read: {which} of {trained}")
            if last < trained:
                lines.append(
                    f"note: the score does not read the epochs after {last}, although they were "
                    f"trained. observer=observer(epochs={last}) trains less, on another schedule"
                )
        if float(made_with["observer_learned" + number]) < _HARDLY:
            lines.append(
                "warning: the observer has hardly learned, so scores and images that rest on it "
                "may mean little. Give it more epochs"
            )
    return lines


def offers_line(offers: Sequence[Offer], codec: Codec | None) -> str:
    """Return a line that says how many images and bytes each kind of budget would give.

    If `codec` is None, the line is about a list of images, and names no bytes.
    """
    needed = "nothing says how much to keep. Needed one of --ipc, --keep and --budget. About"
    if codec is None:
        said = (
            f"--budget {offer.budget}: {counted(offer.images, 'image')}"
            for offer in offers
            if offer.budget.limit is None
        )
        return f"{needed}: {'; '.join(said)}."
    said = (
        f"--budget {offer.budget}: {counted(offer.images, 'image')}, "
        f"{float(f'{offer.bytes:.2g}'):,.0f} bytes"
        for offer in offers
    )
    return f"{needed}, for random images as {codec}: {'; '.join(said)}."


def show_set(made: CompressedDataset) -> None:
    """Print what a new set is."""
    m = made.manifest
    sheets = counted(len(made.files), "sheet")
    side = f"of {m.size} px" if m.sheet is None else f"on {sheets}, for {m.size} px"
    if Codec.parse(m.codec).is_original:
        side = f"as they are (read at {m.size} px)"
    say(
        f"wrote {made.path}: {counted(m.images, 'image')} {side} in {_classes(len(m.classes))}, "
        f"{bytes_against(m.image_bytes, m.source.bytes)}"
    )
    if (limit := limit_of(m.budget)) is not None:
        say(f"budget: {m.image_bytes:,} of {limit:,} bytes")
        if why := m.made_with.get("bytes_left"):
            say(f"note: bytes are left, since {why}")
    if enlarged := _enlarged(made):
        say(f"note: {counted(enlarged, 'image')} stored larger than in the source")
    _say_unequal(m.classes, m.counts, m.asked)
    if renamed := renamed_folders(m.classes, m.folders, m.counts):
        say(renamed)
    for line in observer_lines(m.made_with):
        say(line)
    say(f"view: {m.view}")


def show_chosen(made: ChosenList) -> None:
    """Print what a new list of chosen images is."""
    say(
        f"wrote {made.path}: the list of {counted(len(made), 'image')} out of {made.of:,}, in "
        f"{_classes(len(made.classes))}, and no pixels"
    )
    _say_unequal(made.classes, made.counts, made.about.asked)
    for line in observer_lines(made.about.made_with):
        say(line)


def show_scores(made: Mapping[str, Scores], out: Path) -> None:
    """Print the distribution of new scores, and each observer once."""
    for name, found in made.items():
        low, middle, high = np.quantile(found.values, (0, 0.5, 1))
        say(
            f"{name}: {counted(len(found.values), 'image')}, easiest {low:.4g}, "
            f"median {middle:.4g}, hardest {high:.4g}"
        )
    looks: dict[str, list[str]] = {}
    for name, found in made.items():
        for line in observer_lines(found.made_by):
            looks.setdefault(line, []).append(name)
    for line, names in looks.items():
        say(line if len(names) == len(made) else f"{', '.join(names)}: {line}")
    say(f"wrote {out}")


def _enlarged(made: CompressedDataset) -> int:
    """Count the images on sheets that have more pixels there than in the source."""
    if made.manifest.sheet is None:
        return 0
    plan = made.plan
    sides, shown = (box[..., 2:] - box[..., :2] for box in (plan.source_box, plan.tile_box))
    return int(((plan.source >= 0) & (shown > sides).all(-1)).sum())


def _say_unequal(classes: Sequence[str], counts: Sequence[int], asked: Asked | None) -> None:
    """Print the classes that gave fewer images than requested, and those that gave none."""
    number = dict(zip(classes, counts, strict=True))
    if asked is not None and asked.short:
        gave = [f"{name!r} {number[name]:,}" for name in asked.short]
        say(f"{_classes(len(gave))} had fewer images than asked and gave: {_first(gave)}")
    gone = [repr(name) for name, count in number.items() if count == 0]
    if gone:
        say(f"{_classes(len(gone))} of {len(classes):,} vanished: {_first(gone)}")


def _classes(number: int) -> str:
    return f"{number:,} {'class' if number == 1 else 'classes'}"


def _first(names: Sequence[str], number: int = _NAMED) -> str:
    more = len(names) - number
    return ", ".join(names[:number]) + (f" and {more:,} more" if more > 0 else "")
