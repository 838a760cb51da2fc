"""Specs of every table, spoilt at random: each builds or is refused in one line."""

import random
from collections.abc import Callable

import pytest

from smallset.bench.teachers import check_spec
from smallset.labels import LABELS, labels_from
from smallset.methods import METHODS, method_from, score_from, spec_of
from smallset.models import MODELS
from smallset.models.spec import read_model
from smallset.scores import SCORES
from smallset.train.protocol import PROTOCOLS, protocol_named
from smallset.train.views import VIEWS, view_from


def protocol_of(text):
    return protocol_named(text, views=9)


GIVEN = "resnet20(weights=W.th, shortcut=a, mean=(0.4, 0.5, 0.6), classes=same)"
TRAINED = "observer(model=resnet8, epochs=12, snapshots=8, seed=1)"
READERS: dict[Callable[[str], object], list[str]] = {
    method_from: [
        *METHODS,
        f"pca(score=el2n(epochs=(2, 3), runs=2, observer={TRAINED}), factor=3, pool=40)",
        f"pca(el2n(observer={GIVEN}), hardest(balanced=false), 1, view=canvas((0.2, 1), flip=0.))",
        "prune(score=file('a folder/w.csv', \"s t\"), select=ccs(0.1, strata=9), mosaic=grid(1))",
        f"dual(window=4, epochs=8, observer={TRAINED}, select=beta(c=2.5))",
        f"d2(k=7, gamma=1e-1, score=tdds(window=5, decay=.9, observer={TRAINED}))",
        "herding(observer='a folder/of one', view=each-patch)",
        f"cad-prune(window=5, windows=3, observer={TRAINED}, factor=2)",
    ],
    score_from: [*SCORES, f"loss(epochs=3, observer={TRAINED})", "file(w.parquet, column='a b')"],
    view_from: [*VIEWS, "patch(scale=(0.1, 1.0), ratio=(0.5, 2), flip=0.25)"],
    labels_from: [*LABELS, f"online(teacher='{GIVEN}')", "online(timm:resnet18)"],
    protocol_of: [*PROTOCOLS, "small-v1(epochs=30)", "small-v1(steps=9)"],
    read_model: [*MODELS, "timm:resnet18(weights=default, std=(1, 1, 2))", GIVEN],
    check_spec: ["train(model=resnet8, epochs=3, recipe=teacher-v1, seed=2)", GIVEN, "a/folder"],
}
PIECES = (
    *"()=,'\"\\;[]{}:/.-+~",
    "((((",
    "))",
    "''",
    "=(",
    "\0",
    "\x1b[31m",
    "\n",
    "\u2028",
    "é",
    "名",
    "😀",
    "\ud800",
    "nan",
    "inf",
    "-inf",
    "1e999",
    "-1e999",
    "0",
    "-1",
    "1e-999",
    "true",
    "none",
    "x" * 5000,
    "y" * 20_000,
    "9" * 5000,
    "1" + "0" * 18,
    "1" + "0" * 9,
    "1" + "0" * 12,
    "0.5",
    "(1,)",
    "observer(",
    "el2n",
    "(" * 2000,
    "a(" * 500,
)


def spoilt(text: str, draw: random.Random) -> str:
    """Return the text with one to four things done to it."""
    for _ in range(draw.randint(1, 4)):
        start = draw.randint(0, len(text))
        end = min(len(text), start + draw.choice((0, 1, 1, 2, 5, 20)))
        other = draw.randint(0, len(text))
        text = draw.choice(
            (
                text[:start] + text[end:],
                text[:end] + text[start:],
                text[:start] + draw.choice(PIECES) + text[end:],
                text[:other] + text[start:end] + text[other:],
            )
        )
    return text


def read_or_refused(reader: Callable[[str], object], text: str) -> tuple[object, str]:
    """Return what a reader makes of the text, or else why not."""
    try:
        return reader(text), ""
    except ValueError as error:
        return None, str(error)


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.__name__)
def test_a_spoilt_spec_builds_or_is_refused_in_one_line(reader):
    draw, refused = random.Random(reader.__name__), 0
    for _ in range(300):
        text = spoilt(draw.choice(READERS[reader]), draw)
        made, said = read_or_refused(reader, text)
        if said:
            refused += 1
            assert len(said.splitlines()) == 1, text
            assert "integer string conversion" not in said, text
        elif reader in (method_from, score_from, view_from):
            assert reader(spec_of(made)) == made
    assert 100 < refused < 300


def test_real_specs_of_every_table_build():
    lacking = {"file", "online", "prune"}  # options that they need
    for reader, specs in READERS.items():
        for text in set(specs) - lacking:
            assert read_or_refused(reader, text)[1] == ""
