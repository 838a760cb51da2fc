"""How fast the command line answers if there is nothing to compute, against an earlier version.

Both versions run the same commands in turn, each in a new process of this Python, from compiled
bytecode. The numbers are CPU seconds (user and system) of a whole process, the median of five. The
environment must have what the earlier version imports (before commit 7132e41: typer).

    git worktree add BEFORE c596537
    python benchmarks/at_once.py BEFORE
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

HERE = Path(__file__).parents[1]
ROUNDS = 5
SMALLSET = ("-m", "smallset")
MAKE = "compress digits set --ipc 1 --method random"
COMMANDS = (
    "--help",
    "compress --help",
    "bench --help",
    "compress digits out --foo",
    "compress digits out --ipc 0",
    "compress digits out --method pcaa",
    "compress digits out --keep 30",
    "compress nowhere out --ipc 1",
    "evaluate set --data digits --student resnet9",
    "list",
    "verify set",
    "report {before}/docs/results/pruning.jsonl --out tables",
)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("before", type=Path, help="a checkout of the earlier version")
    before = parser.parse_args().before.resolve()
    with TemporaryDirectory() as root:
        folders = {version: Path(root) / name for version, name in ((before, "a"), (HERE, "b"))}
        for version, folder in folders.items():
            folder.mkdir()
            seconds([*SMALLSET, *MAKE.split()], version, folder)
        print("| command | before | now | ratio |\n|---|---:|---:|---:|")
        for command in COMMANDS:
            words = [*SMALLSET, *(word.format(before=before) for word in command.split())]
            rounds = [
                [seconds(words, version, folder) for version, folder in folders.items()]
                for _ in range(ROUNDS)
            ]
            old, new = (statistics.median(times) for times in zip(*rounds, strict=True))
            print(f"| `{command}` | {old:.2f} | {new:.2f} | {new / old:.2f} |", flush=True)
        alone = [seconds(["-c", "import numpy"], HERE, folders[HERE]) for _ in range(ROUNDS)]
        print(f"| `python -c 'import numpy'` | | {statistics.median(alone):.2f} | |")


def seconds(words: list[str], version: Path, folder: Path) -> float:
    """Run Python with these words in a folder. Return the CPU seconds of the process."""
    env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    env |= {"PYTHONPATH": str(version), "OMP_NUM_THREADS": "1"}
    started = _spent()
    subprocess.run([sys.executable, *words], cwd=folder, env=env, capture_output=True)
    return _spent() - started


def _spent() -> float:
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


if __name__ == "__main__":
    main()
