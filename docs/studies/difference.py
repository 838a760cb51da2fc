"""Say how far apart two rows of a published table are: the difference of means, Welch's interval.

    python docs/studies/difference.py MATRIX TITLE ROW OTHER [--other-title TITLE] [--by-observer]

MATRIX names docs/results/MATRIX.jsonl, TITLE is the title of a table in its report or a part of it,
ROW and OTHER are the names of two of its rows. If OTHER is in another table, give the title of that
table with `--other-title`. With `--by-observer` the students of one observer count as one, by their
mean.
"""

import argparse
from collections.abc import Sequence
from statistics import mean

from grid import published

from smallset.evidence import Interval, welch_difference
from smallset.records import Result
from smallset.report.sections import Section
from smallset.spec import nearest


def difference(
    matrix: str, title: str, row: str, other: str, other_title: str = "", by_observer: bool = False
) -> Interval:
    """Return ROW minus OTHER, in fractions. Raises SystemExit for an unknown table or row."""
    tables = published(matrix).sections
    both = _row(tables, title, row), _row(tables, other_title or title, other)
    one, two = (_by_observer(r) if by_observer else [x.top1 for x in r] for r in both)
    return welch_difference(one, two)


def _row(tables: Sequence[Section], title: str, row: str) -> list[Result]:
    found = [section for section in tables if title in section.title]
    if len(found) != 1:
        titles = "; ".join(section.title for section in found or tables)
        raise SystemExit(f"{title!r} names {len(found)} tables. Give more of one of: {titles}.")
    rows = {r.label: r for r in found[0].rows}
    if row not in rows:
        raise SystemExit(f"there is no row {row!r} in that table. {nearest(row, rows)}")
    return list(rows[row].results)


def _by_observer(row: Sequence[Result]) -> list[float]:
    """Return the mean of each observer's students. A student without an observer counts alone."""
    groups: dict[object, list[float]] = {}
    for place, result in enumerate(row):
        observer = result.observer_seed
        groups.setdefault(f"none {place}" if observer is None else observer, []).append(result.top1)
    return [mean(group) for group in groups.values()]


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("matrix", "title", "row", "other"):
        parser.add_argument(name)
    parser.add_argument("--other-title", default="")
    parser.add_argument("--by-observer", action="store_true")
    found = difference(**vars(parser.parse_args()))
    print(f"{100 * found.mean:+.1f} [{100 * found.low:.1f}, {100 * found.high:.1f}] points")


if __name__ == "__main__":
    main()
