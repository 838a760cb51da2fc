"""size(): the byte ledger of a set, which counts its images, its labels and their teachers."""

from dataclasses import dataclass, replace
from pathlib import Path

import platformdirs

from smallset.exchange.exported import opened
from smallset.labels import FORMATS, label_folder
from smallset.labels.formats import Top, format_from
from smallset.labels.shards import stores
from smallset.numbers import check_number
from smallset.records import Cost
from smallset.store import CompressedDataset
from smallset.train.views import view_from


@dataclass(frozen=True)
class Priced:
    """A way to teach a student, and the bytes that the student then needs."""

    name: str
    cost: Cost


@dataclass(frozen=True)
class Ledger:
    """The byte ledger of a set.

    `here` are the regimes that are possible with the files beside the set. `labels` is what labels
    would cost in each format: `images` images, `views` views of each in an epoch, `epochs` epochs
    and `classes` classes. `raw` is 4 bytes a pixel and channel, as the literature counts.
    """

    name: str
    raw: int
    here: tuple[Priced, ...]
    images: int
    views: int
    epochs: int
    classes: int
    labels: tuple[Priced, ...]


def size(
    set: str | Path | CompressedDataset,
    *,
    epochs: int = 300,
    classes: int | None = None,
    images: int | None = None,
    format: str | None = None,
) -> Ledger:
    """Count the bytes of a set, and of the labels that it has or could have.

    `epochs`, `classes` and `images` describe the labels that the set could have; None means as many
    classes or images as the set has. If `images` is another number, the bytes of the images are
    scaled to it. `format` is the spec of a format; None counts every format. Raises ValueError or
    OSError if anything is wrong.
    """
    made = opened(set, work=platformdirs.user_cache_path("smallset"))
    facts = made.facts
    epochs = check_number("epochs", epochs, least=1, unit="epochs with labels")
    classes = len(facts.classes) if classes is None else classes
    classes = check_number("classes", classes, least=1, unit="classes")
    count = facts.images if images is None else images
    count = check_number("images", count, least=1, unit="images")
    views = view_from(facts.view).an_epoch(made.tile_box.shape[1])
    shown = Cost(round(facts.image_bytes * count / facts.images))
    top = f"top(k={min(Top.k, classes)})"
    every = [top if kind is Top else name for name, kind in FORMATS.items()]
    labels = []
    for spec in every if format is None else [format]:
        written = count * views * epochs * format_from(spec).row_bytes(classes)
        labels.append(Priced(spec, replace(shown, labels=written)))
    return Ledger(
        name=made.name,
        raw=4 * 3 * facts.size**2 * facts.images,
        here=tuple(_here(made)),
        images=count,
        views=views,
        epochs=epochs,
        classes=classes,
        labels=tuple(labels),
    )


def _here(made: CompressedDataset) -> list[Priced]:
    """Return hard labels, the labels of each store, and the teacher of each store."""
    images = Cost(made.facts.image_bytes)
    found = stores(label_folder(made))
    kept = [
        Priced(
            store.card.words + (", not whole: label again" if store.lacking else ""),
            replace(images, labels=store.bytes()),
        )
        for store in found
    ]
    teachers = {store.card.teacher_sha256: store.card for store in found}.values()
    online = [
        Priced(f"online by {card.teacher!r}", replace(images, teacher=card.teacher_bytes))
        for card in teachers
    ]
    return [Priced("hard", images), *kept, *online]
