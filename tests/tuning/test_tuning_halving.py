"""Successive halving with a run that trains nothing: which candidates climb, drop out and win."""

import tomllib
from dataclasses import dataclass, field

import pytest
from result_toy import result

from smallset.bench.run import Request
from smallset.budget import Bytes
from smallset.methods import canonical
from smallset.pipeline.within import NoRoom
from smallset.tuning.candidates import Candidate
from smallset.tuning.halving import Halving
from smallset.tuning.rungs import Setting, rungs_of

SPEC = canonical("random", size=8)


@dataclass
class Toy:
    """A run whose students of jpeg:9 are better than those of jpeg:8.

    `large` are pairs of a codec and the replicate whose set does not fit.
    """

    large: set
    found: list = field(default_factory=list)
    cells: set = field(default_factory=set)

    def run(self, request):
        tables = tomllib.loads(request.matrix.read_text())["table"]
        cells = {
            (table["codec"], table["protocols"][0], replicate): int(table["codec"].split(":")[1])
            for table in tables
            for replicate in range(table["replicates"])
        }
        assert self.cells <= set(cells), "a run folder loses no cell"
        self.cells = set(cells)
        done = {(one.codec, one.protocol, one.set_seed) for one in self.found}
        for cell, quality in cells.items():
            codec, protocol, replicate = cell
            if cell in done or (SPEC, codec) in request.without:
                continue
            if (codec, replicate) in self.large:
                raise NoRoom("", spec="random", codec=codec)
            seen = {"codec": codec, "protocol": protocol, "set_seed": replicate}
            self.found.append(result(**seen, spec="random", size=8, top1=quality / 100))


@pytest.fixture
def climbed(tmp_path, monkeypatch):
    """Let `count` candidates climb. Return the qualities of the frontier, with their draws."""

    def climbed(toy, count):
        monkeypatch.setattr(Halving, "found", lambda _: list(toy.found))
        halving = Halving(
            tuple(Candidate("random", f"jpeg:{i}", SPEC) for i in range(1, count + 1)),
            rungs_of(count, steps=8),
            Setting("toy", "toy", 8, "squash", Bytes(1000), "convnet-d3"),
            Request(matrix="", runs=tmp_path),
        )
        found = halving.run(toy.run)
        assert not {one.candidate for one in found} & set(halving.dropped)
        return [(int(one.candidate.codec.split(":")[1]), len(one.results)) for one in found]

    return climbed


def test_the_next_best_takes_the_place_of_one_that_drops_out_in_the_last_rung(climbed):
    toy = Toy({("jpeg:6", 2)})
    assert climbed(toy, 6) == [(5, 3), (4, 3), (3, 1), (2, 1), (1, 1)]
    students = len(toy.found)
    assert climbed(toy, 6)[0] == (5, 3)
    assert len(toy.found) == students


def test_if_the_whole_last_rung_drops_out_the_next_ones_take_the_places(climbed):
    assert climbed(Toy({("jpeg:6", 0), ("jpeg:5", 1), ("jpeg:4", 2)}), 6) == [
        (3, 3), (2, 3), (1, 1),
    ]  # fmt: skip


def test_those_of_an_earlier_rung_follow_those_of_the_rung_before(climbed):
    large = {(f"jpeg:{i}", 1) for i in range(8, 13)}  # more than rung 2 has places
    assert climbed(Toy(large), 12)[:3] == [(7, 3), (6, 3), (5, 1)]


def test_all_dropped_out_is_the_same_error_again(climbed):
    toy = Toy({(f"jpeg:{i}", 1) for i in range(1, 7)})
    for _ in range(2):
        with pytest.raises(
            NoRoom, match="bytes=1kB has no room for one image of each class: the 6"
        ):
            climbed(toy, 6)
