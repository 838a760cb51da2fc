"""Checks of a matrix file beyond the types of its values: names, values given twice, sizes."""

from collections.abc import Callable, Iterable, Mapping

from smallset.bench.sweep import AUTO, FULL, Sweep
from smallset.bench.toml_table import TableText
from smallset.budget import budget_from
from smallset.methods import method_from
from smallset.models.spec import read_model
from smallset.spec import nearest
from smallset.store import Codec
from smallset.train.protocol import PROTOCOLS, STANDARD_V1, protocol_named


def check_different(values: Mapping[str, object], lines: TableText) -> None:
    """Raise ValueError if a list contains a value twice."""
    for key, listed in values.items():
        if isinstance(listed, tuple) and len(set(listed)) < len(listed):
            twice = next(value for value in listed if listed.count(value) > 1)
            raise ValueError(f"{lines.where(key)}: {key} has {twice!r} twice. Give each once.")


def check_names(sweep: Sweep, lines: TableText) -> None:
    """Raise ValueError for an unknown student, protocol, codec or budget. Opens no file.

    Also raises ValueError for a budget given twice, and for the protocol "auto" with a budget in
    bytes.
    """
    checks: list[tuple[tuple[str, ...], Callable[[str], object]]] = [
        (sweep.students, read_model),
        (sweep.protocols, _check_protocol),
        ((sweep.codec,), Codec.parse),
        (sweep.budget or (), budget_from),
    ]
    for names, check in checks:
        for name in names:
            with lines.at(name):
                check(name)
    # Two texts may spell the same budget.
    check_different({"budget": tuple(map(str, sweep.budgets))}, lines)
    sized = [str(budget) for budget in sweep.budgets if budget.limit is not None]
    if sized and AUTO in sweep.protocols:
        raise ValueError(
            f"{lines.where('protocols')}: protocols has {AUTO!r}, which depends on the number "
            f"of images, but with {sized[0]} this number is known only after encoding. Name a "
            f"protocol, such as protocols = [{STANDARD_V1.name!r}]."
        )


def _check_protocol(name: str) -> None:
    if name != AUTO and "(" in name:
        protocol_named(name, views=1)
    elif name not in (AUTO, *PROTOCOLS):
        raise ValueError(f"there is no protocol {name!r}. {nearest(name, (AUTO, *PROTOCOLS))}")


def check_known(given: Iterable[str], known: Iterable[str], noun: str, lines: TableText) -> None:
    """Raise ValueError for a name that the file does not define.

    `noun` is "method" or "teacher", for the message.
    """
    for name in given:
        if name not in known:
            raise ValueError(
                f"{lines.where(name)}: there is no {noun} {name!r} under [{noun}s]. "
                f"{nearest(name, known)}"
            )


def check_methods(methods: Mapping[str, str], top: TableText) -> None:
    """Raise ValueError for a bad spec, a reserved label, or an observer with a seed."""
    for label, text in methods.items():
        with top.at(label, f"method {label!r}: "):
            method = method_from(text)
        if label == FULL:
            raise ValueError(
                f"{top.where(label)}: the label 'full' is reserved for the whole training split. "
                f"Give the method {text!r} another label."
            )
        looks = method.looks_through
        if looks is not None and looks.seed:
            raise ValueError(
                f"{top.where(label)}: method {label!r} gives its observer the seed "
                f"{looks.seed}, but replicate r always uses the seed r % observers. "
                "Leave the seed out."
            )


def check_sizes(tables: Iterable[Sweep], top: TableText) -> None:
    """Raise ValueError if one table of a data set gives a size and another table leaves it out.

    A report works without the data. It takes sizes from results, and could not tell the two tables
    apart.
    """
    named = {table.data for table in tables if table.size is not None}
    for table in tables:
        if table.size is None and table.data in named:
            raise ValueError(
                f"{top.where(table.title)}: the table {table.title!r} leaves out the size, but "
                f"another table of {table.data!r} gives it. Give the size in all of them, or in "
                "none."
            )
