"""Entries: all that the page says about one method in one setting."""

import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain

from smallset.budget import budget_from
from smallset.evidence import Interval, welch_difference
from smallset.records import Result
from smallset.report.leaderboard import machines
from smallset.report.rows import AS_FOUND, Row, seeds_note
from smallset.report.sections import Section, count_words, teacher_words


@dataclass(frozen=True)
class Entry:
    """A row of a section, and the number of the row in the page."""

    number: int
    section: Section
    row: Row

    @property
    def id(self) -> str:
        """The name of the entry inside the page, the same in the table and in the charts."""
        return f"row-{self.number}"

    @property
    def first(self) -> Result:
        """The first result, which stands for what all replicates share."""
        return self.row.results[0]

    @property
    def data(self) -> str:
        """The data set and the size of its images."""
        return f"{self.first.dataset} at {self.first.size} px"

    @property
    def budget(self) -> str:
        """The budget in words, or the number of images if no budget was recorded."""
        given = self.first.budget
        return count_words(self.first) if given is None else budget_from(given).words

    @property
    def choices(self) -> dict[str, str]:
        """What tells settings apart, by the names of the page's filters."""
        return {
            "data set": self.data,
            "student": self.first.student,
            "budget": self.budget,
            "labels": self.section.labels,
        }

    @property
    def verdict(self) -> str:
        """How the entry differs from random in this setting, in words."""
        if self.row is self.section.baseline:
            return "random"
        words = {"better": "better", "worse": "worse", "unclear": "not told apart"}
        return words.get(self.row.verdict, "not compared")

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """How the entry was measured, as pairs of a name and a text."""
        r = self.first
        return (
            ("Table", self.section.title),
            ("Method", r.spec),
            ("View", r.view),
            ("Set", f"{self.budget}, {r.images:,} images, {r.size} px, {r.codec}, fit {r.fit}"),
            ("Bytes", _bytes(self.row)),
            ("Student", f"{r.student}, {r.protocol}, {r.steps:,} steps, tested on {r.held_out}"),
            ("Labels", r.labels if r.teacher is None else f"{r.labels}; {teacher_words(r)}"),
            ("Varied", seeds_note([self.row])),
            ("Environment", machines(self.row.results)),
            ("Data", f"{r.dataset}, fingerprint {r.data_fingerprint[:16]}"),
        )

    @property
    def commands(self) -> str:
        """The commands that make a set like this and train students on it.

        A foreign set was made elsewhere, so only the command that trains its students is known.
        """
        r = self.first
        ipc = "N" if r.ipc is None else str(r.ipc)
        budget = {"--ipc": ipc} if r.budget is None else {"--budget": r.budget}
        given = {
            "--method": r.spec, **budget, "--size": str(r.size), "--fit": r.fit,
            "--codec": r.codec, "--seed": str(r.set_seed), "--precision": r.precision,
        }  # fmt: skip
        asked = {
            "--data": "DATA", "--student": r.student, "--protocol": r.protocol,
            "--labels": r.labels, "--precision": r.precision,
        }  # fmt: skip
        made = shlex.join(["smallset", "compress", "DATA", "SET", *chain(*given.items())])
        trained = shlex.join(["smallset", "evaluate", "SET", *chain(*asked.items())])
        return trained if r.codec == AS_FOUND else f"{made}\n{trained}"


def entries(sections: Iterable[Section]) -> list[Entry]:
    """Return an entry for each row of each section, in their order."""
    pairs = [(section, row) for section in sections for row in section.rows]
    return [Entry(number, *pair) for number, pair in enumerate(pairs)]


def class_differences(entry: Entry) -> list[tuple[str, Interval]]:
    """Return each class and the entry's difference from random in it, with its Welch interval.

    Without a random baseline, and for the baseline itself, the list is empty.
    """
    baseline = entry.section.baseline
    if baseline is None or baseline is entry.row:
        return []
    own, others = (
        zip(*(r.per_class for r in row.results), strict=True) for row in (entry.row, baseline)
    )
    return [
        (name, welch_difference(mine, random))
        for name, mine, random in zip(entry.first.classes, own, others, strict=True)
    ]


def _bytes(row: Row) -> str:
    parts = [(name, row.bytes(name)) for name in ("images", "labels", "teacher")]
    return ", ".join(f"{name} {number:,.0f}" for name, number in parts if number)
