"""The verbs, from Python: each one's whole way in one screen."""

from smallset.pipeline.compress import compress, select
from smallset.pipeline.evaluate import evaluate
from smallset.pipeline.export import export
from smallset.pipeline.score import score
from smallset.pipeline.train import train_teacher

__all__ = ["compress", "evaluate", "export", "score", "select", "train_teacher"]
