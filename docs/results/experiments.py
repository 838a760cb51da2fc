"""The experiments behind docs/results.md: run them (resumable), or write the page.

    python docs/results/experiments.py run --data PATH      adds what is missing to results.jsonl
    python docs/results/experiments.py write                results.jsonl -> docs/results.md

PATH holds cifar10/ and imagenette-224/ in the Hub's parquet layout. Cells run side by side in
one-thread processes; the driver alone appends, a line a finished student. Kill it at any time.
"""

import argparse
import hashlib
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from smallset.evidence import welch_difference
from smallset.evidence.results import append_result, read_results
from smallset.records import Result
from smallset.report.table import markdown, method_key, rows, seeds_note

RESULTS = Path(__file__).parent / "results.jsonl"
PAGE = Path(__file__).parent.parent / "results.md"
HEADER = """# What a compressed set is worth: hard labels, real data

Every number here comes out of `docs/results/results.jsonl`. These two commands make them again
(the first one is resumable):

    python docs/results/experiments.py run --data PATH
    python docs/results/experiments.py write

PATH holds `cifar10/` and `imagenette-224/`, parquet files in the Hub's layout. Top-1 on the
held-out split, mean and 95 % Student-t interval over n replicates; the difference from random has
its Welch interval. `random` is drawn anew in every replicate, easiest and hardest are by EL2N.
`bytes` are those of the set's images, `ratio` is the source's training images over them. The rows
below PCA ask what could explain its gain: the mosaic without the patch view, the patch view without
the selection, the same zoom without the mosaic, and the same images cropped instead of shrunk.

What they say so far:

- On CIFAR-10 the order hardest < random < easiest < PCA holds at ipc 1 and at ipc 10, each step's
  interval clear of 0. On Imagenette at ipc 10 it holds but for one step: the easiest single images
  are no better than random ones.
- Why not: an epoch of Imagenette is 74 steps of the observer, one of CIFAR-10 is 391. Averaged over
  ten epochs, the scores of easy images are decided by the first three (later ones are near 0 for
  all), when the network has seen little and goes by colour and background: chain saws on white,
  parachutes in a blue sky, churches under one. Read over its last three epochs, the same observer
  chooses easiest images that are as good as random ones, and PCA gains five points. On CIFAR-10 the
  later epochs are better too, by less. A score's epochs have to fit the steps an epoch has.
- Mosaics of random images under the patch view are the strongest rows at ipc 10 on Imagenette, and
  on CIFAR-10 as good as the best PCA: there the gain is the mosaic's and the view's, not the
  selection's. At ipc 1 the selection adds to it.
- The patch view makes PCA on CIFAR-10 (under the canvas view nothing is left of its gain) and makes
  no clear difference to it on Imagenette at 96 px.
"""
ORDER = ("hardest", "random", "easiest", "PCA")

# label in the tables -> method; {score} is replaced by EL2N through the replicate's own observer,
# {late} by the same over its last three epochs only.
METHODS = {
    "random": "random",
    "easiest": "prune(score={score}, select=easiest)",
    "hardest": "prune(score={score}, select=hardest)",
    "PCA": "pca(score={score})",
    "PCA under the canvas view": "pca(score={score}, view=canvas)",
    "mosaics of random images under the patch view": "random(factor=2, view=patch)",
    "easiest under a crop of equal zoom": (
        "prune(score={score}, select=easiest, view=canvas(scale=(0.02, 0.25)))"
    ),
    "PCA's selection cut to its centre": "pca(score={score}, content=centre)",
    "easiest by the last three epochs": "prune(score={late}, select=easiest)",
    "PCA by the last three epochs": "pca(score={late})",
}
MAIN = tuple(METHODS)[:4]
ALL = tuple(METHODS)[:8]
LATE = tuple(METHODS)[8:]


