"""Label regimes: the ways to tell a student what an image shows."""

from dataclasses import fields, replace

from smallset.labels.formats import FORMATS, Format
from smallset.labels.one_per_image import OnePerImage
from smallset.labels.online import Online
from smallset.labels.regime import Hard, OpenLabels, Regime, ToStore, check_not_labels, label_folder
from smallset.labels.stored import Stored
from smallset.labels.teacher_accuracy import teacher_top1
from smallset.spec import Registry, build, read, write

LABELS: dict[str, type[Regime]] = {
    "hard": Hard,
    "online": Online,
    "stored": Stored,
    "one-per-image": OnePerImage,
}
_TABLES: Registry = {Regime: LABELS, Format: FORMATS}

__all__ = [
    "FORMATS",
    "LABELS",
    "Hard",
    "OnePerImage",
    "Online",
    "OpenLabels",
    "Regime",
    "Stored",
    "ToStore",
    "check_not_labels",
    "label_folder",
    "labels_from",
    "labels_spec",
    "labels_words",
    "teacher_top1",
]


def labels_from(text: str, teacher: str | None = None) -> Regime:
    """Build a label regime from its spec, such as `hard` or `online(teacher=timm:resnet18)`.

    `teacher` is for a spec that leaves its teacher out. Raises ValueError if a teacher is missing,
    named twice, or given to labels without a teacher.
    """
    if teacher is not None:
        text = _completed(text, teacher)
    return build(text, Regime, _TABLES)


def labels_spec(regime: Regime, *, brief: bool = False) -> str:
    """Return the canonical spec of a label regime, as in a result; without defaults if `brief`."""
    return write(regime, _TABLES, brief=brief)


def labels_words(text: str) -> str:
    """Return the spec of a label regime for tables: without its defaults and its teacher.

    If this version does not know the regime, return its name alone.
    """
    try:
        call = read(labels_spec(labels_from(text), brief=True))
    except ValueError:
        return text.partition("(")[0]
    options = {name: value for name, value in call.options.items() if name != "teacher"}
    return write(replace(call, options=options), {})


def _completed(text: str, teacher: str) -> str:
    """Return a spec with a teacher added.

    Raises ValueError if the regime is unknown, takes no teacher, or names one already.
    """
    call = read(text)
    taught = [n for n, kind in LABELS.items() if any(f.name == "teacher" for f in fields(kind))]
    if call.name in taught and not call.args and "teacher" not in call.options:
        return write(replace(call, options={"teacher": teacher, **call.options}), {})
    labels_from(text)  # raises for an unknown name, which is the more basic error
    raise ValueError(
        f"the teacher {teacher!r} was given with labels={text!r}, which "
        f"{'names its own' if call.name in taught else 'uses no teacher'}. "
        f"Give one teacher, and only with {' or '.join(taught)} labels."
    )
