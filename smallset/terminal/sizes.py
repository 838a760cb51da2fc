"""Print the byte ledger of a set."""

from smallset.pipeline.size import Ledger
from smallset.records import Cost
from smallset.report.table import Heading, table_of
from smallset.terminal import say, show_table


def show_sizes(found: Ledger) -> None:
    """Print what the regimes of a set cost, and what other labels would cost."""
    say(f"{found.name}, in bytes of files that a student needs:")
    for way in found.here:
        say(f"{way.name}: {_sum(way.cost)}")
    say(f"({found.raw:,} bytes as float32 pixels, as the literature counts images)")
    views = "" if found.views == 1 else f" x {found.views} views"
    say(
        f"\nwhat labels would cost: {found.images:,} images{views} x {found.epochs:,} epochs x "
        f"{found.classes:,} classes"
    )
    columns = (
        (Heading("format"), lambda way: way.name),
        (Heading("label bytes", "bytes"), lambda way: way.cost.labels),
        (Heading("GiB"), lambda way: f"{way.cost.labels / 2**30:,.2f}"),
        (Heading("image bytes", "bytes"), lambda way: way.cost.images),
        (Heading("ratio", "ratio"), lambda way: way.cost.labels / way.cost.images),
    )
    show_table(table_of("", found.labels, columns))


def _sum(cost: Cost) -> str:
    parts = {"images": cost.images, "labels": cost.labels, "teacher": cost.teacher}
    given = [f"{name} {count:,}" for name, count in parts.items() if count]
    return " + ".join(given) + (f" = {cost.total:,}" if len(given) > 1 else "")
