"""TDDS: how a prediction changes while the observer trains; late epochs weigh most."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from smallset.lazy import Tensor, torch
from smallset.observers.observed import Observed
from smallset.observers.observer import AnyObserver, Observer
from smallset.observers.record import BLOCK
from smallset.scores.score import RunScore, check_window
from smallset.scores.uncertainty import spreads
from smallset.shapes import Float, Float32
from smallset.train.evaluation import inference_batch, predict

# Probabilities in memory at once: 256 MB of float32.
_HELD = 2**26


@dataclass(frozen=True)
class TDDS(RunScore):
    """Weighted mean, over windows of epochs, of how much predictions move (arXiv 2311.13613).

    D_t = sum_c |p_{t+1} (log(p_{t+1} + 1e-8) - log(p_t + 1e-8))| is the move after epoch t. A
    window of J = `window` epochs has J - 1 moves and v = ||D - mean D||_2. The score is
    sum_k v_k a (1 - a)^(T - J - k) over the windows k = 0 .. T - J, with a = `decay` and
    T = `epochs` (None: all epochs of the observer). The paper chooses (T, J) by the pruned share:
    (10, 5) at 90 %, the default here. It keeps large values. An inference pass with the network of
    each epoch gives the probabilities p. T - 1 numbers an image stay on disk.
    """

    name = "tdds"
    largest_first = True
    window: int = 5
    epochs: int | None = None
    decay: float = 0.9
    runs: int = 1
    observer: AnyObserver = Observer()

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.decay <= 1:
            raise ValueError(
                f"tdds's decay={self.decay} is not a weight. Give a number above 0, at most 1."
            )
        # A move needs two epochs, and a spread needs two moves.
        check_window(self, self.window, least=3)

    def of_run(self, seen: Observed, run: int, epochs: tuple[int, ...]) -> Float[np.ndarray, " n"]:
        """Return the weighed spread of each image's moves."""
        moves = self._moves(seen, run, epochs)
        blocks = range(0, len(moves), BLOCK)
        spread = [weighed(moves[b : b + BLOCK].T, self.window - 1, self.decay) for b in blocks]
        return np.concatenate(spread)

    def _moves(
        self, observed: Observed, run: int, epochs: tuple[int, ...]
    ) -> Float32[np.ndarray, "n moves"]:
        """Return the moves D of every image, one column a move, mapped from disk."""

        def rows() -> Iterator[Float32[np.ndarray, "b moves"]]:
            # Whole batches of `predict`, so that the values don't depend on the chunk.
            batch = inference_batch(observed.images.size)
            chunk = max(1, _HELD // observed.classes // batch) * batch
            for start in range(0, len(observed.images), chunk):
                part = range(start, min(start + chunk, len(observed.images)))
                yield self._moves_of(part, observed, run, epochs)

        return observed.kept(self.observer, f"moves-{len(epochs):05d}", rows, run=run)

    def _moves_of(
        self, part: range, observed: Observed, run: int, epochs: tuple[int, ...]
    ) -> Float32[np.ndarray, "b moves"]:
        p = torch.empty(len(part), observed.classes)
        moves = np.empty((len(part), len(epochs) - 1), np.float32)
        images, machine, told = observed.images, observed.machine, observed.progress
        for done, epoch in enumerate(epochs):
            model = observed.network(self.observer, run=run, epoch=epoch)
            before = len(epochs) * part.start + done * len(part)
            for indices, logits in predict(model, images, machine=machine, within=part):
                rows, after = indices - part.start, logits.softmax(1).cpu()
                if done:
                    moves[rows, done - 1] = move(p[rows], after)
                p[rows] = after
                if told is not None:
                    told("moves", before + int(rows[-1]) + 1, len(epochs) * len(images))
        return moves


def move(before: Float32[Tensor, "b c"], after: Float32[Tensor, "b c"]) -> Float32[Tensor, " b"]:
    """Return sum_c |p' (log(p' + 1e-8) - log(p + 1e-8))| for p = `before` and p' = `after`."""
    change: Tensor = (after * ((after + 1e-8).log() - (before + 1e-8).log())).abs().sum(1)
    return change


def weighed(moves: Float[np.ndarray, "t b"], window: int, decay: float) -> Float[np.ndarray, " b"]:
    """Return sum_k v_k a (1 - a)^(K - k), with v_k = ||D - mean D||_2 in window k of 0..K.

    D are the `moves`, a window has `window` of them, and a is `decay`.
    """
    v = spreads(moves, window) * np.sqrt(window)
    weights = decay * (1 - decay) ** np.arange(len(v) - 1, -1, -1)
    score: Float[np.ndarray, " b"] = weights @ v
    return score
