"""The parts that a composed method names, and their specs."""

from smallset.mosaic import MOSAICS, Mosaic
from smallset.observers import OBSERVERS, Observer
from smallset.scores import SCORES, Score
from smallset.selection import SELECTORS, Select
from smallset.spec import Registry, write
from smallset.synthesis import SYNTHESES, Synthesis
from smallset.train.views import VIEWS, View

PARTS: Registry = {
    Score: SCORES,
    Observer: OBSERVERS,
    Select: SELECTORS,
    Mosaic: MOSAICS,
    Synthesis: SYNTHESES,
    View: VIEWS,
}


def part_spec(part: object, *, brief: bool = False) -> str:
    """Write the canonical spec of a part; `brief` leaves out what is default."""
    return write(part, PARTS, brief=brief)