@dataclass(frozen=True)
class Source:
    """A dataset at a size, and its observers: replicate r looks through observer r % count."""

    name: str
    size: int
    observer: str
    observers: int

    def score(self, seed: int, *, late: bool = False) -> str:
        """The spec of EL2N through one of the observers, over all its epochs or the last three."""
        epochs = "epochs=(8, 9, 10), " if late else ""
        return f"el2n({epochs}observer=observer(model={self.observer}, seed={seed}))"


CIFAR = Source("cifar10", 32, "resnet8", 3)
IMAGENETTE = Source("imagenette-224", 96, "resnet10", 2)


@dataclass(frozen=True)
class Setting:
    """One table: a source, a student, an ipc, some methods, and how many replicates."""

    title: str
    source: Source
    student: str
    ipc: int
    methods: tuple[str, ...]
    replicates: int


SETTINGS = (
    Setting("CIFAR-10, ConvNet-D3, ipc 10", CIFAR, "convnet-d3", 10, ALL + LATE, 10),
    Setting("CIFAR-10, ConvNet-D3, ipc 1", CIFAR, "convnet-d3", 1, ALL, 10),
    Setting("CIFAR-10, ConvNet-D3, ipc 50", CIFAR, "convnet-d3", 50, ALL, 3),
    Setting("CIFAR-10, ResNet-18 (3x3 stem), ipc 10", CIFAR, "resnet18-3x3", 10, MAIN, 3),
    Setting("Imagenette at 96 px, ResNet-10, ipc 10", IMAGENETTE, "resnet10", 10, ALL + LATE, 3),
    Setting("Imagenette at 96 px, ResNet-10, ipc 50", IMAGENETTE, "resnet10", 50, MAIN, 3),
)


@dataclass(frozen=True)
class Cell:
    """One student on one set of one setting."""

    setting: Setting
    label: str
    replicate: int

    @property
    def method(self) -> str:
        """The method's spec, with the observer of this replicate."""
        source = self.setting.source
        observer = self.replicate % source.observers
        return METHODS[self.label].format(
            score=source.score(observer), late=source.score(observer, late=True)
        )

    @property
    def key(self) -> tuple[object, ...]:
        """What a result line of this cell says."""
        s, r = self.setting, self.replicate
        return (s.source.name, s.source.size, s.student, s.ipc, self.method, r, r)


