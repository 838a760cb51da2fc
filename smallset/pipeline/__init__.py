"""The verbs of smallset as Python functions, each short enough to read on one screen."""

from smallset.pipeline.compress import compress, select
from smallset.pipeline.evaluate import evaluate
from smallset.pipeline.label import label
from smallset.pipeline.score import score
from smallset.pipeline.sets import export, open_set
from smallset.pipeline.size import size
from smallset.pipeline.train import train_teacher

__all__ = [
    "compress",
    "evaluate",
    "export",
    "label",
    "open_set",
    "score",
    "select",
    "size",
    "train_teacher",
]
