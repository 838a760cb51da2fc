"""What scores mean on real data: do they find wrong labels, agree, and change in another run?

    python docs/studies/scores.py run --data PATH --work DIR    adds to scores.jsonl
    python docs/studies/scores.py write                         scores.jsonl -> docs/scores.md
    python docs/studies/scores.py draw       scores.jsonl -> docs/scores.svg, scores-stability.svg

PATH is cifar10, parquet files in the Hub's layout. DIR keeps the observers, so `run` can be killed
at any time, and the same command goes on. Drawing needs altair and vl-convert-python.
"""

import argparse
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations
from pathlib import Path
from statistics import mean

import numpy as np
import torch
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score

from smallset.desk import desk_for
from smallset.evidence.lines import drop_torn_line
from smallset.exchange.set_data import open_any
from smallset.methods import score_from
from smallset.observers.observed import RECORDS_VERSION, Observed
from smallset.pipeline.desk import observed
from smallset.report.table import Heading, Table, write_markdown
from smallset.seeds import generator
from smallset.train.device import hardware

FACTS = Path(__file__).with_name("scores.jsonl")
PAGE = Path(__file__).parents[1] / "scores.md"
FIGURE = Path(__file__).parents[1] / "scores.svg"
STABILITY = FIGURE.with_stem("scores-stability")
PLANTED = 0.1
REPLICATES = 3
GROUPS = (1, 3, 10)
RUNS = 2 * max(GROUPS)

# Row -> spec; WHO is replaced by the network and the seed.
SCORES = {
    "el2n": "el2n(epochs=10, observer=observer(WHO, epochs=10))",
    "el2n, last three epochs": "el2n(epochs=(8, 9, 10), observer=observer(WHO, epochs=10))",
    "grand": "grand(epochs=10, observer=observer(WHO, epochs=10))",
    "forgetting": "forgetting(observer=observer(WHO, epochs=10))",
    "aum": "aum(observer=observer(WHO, epochs=10))",
    "aum of probabilities": "aum(on=probabilities, observer=observer(WHO, epochs=10))",
    "loss": "loss(observer=observer(WHO, epochs=10))",
    "entropy": "entropy(observer=observer(WHO, epochs=10))",
    "margin": "margin(observer=observer(WHO, epochs=10))",
    "least-confidence": "least-confidence(observer=observer(WHO, epochs=10))",
    "tdds": "tdds(observer=observer(WHO, epochs=10))",
    "dyn-unc": "dyn-unc(observer=observer(WHO, epochs=10))",
    "dual": "dual(observer=observer(WHO, epochs=10))",
    "cad-prune": "cad-prune(observer=observer(WHO, epochs=1, snapshots=8))",
}


INTRODUCTION = """# What scores mean on real data

These are scores of CIFAR-10's training images. The observer is a ResNet-8 that trains for 10 epochs
(for CAD-Prune: for one epoch, in which it looks eight times). The first command adds what
`docs/studies/scores.jsonl` lacks. It refuses a file with facts of another version of observers.
Take that file away to measure all again, which takes some hours of a core and may be interrupted.
The others write this page and its figures (with altair and vl-convert-python):

    python docs/studies/scores.py run --data PATH --work DIR
    python docs/studies/scores.py write
    python docs/studies/scores.py draw

- *AUC, wrong labels*: a tenth of the labels is replaced by another class, drawn uniformly. The
  number says how well the score (larger is harder) finds these labels. 0.5 is chance. Below 0.5,
  wrong labels count as easy. Each replicate draws other labels and trains another observer.
- *resnet8 with resnet20*: Spearman's rank correlation between the score through a ResNet-8 and
  through a ResNet-20, both of one seed.
- *two runs*, *means of K and of K others*: the rank correlation between disjoint groups of
  observers that differ only in their seed. Twenty observers make ten pairs of one, three pairs of
  three and one pair of ten.

Each cell is the mean [the range] of n replicates or pairs. The line below the table names the
version of the observers' records. Since observer-2, images that a network is certain of do not tie
by loss, margin and least confidence.

Rank correlation between scores through one ResNet-8 (seed 0), labels as they are:

![How scores agree](scores.svg)

How stable a score is if the observer changes, as means of the table below:

![How scores stay](scores-stability.svg)
"""


@dataclass(frozen=True)
class Fact:
    """One measured number: `what` of `score` (a key of `SCORES`), at replicate `r`.

    `auc`: the area under the ROC curve for finding planted labels. `agreement`: Spearman's rho with
    the score `other`. `stability K`: rho between the means over K observers and over K others. No
    observer is in two replicates. `across`: rho between the score through resnet8 and through
    `other`. `observer` is the version of the observers' records.
    """

    what: str
    score: str
    other: str
    r: int
    value: float
    images: int
    hardware: str
    versions: str
    observer: str

    @property
    def key(self) -> tuple[str, str, str, int]:
        """What is measured: two facts of one key differ at most in their values."""
        return self.what, self.score, self.other, self.r


