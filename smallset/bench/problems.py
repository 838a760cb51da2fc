"""Impossible cells, found before anything runs, all of them at once."""

from collections.abc import Iterator
from dataclasses import replace

from smallset.bench.ground import Ground
from smallset.bench.kinds import KINDS
from smallset.bench.matrix import Matrix, same_methods
from smallset.bench.sources import open_source

_SHOWN = 50


def check_matrix(ground: Ground, *, only: str = "") -> None:
    """Open every data set of the matrix, and make sure that every unit can be made.

    Fills `data` and `weights` of the ground. Only tables whose title holds `only` must be possible;
    the data of the others is opened if it is at hand. Raises ValueError with all that is
    impossible, a line each: data that is not there, a class that cannot fill an ipc, a size without
    room for tiles or network, a student without its library or weights, a teacher that cannot be
    loaded or whose classes don't map.
    """
    found = list(dict.fromkeys(_problems(ground, only)))
    if found:
        lines = [f"  {line}" for line in found[:_SHOWN]]
        if len(found) > _SHOWN:
            lines.append(f"  and {len(found) - _SHOWN} more")
        raise ValueError(
            f"{ground.matrix.title!r} has {len(found)} impossible "
            f"{'entry' if len(found) == 1 else 'entries'}; nothing was run. Mend the matrix, give "
            "what is missing, or leave those tables out with --only:\n" + "\n".join(lines)
        )


def _problems(ground: Ground, only: str) -> Iterator[str]:
    desk = ground.desk
    for sweep in ground.matrix.sweeps:
        try:
            if sweep.data not in ground.data:
                ground.data[sweep.data] = open_source(
                    sweep.data, ground.places, work=desk.work, drop_leaks=desk.drop_leaks
                )
        except (ValueError, OSError) as error:
            if only in sweep.title:
                yield f"data {sweep.data!r}: {error}"
            continue
        for kind in KINDS.values() if only in sweep.title else ():
            yield from (f"{sweep.title}: {problem}" for problem in kind.problems(sweep, ground))
    for label, problem in same_methods(_sized(ground)):
        yield f"method {label!r}: {problem}"


def _sized(ground: Ground) -> Matrix:
    """Return the matrix with the size of every table whose data is at hand."""
    sweeps = (
        replace(sweep, size=ground.data[sweep.data].size(sweep.size))
        if sweep.data in ground.data
        else sweep
        for sweep in ground.matrix.sweeps
    )
    return replace(ground.matrix, sweeps=tuple(sweeps))