def _cells() -> list[Cell]:
    """Every cell, the main rows of three replicates first: a stopped run still has tables."""
    cells = [
        Cell(setting, label, replicate)
        for setting in SETTINGS
        for replicate in range(setting.replicates)
        for label in setting.methods
    ]
    return sorted(cells, key=lambda cell: (cell.replicate // 3, cell.label not in MAIN + LATE))


def _key(result: Result) -> tuple[object, ...]:
    r = result
    return (r.dataset, r.size, r.student, r.ipc, r.method, r.set_seed, r.student_seed)


def _observe(source: Source, seed: int, data: Path, work: Path) -> str:
    from smallset.pipeline import score

    out = work / "experiments" / f"{source.name}-{source.size}-{source.observer}-{seed}.parquet"
    out.parent.mkdir(parents=True, exist_ok=True)
    if not out.exists():
        scores = [source.score(seed)]
        score(data / source.name, out, scores=scores, size=source.size, workers=1, work=work)
    return f"observer {seed} of {source.name}"


def _run(cell: Cell, data: Path, work: Path) -> Result:
    from smallset.pipeline import compress, evaluate
    from smallset.store import open_set

    setting, source = cell.setting, cell.setting.source
    what = repr((source.name, source.size, setting.ipc, cell.method, cell.replicate))
    folder = work / "experiments" / hashlib.sha256(what.encode()).hexdigest()[:16]
    made = (
        open_set(folder)
        if folder.exists()
        else compress(
            data / source.name,
            folder,
            method=cell.method,
            ipc=setting.ipc,
            size=source.size,
            seed=cell.replicate,
            workers=1,
            work=work,
        )
    )
    [result] = evaluate(
        made,
        data / source.name,
        student=setting.student,
        seeds=[cell.replicate],
        workers=1,
        work=work,
    )
    return result


def run(data: Path, work: Path, jobs: int, only: str) -> None:
    """Run what results.jsonl lacks, `jobs` cells side by side, and append each result."""
    done = {_key(result) for result in read_results(RESULTS)}
    wanted = [c for c in _cells() if only in c.setting.title and c.key not in done]
    print(f"{len(done)} results there, {len(wanted)} cells to run", flush=True)
    # A thread a process: two processes of two threads on two cores are 40 times slower.
    os.environ["OMP_NUM_THREADS"] = "1"
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context) as pool:
        # Observers come first: cells that need the same one would each train it.
        observers = [
            pool.submit(_observe, source, seed, data, work)
            for source in dict.fromkeys(c.setting.source for c in wanted)
            for seed in range(source.observers)
        ]
        for observer in as_completed(observers):
            print(observer.result(), flush=True)
        cells = {pool.submit(_run, cell, data, work): cell for cell in wanted}
        for number, task in enumerate(as_completed(cells), 1):
            cell, result = cells[task], task.result()
            append_result(RESULTS, result)
            print(
                f"{number}/{len(wanted)}  {cell.setting.title}  {cell.label}  replicate "
                f"{cell.replicate}  top-1 {100 * result.top1:.2f} %  {result.seconds:.0f} s",
                flush=True,
            )


def page() -> str:
    """Give docs/results.md as results.jsonl has it."""
    found = {_key(result): result for result in read_results(RESULTS)}
    parts = [HEADER]
    for setting in SETTINGS:
        results = {
            cell: found[cell.key]
            for cell in _cells()
            if cell.setting == setting and cell.key in found
        }
        parts.append(f"## {setting.title}\n")
        if results:
            parts.append(_section(setting, results))
        else:
            parts.append("Not run yet.\n")
    return "\n".join(parts)


def _section(setting: Setting, results: dict[Cell, Result]) -> str:
    labels = {method_key(result.spec): cell.label for cell, result in results.items()}
    ordered = sorted(results, key=lambda c: (setting.methods.index(c.label), c.replicate))
    table = rows([results[cell] for cell in ordered], labels=labels)
    first = next(iter(results.values()))
    machines = sorted(
        {f"{r.hardware}, {r.precision}, {r.threads} thread" for r in results.values()}
    )
    versions = ", ".join(f"{name} {v}" for name, v in first.versions.items())
    steps = []
    for low, high in pairwise(ORDER):
        a = [r.top1 for c, r in results.items() if c.label == high]
        b = [r.top1 for c, r in results.items() if c.label == low]
        if len(a) > 1 and len(b) > 1:
            gap = welch_difference(a, b)
            steps.append(
                f"{high} minus {low} {100 * gap.mean:+.1f} "
                f"[{100 * gap.low:.1f}, {100 * gap.high:.1f}]"
            )
    wanted = len(setting.methods) * setting.replicates
    missing = (
        f" {wanted - len(results)} of {wanted} runs are still to come."
        if wanted > len(results)
        else ""
    )
    return "\n".join(
        [
            markdown(table),
            "",
            f"Steps of the order: {'; '.join(steps)}." if steps else "",
            "",
            f"Varied: {seeds_note(table)}.{missing}",
            f"{first.protocol}, hard labels, {first.held_out}, {first.source_images:,} training "
            f"images of {first.source_bytes:,} bytes; {'; '.join(sorted(machines))}; {versions}.",
            "",
        ]
    )


def main() -> None:
    """Read the command line."""
    import platformdirs

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("verb", choices=["run", "write"])
    parser.add_argument("--data", type=Path, help="folder of cifar10/ and imagenette-224/")
    parser.add_argument("--work", type=Path, default=platformdirs.user_cache_path("smallset"))
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--only", default="", help="settings whose title holds this text")
    args = parser.parse_args()
    if args.verb == "write":
        PAGE.write_text(page(), encoding="utf-8")
        print(f"wrote {PAGE}")
    elif args.data is None:
        parser.error("run needs --data PATH")
    else:
        run(args.data, args.work, args.jobs, args.only)


if __name__ == "__main__":
    main()
