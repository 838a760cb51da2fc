"""Ask Hugging Face `datasets` which parquet files of a folder belong to which split."""

from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from smallset.data.hub import files_key, keep, quiet, recall
from smallset.data.splits import KEYWORDS, splits_named


def parquet_splits(folder: Path, *, work: Path) -> dict[str, list[Path]]:
    """Return the parquet files of each split in a folder, as `datasets.load_dataset(folder)` does.

    Return nothing for a folder without parquet files, and for a folder that has class folders and
    no parquet file named after a split. The answer of `datasets` is kept in `work`.

    Raises ValueError if the files belong to several configurations, or if `datasets` overlooks the
    name of a split.
    """
    files = _candidates(folder)
    if not files:
        return {}
    readme = folder / "README.md"  # may hold the configuration
    key = files_key({version("datasets"): [*files, *([readme] if readme.exists() else [])]})
    catalogue = work / "parquet" / f"{key}.splits"
    found = recall(catalogue, dict[str, list[str]])
    if found is None:
        found = _ask(folder, work)
        keep(catalogue, found)
    return {split: [folder / name for name in names] for split, names in found.items()}


def _candidates(folder: Path) -> list[Path]:
    """Return the parquet files in a folder, in its folder data, and in folders named after splits.

    If the README.md describes configurations, which may name any file, return all parquet files.
    """
    readme = folder / "README.md"
    if readme.is_file() and b"configs:" in readme.read_bytes():
        return sorted(folder.glob("**/*.parquet"))
    inside = sorted(p for p in folder.glob("[!.]*") if p.is_dir())
    places = [p for p in inside if p.name == "data" or splits_named(p.name.casefold())]
    files = [file for place in (folder, *places) for file in sorted(place.glob("*.parquet"))]
    named = any(splits_named(file.relative_to(folder).as_posix().casefold()) for file in files)
    alone = all(p.name == "data" for p in inside)
    # Beside class folders, only files named after splits are surely images.
    return files if named or alone else []


def _ask(folder: Path, work: Path) -> dict[str, list[str]]:
    """Ask `datasets` for the files of each split, as paths below the folder.

    Return nothing if some of the files are not parquet.
    """
    from datasets import load_dataset_builder

    with quiet():
        try:
            builder = load_dataset_builder(str(folder.resolve()), cache_dir=str(work / "datasets"))
        except Exception as error:  # of the library or the file system
            text = " ".join(str(error).split())
            raise ValueError(
                f"Hugging Face `datasets` does not settle the splits of {str(folder)!r} ({text}). "
                "Needed one configuration with a train split. Say which files are meant, such as "
                "--train 'train-*.parquet' --test 'test-*.parquet'."
            ) from error
    given = builder.config.data_files or {}
    found = {
        str(split): [Path(file).relative_to(folder.resolve()).as_posix() for file in files]
        for split, files in given.items()
    }
    if not all(name.endswith(".parquet") for names in found.values() for name in names):
        return {}
    for split, names in found.items():
        _check_words(folder, split, names)
    return found


def _check_words(folder: Path, split: str, names: Iterable[str]) -> None:
    """Refuse a file named after another split in capitals, as `datasets` reads only lower case."""
    for name in names:
        missed = splits_named(name.casefold()) - splits_named(name)
        if missed and split in KEYWORDS and split not in missed:
            raise ValueError(
                f"Hugging Face `datasets` takes {Path(name).name!r} in {str(folder)!r} for a part "
                f"of the {split} split, but its name says {min(missed)}. Needed names of splits in "
                "lower case. Rename it, or say --train PATTERN --test PATTERN."
            )
