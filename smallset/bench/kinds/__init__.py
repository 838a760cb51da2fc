"""The kinds of units of a run. Each unit is made once and shared by all cells that need it.

Observers need pixels, sets need observers, and cells need sets. Cells with soft labels also need
teachers, or labels that teachers stored. To add a kind, add a file and its name here.
"""

from collections.abc import Set

from smallset.bench.ground import Ground, Lines
from smallset.bench.kinds.cell import CellUnit, FullUnit
from smallset.bench.kinds.labels import LabelsUnit
from smallset.bench.kinds.observer import ObserverUnit
from smallset.bench.kinds.pixels import PixelsUnit
from smallset.bench.kinds.sets import SetUnit
from smallset.bench.kinds.teacher import TeacherUnit
from smallset.bench.kinds.unit import Unit

__all__ = ["KINDS", "Unit", "units_of"]

KINDS: dict[str, type[Unit]] = {
    PixelsUnit.kind: PixelsUnit,
    ObserverUnit.kind: ObserverUnit,
    TeacherUnit.kind: TeacherUnit,
    SetUnit.kind: SetUnit,
    LabelsUnit.kind: LabelsUnit,
    CellUnit.kind: CellUnit,
    FullUnit.kind: FullUnit,
}


def units_of(
    ground: Ground, lines: Lines, *, only: str = "", without: Set[tuple[str, str]] = frozenset()
) -> tuple[dict[str, Unit], tuple[Unit, ...]]:
    """Return the units of the tables whose title contains `only`, by key, and those left to do.

    The cells of the methods and codecs in `without` are left out.

    A unit comes after the units that it needs, and before those of less urgent cells. A unit that
    only finished units need is not done again, even if its files are gone.
    """
    units: dict[str, Unit] = {}
    pending: set[str] = set()

    def add(unit: Unit) -> None:
        if unit.key not in units:
            for need in unit.needs:
                add(need)
            units[unit.key] = unit

    def want(unit: Unit) -> None:
        if unit.key not in pending and not unit.is_done(lines, ground.desk):
            pending.add(unit.key)
            for need in unit.needs:
                want(need)

    for cell in ground.cells:
        identity = cell.identity
        if only not in cell.sweep.title or (identity.spec, identity.codec) in without:
            continue
        for kind in KINDS.values():
            unit = kind.asked_by(cell, ground)
            if unit is not None:
                add(unit)
                want(unit)
    return units, tuple(unit for key, unit in units.items() if key in pending)
