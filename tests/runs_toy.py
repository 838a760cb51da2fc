"""Results of whole tables that no student had to learn for, and a matrix that asks for them."""

from collections.abc import Sequence
from pathlib import Path

from result_toy import changed, result

from smallset.evidence.lines import append_line
from smallset.methods import method_from, spec_of
from smallset.records import Cost, Fact, Result

RANDOM = [0.30, 0.32, 0.31, 0.35, 0.29, 0.33]
BEST = [0.40, 0.45, 0.41, 0.42, 0.44, 0.43]
CLOSE = [0.31, 0.33, 0.30, 0.36, 0.29, 0.34]

WISE = "resnet20(weights={data}/weights/r20.th, classes=same)"
ONLINE = {"labels": f'online(teacher="{WISE}")', "teacher": WISE, "teacher_top1": 0.917,
          "cost": Cost(1000, teacher=1_000_000)}  # fmt: skip
MATRIX = f"""\
title = "Toys"
[methods]
plain = "random"
easy = "el2n"
PCA = "pca"
[teachers]
wise = "{WISE}"
[[table]]
title = "Toy, ResNet-8"
data = "toy"
size = 8
ipc = [1, 2]
students = ["resnet8"]
methods = ["plain", "PCA"]
labels = ["hard", "online(wise)"]
replicates = 6
observers = 2
full = {{epochs = 3}}
"""


def replicates(method: str, top1: Sequence[float], **changes: object) -> list[Result]:
    """One result a value; replicate r has set seed r, observer seed r % 2, student seed r."""
    made = []
    for r, value in enumerate(top1):
        spec = spec_of(method_from(method))
        one = result(
            method=method,
            spec=spec.replace("seed=0", f"seed={r % 2}"),
            top1=value,
            per_class=(value - 0.1, value + 0.1),
            set_seed=r,
            observer_seed=r % 2 if "observer(" in spec else None,
            student_seed=r,
            plan_sha256=f"{method} {r}",
        )
        made.append(changed(one, **changes))
    return made


def full(top1: float, **changes: object) -> Result:
    """A student of the whole training split."""
    facts = {"spec": "full", "method": "full", "codec": "full", "view": "full", "ipc": None,
             "images": 20, "protocol": "teacher-v1(epochs=3)", "top1": top1}  # fmt: skip
    return result(**{**facts, **changes})


def write_runs(path: Path, lines: Sequence[Result | Fact]) -> Path:
    for one in lines:
        append_line(path, one)
    return path
