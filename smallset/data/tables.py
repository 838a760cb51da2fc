"""From the tables of a data set's splits to a source: columns, classes, held-out split."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from smallset.data.arrow_rows import ArrowRows, LabelColumn
from smallset.data.columns import (
    Features,
    class_names,
    image_column,
    is_labelled,
    label_column,
    read_labels,
)
from smallset.data.held_out import choose_split
from smallset.data.source import RawSplit, Source


@dataclass(frozen=True)
class Table:
    """One split as Arrow stream files, and what its schema says."""

    files: tuple[Path, ...]
    features: Features


def table_source(name: str, key: str, tables: Mapping[str, Table]) -> Source:
    """Make a source of the tables of its splits, choosing the held-out one.

    Raises ValueError for a missing train split, missing or ambiguous columns, labels that are
    missing or out of range, and classes that are not the same in both splits.
    """
    if "train" not in tables:
        raise ValueError(
            f"{name!r} has the splits {sorted(tables)}; needed one called 'train'. Rename one."
        )
    column = label_column(tables["train"].features, f"The train split of {name!r}")

    def labels(split: str) -> LabelColumn:
        rows = _rows(name, split, tables[split])
        return LabelColumn(rows, column, f"the {split} split of {name!r}")

    def labelled(split: str) -> bool:
        return column in tables[split].features.columns and is_labelled(labels(split))

    train = labels("train")
    classes = class_names(train, tables["train"].features)
    test, held_out = choose_split(tables.keys(), labelled)
    train_split = _split("train", train, classes, classes)
    test_split = None
    if test is not None:
        own = tables[test].features.class_names.get(column, classes)
        same_classes(name, test, own, classes)
        test_split = _split(test, labels(test), own, classes)
    return Source(name, key, classes, train_split, test_split, held_out)


def same_classes(name: str, split: str, own: tuple[str, ...], classes: tuple[str, ...]) -> None:
    """Raise ValueError naming classes that only one of the two splits has."""
    extra = sorted(set(own) - set(classes))
    lacking = sorted(set(classes) - set(own))
    if not extra and not lacking:
        return
    problems = [
        f"{what} {', '.join(map(repr, names[:5]))}{' ...' if len(names) > 5 else ''}"
        for what, names in (("class(es) unknown to train:", extra), ("lacks:", lacking))
        if names
    ]
    raise ValueError(
        f"The {split} split of {name!r} differs from train in its classes; {'; '.join(problems)}. "
        "Needed the same classes in both. Rename, add or remove them."
    )


def _rows(name: str, split: str, table: Table) -> ArrowRows:
    return ArrowRows(table.files, image_column(table.features, f"The {split} split of {name!r}"))


def _split(
    split: str, labels: LabelColumn, own: tuple[str, ...], classes: tuple[str, ...]
) -> RawSplit:
    return RawSplit(split, labels.rows, lambda: read_labels(labels, own, classes))
