"""Coverage: the cells that a matrix asks for, and those that have a result."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product

from smallset.bench.matrix import Matrix
from smallset.bench.sweep import AUTO, FULL, Sweep
from smallset.budget import Budget, limit_of
from smallset.labels import labels_spec
from smallset.methods import known_method
from smallset.numbers import counted
from smallset.records import Result
from smallset.report.rows import AS_FOUND, method_key, row_key
from smallset.train.protocol import protocol_for

CellKey = tuple[str, int | None, int | None, int]
"""A cell of one setting: method key, set seed, observer seed, student seed."""


@dataclass(frozen=True)
class PlannedSetting:
    """One setting that a matrix asks for, and its cells.

    `labels` is the label regime as the matrix writes it, "hard" or "online(NAME)". `regime` is the
    same regime as results write it. Under a share of the data, sets of methods with different
    numbers of tiles in a canvas have different sizes. So each number of tiles is a setting of its
    own, and `tiles` is that number. Under other budgets, `tiles` is None.
    """

    table: Sweep
    student: str
    budget: Budget
    tiles: int | None
    labels: str
    regime: str
    protocol: str
    cells: frozenset[CellKey]

    def holds(self, result: Result) -> bool:
        """Say whether a result belongs to this setting."""
        auto = protocol_for(None, images=result.images).name
        return (
            _of_table(self.table, result)
            and result.spec != FULL
            and result.student == self.student
            and _is_under(self.budget, self.tiles, result)
            and result.labels == self.regime
            and result.protocol == (auto if self.protocol == AUTO else self.protocol)
        )

    def title(self, protocol: str, called: str = "") -> str:
        """Return `called` (by default the table's title), then what tells its settings apart.

        That is the student and `protocol` if the table has several, the budget unless `called`
        names it, and always the labels.
        """
        called, budget = called or self.table.title, self.budget.words
        several = [self.student] if len(self.table.students) > 1 else []
        named = [protocol] if len(self.table.protocols) > 1 else []
        return ", ".join(
            [
                called,
                *several,
                *([] if budget in called.split(", ") else [budget]),
                *named,
                f"{self.labels} labels",
            ]
        )


def planned(matrix: Matrix) -> list[PlannedSetting]:
    """Return every setting of a matrix, in its order."""
    return [
        PlannedSetting(
            table,
            student,
            budget,
            tiles,
            labels,
            labels_spec(matrix.regime(labels)),
            protocol,
            cells,
        )
        for table in matrix.sweeps
        for student, budget, labels, protocol in product(
            table.students, table.budgets, table.labels, table.protocols
        )
        for tiles, cells in _cells(matrix, table, by_tiles=budget.by_tiles).items()
    ]


def cell_key(result: Result) -> CellKey:
    """Return the cell that a result belongs to."""
    return row_key(result), result.set_seed, result.observer_seed, result.student_seed


def row_labels(matrix: Matrix) -> dict[str, str]:
    """Return the matrix's names of methods by their `row_key`."""
    return {method_key(spec): label for spec, label in matrix.labels.items()}


def missing(
    settings: Iterable[PlannedSetting], results: Sequence[Result]
) -> tuple[Counter[str], int]:
    """Return the number of cells without a result by `row_key`, and the number of all cells."""
    wanted = frozenset().union(*(setting.cells for setting in settings))
    lacking = wanted - {cell_key(r) for r in results}
    return Counter(key for key, *_ in lacking), len(wanted)


def not_begun(
    matrix: Matrix, settings: Iterable[PlannedSetting], results: Sequence[Result]
) -> list[str]:
    """Return a line for each setting without any result: its title and its number of cells.

    A student of the full data that has no result gets a line too.
    """
    counts: Counter[str] = Counter()  # settings of one title that differ in tiles count as one
    for setting in settings:
        if not any(setting.holds(r) for r in results):
            counts[setting.title(setting.protocol)] += len(setting.cells)
    lines = [f"{title}: {counted(n, 'cell')}" for title, n in counts.items()]
    for table in matrix.sweeps:
        trained = {r.student for r in results if r.spec == FULL and _of_table(table, r)}
        for student in table.students if table.full is not None else ():
            if student not in trained:
                lines.append(f"{table.title}, {student} on the full data: 1 cell")
    return lines


def _of_table(table: Sweep, result: Result) -> bool:
    if (result.dataset, result.size, result.fit) != (table.data, table.size, table.fit):
        return False
    if result.spec == FULL or result.codec == AS_FOUND:
        return True
    method = known_method(result.spec)
    return result.codec == (table.codec if method is None else table.codec_of(method))


def _is_under(budget: Budget, tiles: int | None, result: Result) -> bool:
    """Say whether a set was made under a budget, by a method with `tiles` tiles in a canvas.

    If two budgets give the same set, one result line stands for both and names only one of them. A
    line of an earlier version names no budget. So a line under another name, or under none, is
    accepted if the set has the number of images that the budget gives. Only the names decide if a
    budget is in bytes.
    """
    method = known_method(result.spec)
    if tiles is not None and (method is None or method.tiles != tiles):
        return False
    if result.budget == str(budget):
        return True
    if budget.limit is not None or limit_of(result.budget) is not None:
        return False
    # A line does not say how many images each class had, so equal classes are assumed.
    each, rest = divmod(result.source_images, len(result.classes))
    have = [each + (c < rest) for c in range(len(result.classes))]
    asked = budget.canvases(have, tiles or 1)
    name, _, value = (result.budget or "").partition("=")
    if name == budget.name:
        return asked == budget.read(value).canvases(have, tiles or 1)
    uneven = len(result.classes) if budget.by_tiles else 0
    return abs(result.images - sum(asked)) <= uneven


def _cells(matrix: Matrix, table: Sweep, *, by_tiles: bool) -> dict[int | None, frozenset[CellKey]]:
    """Return a table's cells under one budget by the number of tiles in a canvas.

    Without `by_tiles`, all cells stand under None.
    """
    found: dict[int | None, list[CellKey]] = {}
    for label in table.methods:
        method, key = matrix.method(label), method_key(matrix.spec(label, table.size))
        looks = [matrix.method(label, r).looks_through for r in range(table.observers)]
        seeds = [observer.seed if observer else None for observer in looks]
        found.setdefault(method.tiles if by_tiles else None, []).extend(
            (key, r, seeds[r % table.observers], r) for r in range(table.replicates)
        )
    return {tiles: frozenset(cells) for tiles, cells in found.items()}
