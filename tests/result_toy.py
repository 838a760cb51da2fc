"""Results that no student had to learn for."""

from dataclasses import replace

from smallset.methods import method_from, spec_of
from smallset.records import Cost, Fact, Result

_RESULT = Result(
    fingerprint="f",
    dataset="toy",
    data_fingerprint="d",
    held_out="test split of the source",
    method="random",
    spec=spec_of(method_from("random")),
    plan_sha256="p",
    source_fingerprint="d",
    codec="png",
    fit="squash",
    classes=("ape", "bee"),
    vanished=(),
    ipc=1,
    images=2,
    size=8,
    view="canvas",
    labels="hard",
    teacher=None,
    teacher_sha256=None,
    teacher_top1=None,
    student="resnet8",
    protocol="small-v1",
    set_seed=0,
    observer_seed=None,
    student_seed=0,
    top1=0.5,
    top5=1.0,
    per_class=(0.25, 0.75),
    loss=0.125,
    steps=1200,
    seconds=2.5,
    images_per_second=1234.5,
    cost=Cost(1000),
    source_images=20,
    source_bytes=20_000,
    precision="float32",
    device="cpu",
    threads=1,
    hardware="a processor",
    compiled=False,
    versions={"torch": "2.13"},
)


def result(**changes: object) -> Result:
    """The result with these changes; an ipc of its own brings its number of images."""
    return changed(_RESULT, **changes)


def changed(one: Result, **changes: object) -> Result:
    ipc = changes.get("ipc")
    images = {"images": ipc * len(one.classes)} if isinstance(ipc, int) else {}
    return replace(one, **{**images, **changes})


def fact(**changes: object) -> Fact:
    """A fact about the result's set, with these changes."""
    made = Fact(
        name="entropy", value=1.5, low=1.25, high=1.75, n=6, unit="nats", dataset="toy",
        method=_RESULT.method, spec=_RESULT.spec, plan_sha256="p", set_digest="s", observer=None,
        hardware="a processor", versions={"torch": "2.13"},
    )  # fmt: skip
    return replace(made, **changes)
