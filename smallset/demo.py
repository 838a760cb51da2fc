"""The demo: three ways to compress the embedded digits, side by side."""

from collections.abc import Callable
from pathlib import Path

from smallset.methods import method_from, spec_of
from smallset.pipeline import compress, evaluate
from smallset.records import Progress, Result
from smallset.store import CompressedDataset, open_set

_SCORE = "el2n(observer=observer(seed={observer}))"
METHODS = {
    "random": "random",
    "el2n": "prune(score=" + _SCORE + ", select=easiest)",
    "pca": "pca(score=" + _SCORE + ")",
}
IPC = 5
SIZE = 16
STUDENT = "resnet8"
REPLICATES = 5


def run_demo(
    out: Path,
    *,
    workers: int = 1,
    work: Path | None = None,
    progress: Progress | None = None,
    told: Callable[[str, Result], None] | None = None,
) -> tuple[list[Result], dict[str, CompressedDataset]]:
    """Compress digits three ways; a replicate is a new draw, a new observer and a new student.

    Gives every result, and the first set of each method to look at. `out` holds the sets and
    `results.jsonl`; what a stopped demo had finished there is not made again. Digits are 8 x 8, so
    at 16 px a mosaic's tiles show them pixel for pixel. Networks this small gain little from a
    second thread, and lose much where another job wants the core: one is the default.
    """
    try:
        (out / "sets").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OSError(
            f"the demo's folder '{out}' cannot be made ({error.strerror}). Needed a place for its "
            "sets and sheets. Name another: smallset demo OUT."
        ) from error
    results: list[Result] = []
    shown: dict[str, CompressedDataset] = {}
    for replicate in range(REPLICATES):
        for name, spec in METHODS.items():
            folder = out / "sets" / f"{name}-{replicate}"
            method = spec.format(observer=replicate)
            made = (
                open_set(folder)
                if folder.exists()
                else compress(
                    "digits",
                    folder,
                    method=method,
                    ipc=IPC,
                    size=SIZE,
                    seed=replicate,
                    workers=workers,
                    work=work,
                    progress=progress,
                )
            )
            if made.manifest.spec != spec_of(method_from(method)):
                raise ValueError(
                    f"'{folder}' holds another set than the demo's: {made.manifest.spec}. "
                    "Remove that folder, or name another: smallset demo OUT."
                )
            if replicate == 0:
                shown[name] = made
            results += evaluate(
                made,
                "digits",
                student=STUDENT,
                seeds=[replicate],
                results=out / "results.jsonl",
                workers=workers,
                work=work,
                progress=progress,
            )
            if told is not None:
                told(name, results[-1])
    return results, shown
