"""Read through Hugging Face `datasets`: parquet folders in the Hub's layout, and the Hub itself."""

import hashlib
import json
import logging
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from smallset.data.columns import Features
from smallset.data.held_out import VALIDATION
from smallset.data.source import Chosen, Source, first_names
from smallset.data.tables import Table, table_source
from smallset.files import replacing

_CATALOGUE = 2
"""The format of what is remembered of a table."""
_READ = ("train", "test", *VALIDATION)
"""The splits that are read: those of other names are neither trained on nor held out."""
# As `datasets.data_files.SPLIT_KEYWORDS`, whose import takes a second; a test compares the two.
_KEYWORDS = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "dev", "val"),
    "test": ("test", "testing", "eval", "evaluation"),
}


def parquet_splits(folder: Path, *, work: Path) -> dict[str, list[Path]]:
    """Return the parquet files of each split in a folder, as `datasets.load_dataset(folder)` does.

    Return nothing for a folder of something else: without parquet files, or with class folders and
    no parquet file that is named after a split. What `datasets` said is kept in `work`.

    Raises ValueError if the files lie in several folders, belong to several configurations, or have
    the name of a split that `datasets` overlooks.
    """
    files = _candidates(folder)
    if not files:
        return {}
    readme = folder / "README.md"  # may hold the configuration
    catalogue = (
        work / "parquet" / f"{_key([*files, *([readme] if readme.exists() else [])])}.splits"
    )
    if catalogue.exists():
        said: dict[str, list[str]] = json.loads(catalogue.read_text(encoding="utf-8"))
        return {split: [folder / name for name in names] for split, names in said.items()}
    found = _ask(folder, work)
    for split, paths in found.items():
        _check_words(folder, split, paths)
    names = {s: [p.relative_to(folder).as_posix() for p in paths] for s, paths in found.items()}
    _keep(catalogue, names)
    return found


def _candidates(folder: Path) -> list[Path]:
    """List the parquet files from which a folder's splits may come."""
    right_here = [*folder.glob("*.parquet"), *folder.glob("data/*.parquet")]
    below = [p for p in folder.glob("*/*.parquet") if p.parent.name != "data"]
    files = sorted([*right_here, *below])
    if not any(_words(file.relative_to(folder).as_posix()) for file in files):
        folders = any(p.is_dir() and p.name != "data" for p in folder.glob("[!.]*"))
        return [] if folders else files
    apart = sorted({p.parent.name for p in below if not _words(p.parent.name)})
    if apart and not any(_words(p.name) for p in right_here):
        named = " or ".join(repr(str(folder / name)) for name in apart[:5])
        raise ValueError(
            f"{str(folder)!r} holds parquet files only in folders further down: "
            f"{first_names(apart)}. Needed the folder of one data set, which holds "
            f"train-*.parquet or data/. Point to {named}."
        )
    return files


def _ask(folder: Path, work: Path) -> dict[str, list[Path]]:
    """Ask `datasets` which parquet file belongs to which split."""
    from datasets import load_dataset_builder

    with _quiet():
        try:
            builder = load_dataset_builder(str(folder.resolve()), cache_dir=str(work / "datasets"))
        except Exception as error:  # the library's own and the file system's
            text = " ".join(str(error).split())
            raise ValueError(
                f"Hugging Face `datasets` does not settle the splits of {str(folder)!r} ({text}). "
                "Needed one configuration with a train split. Say which files are meant, such as "
                "--train 'train-*.parquet' --test 'test-*.parquet'."
            ) from error
    given = builder.config.data_files or {}
    found = {
        str(split): [folder / Path(file).relative_to(folder.resolve()) for file in files]
        for split, files in given.items()
    }
    whole = all(p.suffix == ".parquet" for paths in found.values() for p in paths)
    return found if whole else {}


def _words(path: str) -> set[str]:
    """Return the splits whose names are among the words of a path, in any case."""
    words = set(re.split(r"[-._ 0-9/]+", path.casefold()))
    return {split for split, names in _KEYWORDS.items() if words & set(names)}


def _check_words(folder: Path, split: str, paths: Iterable[Path]) -> None:
    """Refuse a file of a split whose name says another one: `datasets` reads lower case only."""
    for path in paths:
        words = _words(path.relative_to(folder).as_posix())
        if words and split in _KEYWORDS and split not in words:
            raise ValueError(
                f"Hugging Face `datasets` takes {path.name!r} in {str(folder)!r} for a part of the "
                f"{split} split, but its name says {min(words)}. Needed names of splits in lower "
                "case. Rename it, or say --train PATTERN --test PATTERN."
            )


def parquet_source(
    name: str,
    files: Mapping[str, Sequence[Path]],
    *,
    work: Path,
    chosen: Chosen | None = None,
) -> Source:
    """Open parquet files by split; `datasets` turns them into mapped Arrow files in `work`, once.

    `chosen` says that the user has named the files. Raises ValueError as `table_source` does, and
    for files that are not parquet.
    """
    used = {split: files[split] for split in files if split in _READ}
    key = _key(file for paths in used.values() for file in paths)
    catalogue = work / "parquet" / f"{key}-{_CATALOGUE}.json"
    tables = _recall(catalogue)
    if tables is None:
        # `datasets` does not notice itself that a file has gone from its cache.
        mode = "force_redownload" if catalogue.exists() else None
        tables = {split: _load_parquet(name, split, used[split], work, mode) for split in used}
        _remember(tables, catalogue)
    unread = [f"{split} ({len(files[split])} file(s))" for split in files if split not in _READ]
    return table_source(name, key, tables, unread=unread, chosen=chosen)


