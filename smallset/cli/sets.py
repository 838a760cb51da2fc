"""Commands that look at a set, or at what smallset offers: verify, show, list."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from smallset.cli.options import PATH, set_argument

if TYPE_CHECKING:
    from smallset.store import CompressedDataset


@click.command("list")
def list_() -> None:
    """Show every name that an option takes."""
    from smallset.analysis import ANALYSES
    from smallset.budget import BUDGETS
    from smallset.labels import FORMATS, LABELS
    from smallset.methods import METHODS
    from smallset.models import MODELS
    from smallset.mosaic import MOSAICS
    from smallset.observers import OBSERVERS, Observer
    from smallset.scores import SCORES
    from smallset.selection import SELECTORS
    from smallset.spec import first_line, write
    from smallset.synthesis.pools import POOLS
    from smallset.terminal import show_list
    from smallset.train.protocol import PROTOCOLS
    from smallset.train.views import VIEWS

    tables: dict[str, Mapping[str, object]] = {
        "methods": METHODS, "budgets": BUDGETS, "scores": SCORES, "selections": SELECTORS,
        "mosaics": MOSAICS, "observers": OBSERVERS, "views": VIEWS, "students": MODELS,
        "labels": LABELS, "formats of labels": FORMATS, "protocols": PROTOCOLS,
        "analyses": ANALYSES,
    }  # fmt: skip
    for title, table in tables.items():
        lines = {name: getattr(entry, "line", first_line(entry)) for name, entry in table.items()}
        if table is MODELS:
            lines["timm:NAME, torchvision:NAME"] = "any network of those libraries, if installed"
        show_list(title, lines.items())
    pools = {name: write(pool, {Observer: OBSERVERS}, brief=True) for name, pool in POOLS.items()}
    show_list("pools", pools.items())


@click.command
@set_argument()
def verify(set: Path) -> None:
    """Check every hash and count of SET."""
    from smallset.store import verify as verify_set
    from smallset.terminal import say

    found = verify_set(set)
    say(f"{set}: {found.files:,} image files, {found.bytes:,} bytes, every hash and count agrees")


@click.command
@set_argument()
@click.option("--out", type=PATH, help="PNG file to write. Default: SET's name + .png, here.")
def show(set: Path, out: Path | None) -> None:
    """Draw a contact sheet of SET."""
    from smallset.files import check_output
    from smallset.store import open_set
    from smallset.terminal import say

    target = out or Path(f"{set.resolve().name}.png")
    check_output(target)
    opened = open_set(set)
    if set.resolve() in target.resolve().parents:
        raise ValueError(
            f"'{target}' lies inside the set '{set}', which may not contain other files. "
            "Give --out a file elsewhere."
        )
    save_sheet(opened, target)
    say(f"wrote {target}")


def save_sheet(made: "CompressedDataset", target: Path, called: str | None = None) -> None:
    """Draw a set's contact sheet into a PNG file. The file appears whole or not at all.

    `called` is the method's name in the title, by default its spec.
    """
    from smallset.files import replacing, writing
    from smallset.report.sheet import contact_sheet

    with writing(target), replacing(target) as file:
        contact_sheet(made, called=called).save(file, format="PNG")
