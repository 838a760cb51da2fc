"""How a student is told what an image shows: label regimes by name."""

from smallset.labels.online import OnlineLabels
from smallset.labels.regimes import Hard, Online, Regime
from smallset.labels.teacher_accuracy import teacher_top1
from smallset.spec import build, read, write

__all__ = [
    "LABELS",
    "Hard",
    "Online",
    "OnlineLabels",
    "Regime",
    "labels_from",
    "labels_spec",
    "teacher_top1",
]

LABELS: dict[str, type[Regime]] = {"hard": Hard, "online": Online}


def labels_from(text: str, teacher: str | None = None) -> Regime:
    """Build a label regime from its spec, such as `hard` or `online(teacher=timm:resnet18)`.

    `teacher` completes a bare `online`. Raises ValueError where a teacher is missing, named twice
    or named for labels that have none.
    """
    if teacher is None:
        regime = build(text, Regime, {Regime: LABELS})
        assert isinstance(regime, Regime)  # build() gives what its table makes
        return regime
    call = read(text)
    if call.name == "online" and not call.args and not call.options:
        return Online(teacher)
    labels_from(text)  # an unknown name is the first thing wrong
    raise ValueError(
        f"the teacher {teacher!r} was given with labels={text!r}, which "
        f"{'names its own' if call.name == 'online' else 'asks no teacher'}. "
        "Give a teacher with online labels only, once."
    )


def labels_spec(regime: Regime) -> str:
    """Write the canonical spec of a label regime, as a result line has it."""
    return write(regime, {Regime: LABELS})