def hub_source(given: str) -> Source:
    """Open "owner/name" or "owner/name:config" from the Hub, or offline from its local cache.

    Raises FileNotFoundError where it cannot be had, ValueError for a choice of configurations and
    as `table_source` does.
    """
    repository, _, config = given.partition(":")
    if not repository:
        raise ValueError(
            f"Given 'hf:{given}'; needed the name of a data set on the Hugging Face Hub. Write it "
            "as hf:owner/name or hf:owner/name:config."
        )
    with _quiet():
        try:
            tables = _load(repository, config or None)
        except Exception as error:  # the client raises its own, the network's and the file system's
            raise _hub_failure(given, config, error) from error
    return table_source(given, _key(f for table in tables.values() for f in table.files), tables)


def _hub_failure(given: str, config: str, error: Exception) -> Exception:
    text = " ".join(str(error).split())
    if isinstance(error, ValueError) and "config" in text.lower():
        return ValueError(
            f"'hf:{given}' does not settle which configuration to read ({text}). Needed one of "
            "them. Name it as hf:owner/name:config."
        )
    return FileNotFoundError(
        f"'hf:{given}' could not be read ({type(error).__name__}: {text}). Needed a data set on "
        "the Hugging Face Hub, or in its local cache when offline. Check the name and the network, "
        "or give a folder."
    )


def _load_parquet(
    name: str, split: str, files: Sequence[Path], work: Path, mode: str | None
) -> Table:
    with _quiet():
        # Each split by itself: a test split may lack the label column.
        data_files = {split: [str(file) for file in files]}
        try:
            tables = _load("parquet", None, data_files, str(work / "datasets"), mode)
        except Exception as error:  # Arrow's and the builder's errors have no common kind
            cause = error.__cause__ or error
            raise ValueError(
                f"The {split} split of {name!r} ({files[0].name} and so on, {len(files)} file(s)) "
                f"cannot be read as parquet ({type(cause).__name__}: {cause}). Needed whole "
                "parquet files with equal columns. Fetch or write them again."
            ) from error
    return replace(tables[split], beside=tuple(dict.fromkeys(file.parent for file in files)))


def _load(
    path: str,
    config: str | None,
    data_files: dict[str, list[str]] | None = None,
    cache: str | None = None,
    mode: str | None = None,
) -> dict[str, Table]:
    """Do as `datasets.load_dataset` does, but leave the Arrow files closed.

    Opening them there makes objects that weigh 80 bytes an image, and so does never letting go.
    """
    from datasets import ClassLabel, Image, load_dataset_builder
    from datasets.naming import filenames_for_dataset_split

    builder = load_dataset_builder(path, config, data_files=data_files, cache_dir=cache)
    builder.download_and_prepare(download_mode=mode)
    columns = builder.info.features
    features = Features(
        columns=tuple(columns),
        images=tuple(n for n, f in columns.items() if isinstance(f, Image)),
        class_names={n: tuple(f.names) for n, f in columns.items() if isinstance(f, ClassLabel)},
    )
    tables = {}
    for name, split in builder.info.splits.items():
        files = filenames_for_dataset_split(
            builder.cache_dir, builder.dataset_name, name, "arrow", split.shard_lengths
        )
        tables[name] = Table(tuple(Path(file) for file in files), features)
    return tables


def _key(files: Iterable[Path]) -> str:
    """Hash paths, sizes and modification times."""
    digest = hashlib.sha256()
    for file in files:
        status = file.stat()
        digest.update(f"{file.resolve()}\0{status.st_size}\0{status.st_mtime_ns}\0".encode())
    return digest.hexdigest()[:32]


def _recall(catalogue: Path) -> dict[str, Table] | None:
    """Give what was remembered, unless an Arrow file has gone; spares importing `datasets`."""
    if not catalogue.exists():
        return None
    tables = {}
    for split, entry in json.loads(catalogue.read_text(encoding="utf-8")).items():
        names = {column: tuple(classes) for column, classes in entry["class_names"].items()}
        features = Features(tuple(entry["columns"]), tuple(entry["images"]), names)
        files, beside = (tuple(map(Path, entry[key])) for key in ("files", "beside"))
        tables[split] = Table(files, features, beside)
    there = all(file.exists() for table in tables.values() for file in table.files)
    return tables if there else None


def _remember(tables: Mapping[str, Table], catalogue: Path) -> None:
    entries = {
        split: {
            "files": [str(file) for file in table.files],
            "beside": [str(folder) for folder in table.beside],
            "columns": table.features.columns,
            "images": table.features.images,
            "class_names": table.features.class_names,
        }
        for split, table in tables.items()
    }
    _keep(catalogue, entries)


def _keep(catalogue: Path, entries: object) -> None:
    catalogue.parent.mkdir(parents=True, exist_ok=True)
    with replacing(catalogue) as file:
        file.write(json.dumps(entries).encode())


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep `datasets` from drawing bars and logging; its settings are put back afterwards."""
    import datasets
    from huggingface_hub.utils import logging as hub_logging

    level, bars = datasets.logging.get_verbosity(), datasets.are_progress_bars_disabled()
    hub_level = hub_logging.get_verbosity()
    datasets.logging.set_verbosity_error()
    hub_logging.set_verbosity(logging.ERROR)  # it logs every retry without a network
    datasets.disable_progress_bars()
    try:
        yield
    finally:
        datasets.logging.set_verbosity(level)
        hub_logging.set_verbosity(hub_level)
        if not bars:
            datasets.enable_progress_bars()
