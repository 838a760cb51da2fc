"""The verbs, from Python: each one's whole way in one screen."""

from smallset.pipeline.compress import compress
from smallset.pipeline.evaluate import evaluate
from smallset.pipeline.score import score

__all__ = ["compress", "evaluate", "score"]
