"""Published accuracies, shown beside ours if data, student, size, budget and labels match."""

from dataclasses import dataclass

from smallset.methods import Pruned, known_method, random
from smallset.mosaic import Grid
from smallset.records import Result
from smallset.scores import EL2N
from smallset.selection import Easiest
from smallset.train.views import Canvas, Patch


@dataclass(frozen=True)
class Published:
    """One setting of a paper and its top-1 accuracies (fractions) by method."""

    source: str
    classes: int
    source_images: int
    size: int
    student: str
    ipc: int
    labels: str
    top1: dict[str, float]


def _imagenet(ipc: int, labels: str, top1: dict[str, float]) -> Published:
    return Published("arXiv 2502.06434", 1000, 1_281_167, 224, "resnet18", ipc, labels, top1)


# We assume that the paper's EL2N keeps the easiest images of each class, since keeping the hardest
# is worse than random at these sizes. In its soft labels, the teacher sees every view. Each number
# is the best of seven evaluations.
PUBLISHED = (
    _imagenet(10, "hard", {"random": 0.046, "sre2l": 0.015, "rded": 0.115, "el2n": 0.122,
                           "pca": 0.228}),
    _imagenet(50, "hard", {"random": 0.206, "sre2l": 0.038, "rded": 0.308, "el2n": 0.311,
                           "pca": 0.391}),
    _imagenet(100, "hard", {"random": 0.317, "sre2l": 0.049, "rded": 0.392, "el2n": 0.387,
                            "pca": 0.455}),
    _imagenet(10, "online", {"random": 0.358, "sre2l": 0.335, "cda": 0.335}),
)  # fmt: skip


def published(result: Result) -> Published | None:
    """Return the published setting that a result belongs to, None if there is none.

    Data are recognised by their numbers of classes and of training images, regardless of the name
    of their folder. The protocol may differ, and the table says so.
    """
    for setting in PUBLISHED:
        if (
            len(result.classes) == setting.classes
            and result.source_images == setting.source_images
            and (result.size, result.student) == (setting.size, setting.student)
            and (result.ipc, result.regime) == (setting.ipc, setting.labels)
        ):
            return setting
    return None


def published_top1(result: Result) -> float | None:
    """Return the published accuracy of a result's method in its setting, None if there is none."""
    setting = published(result)
    return None if setting is None else setting.top1.get(published_name(result.spec) or "")


def published_name(spec: str) -> str | None:
    """Return the name in `PUBLISHED` of the method that a spec describes, None if there is none.

    Options that the papers leave open (the observer, the runs, the resizing of tiles) may differ.
    """
    method = known_method(spec)
    if method == random():
        return "random"
    if isinstance(method, Pruned) and isinstance(method.score, EL2N):
        if method == Pruned(method.score, Easiest(), Grid(), Canvas()):
            return "el2n"
        grid = method.mosaic
        if isinstance(grid, Grid) and method == Pruned(
            method.score, Easiest(), Grid(2, grid.resize), Patch()
        ):
            return "pca"
    return None
