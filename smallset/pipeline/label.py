"""label(): let a teacher write the soft labels of a set, beside the set."""

from collections.abc import Mapping
from pathlib import Path
from typing import Unpack

from smallset.budget import limit_of
from smallset.cell import set_pixels
from smallset.desk import Options, desk_for
from smallset.exchange.exported import opened
from smallset.labels import label_folder
from smallset.labels.formats import format_from, format_spec
from smallset.labels.kept import what_views_depend_on
from smallset.labels.relabel import fill
from smallset.labels.shards import LabelCard, LabelStore, begin, rows_a_shard, store_of, stores
from smallset.lazy import torch
from smallset.models import check_teacher_files, load_teacher
from smallset.numbers import check_number
from smallset.store import CompressedDataset
from smallset.store.training_set import SetFacts
from smallset.train.protocol import STANDARD_V1, check_epochs
from smallset.train.shown import Shown
from smallset.train.views import view_from


def label(
    set: str | Path | CompressedDataset,
    *,
    teacher: str,
    epochs: int | None = None,
    one_per_image: bool = False,
    format: str = "float16",
    view_seed: int = 0,
    **options: Unpack[Options],
) -> LabelStore:
    """Write a teacher's logits for every view of a set in each of `epochs` epochs (default 300).

    `teacher` is the spec of a network, and `format` the spec of a format of labels
    (`smallset.labels.FORMATS`). The views are those of a student with the seed `view_seed`, mixed
    as in all protocols for soft labels. With `one_per_image`, the teacher labels each whole image
    once instead.

    The files lie in the folder `SET.labels` beside SET. The regimes `stored` and `one-per-image`
    find them there. A run that was killed, or that filled the disk, goes on at its last shard.
    Damaged shards are made again.

    The number of threads changes at most the last digits of float32 labels.

    Raises ValueError or OSError if anything is wrong, for example if the teacher lacks a class.
    """
    form = format_from(format)
    if one_per_image and (epochs not in (None, 1) or view_seed):
        raise ValueError(
            "labels of whole images have neither epochs nor a seed of views, but epochs="
            f"{epochs} and view_seed={view_seed} were given. Leave both out, or one_per_image."
        )
    epochs = 1 if one_per_image else 300 if epochs is None else epochs
    epochs = check_epochs("epochs", epochs)
    view_seed = check_number("view_seed", view_seed, least=0, unit="a seed")
    check_teacher_files(teacher)
    desk = desk_for(**options)
    set = opened(set, work=desk.work)
    facts, machine = set.facts, desk.machine
    row_bytes = form.row_bytes(len(facts.classes))
    folder = label_folder(set)
    view, tile_box = view_from(facts.view), set.tile_box
    loaded = load_teacher(teacher, classes=facts.classes, size=facts.size)
    card = LabelCard(
        set=folder.name.removesuffix(".labels"),
        set_digest=set.digest,
        view=facts.view,
        images=facts.images,
        of_each=view.an_epoch(tile_box.shape[1]),
        size=facts.size,
        classes=facts.classes,
        epochs=epochs,
        view_seed=None if one_per_image else view_seed,
        mix_alpha=None if one_per_image else STANDARD_V1.mix_alpha,
        format=format_spec(form),
        teacher=loaded.spec,
        teacher_sha256=loaded.sha256,
        teacher_bytes=loaded.bytes,
        made_with=what_views_depend_on()
        | {
            "torch": torch.__version__,
            "device": machine.kind,
            "precision": machine.precision,
        },
        rows_a_shard=rows_a_shard(row_bytes),
    )
    _check_room(facts, {one.folder: one for one in (*stores(folder), store_of(folder, card))})
    store = begin(folder, card)
    seen = Shown(set_pixels(set, desk), tile_box, view)
    fill(store, loaded, seen, machine, desk.progress)
    return store


def _check_room(facts: SetFacts, found: Mapping[Path, LabelStore]) -> None:
    """Raise ValueError if a set has a budget in bytes, and its images and labels exceed it."""
    limit, label_bytes = limit_of(facts.budget), sum(store.bytes() for store in found.values())
    if limit is not None and facts.image_bytes + label_bytes > limit:
        raise ValueError(
            f"the set's budget is {facts.budget}, of which its images take {facts.image_bytes:,} "
            f"bytes, but its labels would take {label_bytes:,}. Needed both within the budget. "
            "Give fewer epochs or a smaller format, or label a set made with --ipc or --keep."
        )
