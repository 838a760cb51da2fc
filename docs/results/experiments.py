"""The experiments behind docs/results.md: run them (resumable), or write the page.

    python docs/results/experiments.py run --data PATH      adds what is missing to results.jsonl
    python docs/results/experiments.py write                results.jsonl -> docs/results.md

PATH holds cifar10/ and imagenette-224/ in the Hub's parquet layout. Cells run side by side in
one-thread processes; the driver alone appends, a line a finished student. Kill it at any time.
"""

import argparse
import multiprocessing
import os
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
RESULTS = HERE / "results.jsonl"

# label in the tables -> method; {score} is replaced by the replicate's own observer.
METHODS = {
    "random": "random",
    "el2n, easiest": "prune(score={score}, select=easiest)",
    "el2n, hardest": "prune(score={score}, select=hardest)",
    "PCA": "pca(score={score})",
    "PCA under the canvas view": "pca(score={score}, view=canvas)",
    "mosaics of random images, patch view": "random(factor=2, view=patch)",
    "el2n, easiest, crop of equal zoom": "prune(score={score}, view=canvas(scale=(0.02, 0.25)))",
    "PCA's selection cut to its centre": "pca(score={score}, content=centre)",
}
MAIN = tuple(METHODS)[:4]
ALL = tuple(METHODS)


@dataclass(frozen=True)
class Setting:
    """One table: a dataset at a size, a student, an ipc, some methods, and how many replicates."""

    title: str
    data: str
    size: int
    observer: str
    student: str
    ipc: int
    methods: tuple[str, ...]
    replicates: int


SETTINGS = (
    Setting("CIFAR-10, ConvNet-D3, ipc 10", "cifar10", 32, "resnet8", "convnet-d3", 10, ALL, 10),
    Setting("CIFAR-10, ConvNet-D3, ipc 1", "cifar10", 32, "resnet8", "convnet-d3", 1, ALL, 10),
    Setting("CIFAR-10, ConvNet-D3, ipc 50", "cifar10", 32, "resnet8", "convnet-d3", 50, ALL, 3),
    Setting("CIFAR-10, ResNet-18 (3x3 stem), ipc 10", "cifar10", 32, "resnet8", "resnet18-3x3", 10, MAIN, 3),
    Setting("Imagenette at 96 px, ResNet-10, ipc 10", "imagenette-224", 96, "resnet10", "resnet10", 10, ALL, 3),
    Setting("Imagenette at 96 px, ResNet-10, ipc 50", "imagenette-224", 96, "resnet10", "resnet10", 50, MAIN, 3),
)  # fmt: skip
OBSERVERS = 3


@dataclass(frozen=True)
class Cell:
    """One student on one set of one setting."""

    setting: Setting
    label: str
    replicate: int

    @property
    def method(self) -> str:
        """The method's spec, with the observer of this replicate."""
        seed = self.replicate % OBSERVERS
        score = f"el2n(observer=observer(model={self.setting.observer}, seed={seed}))"
        return METHODS[self.label].format(score=score)

    @property
    def key(self) -> tuple[object, ...]:
        """What a result line of this cell says."""
        s, r = self.setting, self.replicate
        return (s.data, s.size, s.student, s.ipc, self.method, r, r)


def _cells() -> list[Cell]:
    """Every cell, three replicates of each setting first, so that a stopped run still has tables."""
    cells = [
        Cell(setting, label, replicate)
        for setting in SETTINGS
        for replicate in range(setting.replicates)
        for label in setting.methods
    ]
    return sorted(cells, key=lambda cell: cell.replicate // 3)


def _key(result: "Result") -> tuple[object, ...]:
    r = result
    return (r.dataset, r.size, r.student, r.ipc, r.method, r.set_seed, r.student_seed)


def _observe(setting: Setting, seed: int, data: Path, work: Path) -> str:
    from smallset.pipeline import score

    out = work / "experiments" / f"scores-{setting.data}-{setting.size}-{setting.observer}-{seed}.parquet"
    out.parent.mkdir(parents=True, exist_ok=True)
    spec = f"el2n(observer=observer(model={setting.observer}, seed={seed}))"
    if not out.exists():
        score(data / setting.data, out, scores=[spec], size=setting.size, workers=1, work=work)
    return f"observer {seed} of {setting.data}"


def _run(cell: Cell, data: Path, work: Path) -> "Result":
    from smallset.pipeline import compress, evaluate
    from smallset.store import open_set

    setting, source = cell.setting, data / cell.setting.data
    name = f"{setting.data}-{setting.size}-{setting.ipc}-{tuple(METHODS).index(cell.label)}-{cell.replicate}"
    folder = work / "experiments" / name
    made = (
        open_set(folder)
        if folder.exists()
        else compress(
            source, folder, method=cell.method, ipc=setting.ipc, size=setting.size,
            seed=cell.replicate, workers=1, work=work,
        )
    )  # fmt: skip
    [result] = evaluate(
        made, source, student=setting.student, seeds=[cell.replicate], workers=1, work=work
    )
    return result


def run(data: Path, work: Path, jobs: int, only: str) -> None:
    """Run what results.jsonl lacks, `jobs` cells side by side, and append each result."""
    from smallset.evidence.results import append_result, read_results

    done = {_key(result) for result in read_results(RESULTS)}
    wanted = [c for c in _cells() if only in c.setting.title and c.key not in done]
    print(f"{len(done)} results there, {len(wanted)} cells to run", flush=True)
    # A thread a process: two processes of two threads on two cores are 40 times slower.
    os.environ["OMP_NUM_THREADS"] = "1"
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context) as pool:
        for name in sorted({c.setting.data for c in wanted}):
            # Observers come first: cells that need the same one would each train it.
            setting = next(c.setting for c in wanted if c.setting.data == name)
            started = time.time()
            tasks = [pool.submit(_observe, setting, s, data, work) for s in range(OBSERVERS)]
            for task in as_completed(tasks):
                print(f"{task.result()}  {time.time() - started:.0f} s", flush=True)
        cells = {pool.submit(_run, cell, data, work): cell for cell in wanted}
        for number, task in enumerate(as_completed(cells), 1):
            cell, result = cells[task], task.result()
            append_result(RESULTS, result)
            print(
                f"{number}/{len(wanted)}  {cell.setting.title}  {cell.label}  "
                f"replicate {cell.replicate}  top-1 {100 * result.top1:.2f} %  {result.seconds:.0f} s",
                flush=True,
            )


def write() -> None:
    """Write docs/results.md from results.jsonl."""
    raise SystemExit("not yet")


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
        write()
    elif args.data is None:
        parser.error("run needs --data PATH")
    else:
        run(args.data, args.work, args.jobs, args.only)


if __name__ == "__main__":
    main()