def planted(labels: np.ndarray, classes: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return labels with a tenth replaced by another class, and a mask of the replaced ones.

    The other class is drawn uniformly.
    """
    draw = generator(seed, "planted")
    wrong = np.zeros(len(labels), bool)
    wrong[draw.permutation(len(labels))[: round(PLANTED * len(labels))]] = True
    shift = draw.integers(1, classes, len(labels))
    return np.where(wrong, (labels + shift) % classes, labels), wrong


def values(seen: Observed, name: str, seed: int, model: str = "resnet8") -> np.ndarray:
    """Return a score of all images through the observer of a seed."""
    return np.asarray(score_from(spec_of_row(name, seed, model))(seen))


def spec_of_row(name: str, seed: int, model: str) -> str:
    """Return the spec of a row through the observer of a network and seed."""
    return SCORES[name].replace("WHO", f"model={model}, seed={seed}")


def rho(one: np.ndarray, other: np.ndarray) -> float:
    """Return Spearman's rank correlation."""
    return float(spearmanr(one, other).statistic)


Job = tuple[tuple[str, str, str, int], Callable[[], float]]


def jobs(seen: Observed) -> Iterator[Job]:
    """Yield the key of every fact, with the function that measures its value."""
    for r in range(REPLICATES):
        labels, wrong = planted(seen.labels, seen.classes, r)
        noisy = replace(seen, labels=labels, source=f"{seen.source} planted {PLANTED} seed {r}")
        for name in SCORES:
            yield ("auc", name, "", r), partial(_auc, wrong, noisy, name, r)
    for one, other in combinations(SCORES, 2):
        yield ("agreement", one, other, 0), partial(_agreement, seen, one, other)
    for name in SCORES:
        for r in range(REPLICATES):
            yield ("across", name, "resnet20", r), partial(_across, seen, name, r)
        for count in GROUPS:
            for r in range(RUNS // (2 * count)):
                measure = partial(_stability, seen, name, count, r)
                yield (f"stability {count}", name, "", r), measure


def _auc(wrong: np.ndarray, noisy: Observed, name: str, r: int) -> float:
    return float(roc_auc_score(wrong, values(noisy, name, r)))


def _agreement(seen: Observed, one: str, other: str) -> float:
    return rho(values(seen, one, 0), values(seen, other, 0))


def _across(seen: Observed, name: str, r: int) -> float:
    return rho(values(seen, name, r), values(seen, name, r, "resnet20"))


def _stability(seen: Observed, name: str, count: int, r: int) -> float:
    start = 2 * count * r
    groups = [range(start, start + count), range(start + count, start + 2 * count)]
    return rho(*(np.mean([values(seen, name, seed) for seed in g], axis=0) for g in groups))


def run(data: str, work: Path, only: str) -> None:
    """Measure the facts that are missing whose `what` starts with `only`, and add their lines.

    Raises SystemExit if the file holds facts of another version of the observers' records.
    """
    measured = facts()
    if others := {fact.observer for fact in measured} - {RECORDS_VERSION}:
        raise SystemExit(
            f"'{FACTS}' holds facts of {', '.join(sorted(others))}, but observers record "
            f"{RECORDS_VERSION} now, and a mean is of one version. Take the file away to "
            "measure all again."
        )
    desk = desk_for(workers=1, work=work)
    source = open_any(data, desk).train
    seen = observed(source, 32, "squash", desk)
    known = {fact.key for fact in measured}
    drop_torn_line(FACTS)
    versions = f"torch {torch.__version__}, numpy {np.__version__}"
    where = f"{hardware(desk.machine.device, 1)}, {desk.machine.precision}, 1 thread"
    for key, measure in jobs(seen):
        if key in known or not key[0].startswith(only):
            continue
        fact = Fact(*key, round(measure(), 4), len(source), where, versions, RECORDS_VERSION)
        with FACTS.open("a", encoding="utf-8") as file:
            file.write(json.dumps(vars(fact)) + "\n")
        print(*key, f"{fact.value:.3f}", flush=True)


def facts() -> list[Fact]:
    """Return the facts of all lines, without a last line that was not written to its end."""
    if not FACTS.exists():
        return []
    lines = FACTS.read_text(encoding="utf-8").splitlines(keepends=True)
    return [Fact(**json.loads(line)) for line in lines if line.endswith("\n")]


def page() -> str:
    """Write the page of what was measured."""
    found = facts()
    by_key: dict[tuple[str, str], list[float]] = {}
    for fact in found:
        by_key.setdefault((fact.what, fact.score), []).append(fact.value)
    columns = ("auc", "across", *(f"stability {count}" for count in GROUPS))
    rows = [(name, *(_cell(by_key.get((c, name), [])) for c in columns)) for name in SCORES]
    heads = ("score", "AUC, wrong labels", "resnet8 with resnet20", *map(_group, GROUPS))
    table = write_markdown(Table("", tuple(map(Heading, heads)), tuple(rows)))
    made = sorted({(f.images, f.hardware, f.versions, f.observer) for f in found})
    how = "; ".join(f"{images:,} images, {', '.join(rest)}" for images, *rest in made)
    return "\n".join([INTRODUCTION, table, f"Measured on {how}.", ""])


def _cell(measured: list[float]) -> str:
    """Write a mean, the range of its replicates and how many there are."""
    if not measured:
        return "not run"
    low, high, middle, n = min(measured), max(measured), mean(measured), len(measured)
    return f"{middle:.3f}" + (f" [{low:.3f}, {high:.3f}], n = {n}" if n > 1 else ", n = 1")


def _group(count: int) -> str:
    return "two runs" if count == 1 else f"means of {count} and of {count} others"


def draw() -> None:
    """Draw how scores agree, as a matrix, and how stable they are, as points."""
    _draw_agreement()
    _draw_stability()


def _draw_agreement() -> None:
    import altair as alt

    pairs = [fact for fact in facts() if fact.what == "agreement"]
    both = [(f.score, f.other, f.value) for f in pairs] + [
        (f.other, f.score, f.value) for f in pairs
    ]
    both += [(name, name, 1.0) for name in SCORES]
    data = alt.Data(values=[{"one": a, "other": b, "rho": v} for a, b, v in both])
    axes = alt.Chart(data).encode(
        x=alt.X("one:N", sort=list(SCORES), title=None),
        y=alt.Y("other:N", sort=list(SCORES), title=None),
    )
    scale = alt.Scale(domain=[-1, 1], scheme="blueorange")
    squares = axes.mark_rect().encode(color=alt.Color("rho:Q", scale=scale, title="Spearman's rho"))
    words = axes.mark_text(fontSize=9).encode(text=alt.Text("rho:Q", format=".2f"))
    (squares + words).properties(
        width=460, height=460, title="Rank correlation of scores on CIFAR-10"
    ).save(FIGURE)


def _draw_stability() -> None:
    import altair as alt

    kinds = {"across": "ResNet-8 with ResNet-20"} | {f"stability {k}": _group(k) for k in GROUPS}
    found: dict[tuple[str, str], list[float]] = {}
    for fact in facts():
        if fact.what in kinds:
            found.setdefault((fact.score, kinds[fact.what]), []).append(fact.value)
    values = [{"score": s, "kind": kind, "rho": mean(v)} for (s, kind), v in found.items()]
    steady = sorted(SCORES, key=lambda name: -mean(found.get((name, kinds["stability 1"]), [0])))
    marks = {"domain": list(kinds.values())}
    rows = alt.Chart(alt.Data(values=values)).encode(
        y=alt.Y("score:N", sort=steady, title=None, axis=alt.Axis(grid=True)),
        x=alt.X("rho:Q", title="Spearman's rho", scale=alt.Scale(zero=False)),
    )
    points = rows.mark_point(filled=True, size=70, opacity=1).encode(
        color=alt.Color(
            "kind:N",
            title=None,
            scale=alt.Scale(range=["#e6701d", "#a6c8e4", "#4f8fc4", "#15477a"], **marks),
        ),
        shape=alt.Shape(
            "kind:N",
            title=None,
            scale=alt.Scale(range=["diamond", "circle", "circle", "circle"], **marks),
        ),
    )
    points.properties(
        width=460,
        height=320,
        title="Rank correlation of a score with itself through other observers",
    ).save(STABILITY)


def main() -> None:
    """Run, write or draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("verb", choices=["run", "write", "draw"])
    parser.add_argument("--data")
    parser.add_argument("--work", type=Path)
    parser.add_argument("--only", default="", help="The start of what is measured: auc, ...")
    given = parser.parse_args()
    if given.verb == "run" and not (given.data and given.work):
        parser.error("run needs --data PATH and --work DIR")
    if given.verb == "run":
        run(given.data, given.work, given.only)
    elif given.verb == "write":
        PAGE.write_text(page(), encoding="utf-8")
    else:
        draw()


if __name__ == "__main__":
    main()
