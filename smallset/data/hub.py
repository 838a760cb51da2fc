"""Open parquet files and data sets of the Hugging Face Hub, through the library `datasets`."""

import hashlib
import json
import logging
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from smallset.data.source import Folder, Source
from smallset.data.splits import VALIDATION
from smallset.data.tables import ArrowSplit, table_source
from smallset.files import write_whole
from smallset.numbers import counted
from smallset.typed import Kind, T, read_json

if TYPE_CHECKING:
    from datasets import DatasetBuilder

_CATALOGUE = 3
"""The version of the format of the files that keep the facts of tables."""
_READ = ("train", "test", *VALIDATION)
"""The splits that are read. Splits of other names are neither trained on nor held out."""


def parquet_source(
    name: str,
    files: Mapping[str, Sequence[Path]],
    *,
    work: Path,
    chosen: Folder | None = None,
) -> Source:
    """Open the parquet files of each split. `datasets` turns them into Arrow files in `work`, once.

    `chosen` says that the user has named the files. Raises ValueError for files that are not
    parquet, and the errors of `table_source`.
    """
    used = {split: files[split] for split in files if split in _READ}
    key = files_key(used)
    catalogue = work / "parquet" / f"{key}-{_CATALOGUE}.json"
    tables = recall(catalogue, dict[str, ArrowSplit])
    arrow = [Path(file) for table in (tables or {}).values() for file in table.files]
    if tables is None or not all(file.exists() for file in arrow):
        # `datasets` does not notice that a file is missing in its cache.
        mode = "force_redownload" if tables is not None else None
        tables = {split: _load_parquet(name, split, used[split], work, mode) for split in used}
        keep(catalogue, {split: asdict(table) for split, table in tables.items()})
    unread = [f"{s} ({counted(len(files[s]), 'file')})" for s in files if s not in _READ]
    return table_source(name, key, tables, unread=unread, chosen=chosen)


def hub_source(given: str) -> Source:
    """Open "owner/name" or "owner/name:config" from the Hub, or offline from its local cache.

    Raises FileNotFoundError if the data set cannot be read, ValueError if the configuration is not
    clear, and the errors of `table_source`.
    """
    repository, _, config = given.partition(":")
    if not repository:
        raise ValueError(
            f"Given 'hf:{given}'; needed the name of a data set on the Hugging Face Hub. Write it "
            "as hf:owner/name or hf:owner/name:config."
        )
    from datasets import load_dataset_builder

    with quiet():
        try:
            tables = _load(load_dataset_builder(repository, config or None))
        except Exception as error:  # of the client, the network or the file system
            raise _hub_failure(given, config, error) from error
    key = files_key({split: map(Path, table.files) for split, table in tables.items()})
    return table_source(given, key, tables)


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
) -> ArrowSplit:
    from datasets import load_dataset_builder

    # Load each split alone, because a test split may lack the label column.
    alone = {split: [str(file) for file in files]}
    cache = str(work / "datasets")
    with quiet():
        try:
            tables = _load(load_dataset_builder("parquet", data_files=alone, cache_dir=cache), mode)
        except Exception as error:  # the errors of Arrow and the builder have no common class
            cause = error.__cause__ or error
            raise ValueError(
                f"The {split} split of {name!r} ({files[0].name} and so on, "
                f"{counted(len(files), 'file')}) cannot be read as parquet "
                f"({type(cause).__name__}: {cause}). Needed whole parquet files with equal "
                "columns. Fetch or write them again."
            ) from error
    return replace(tables[split], beside=tuple(dict.fromkeys(str(f.parent) for f in files)))


def _load(builder: "DatasetBuilder", mode: str | None = None) -> dict[str, ArrowSplit]:
    """Load as `datasets.load_dataset` does, but do not open the Arrow files.

    `datasets` would keep objects of 80 bytes an image for open files.
    """
    from datasets import ClassLabel, Image
    from datasets.naming import filenames_for_dataset_split

    builder.download_and_prepare(download_mode=mode)
    columns = builder.info.features
    images = tuple(n for n, f in columns.items() if isinstance(f, Image))
    names = {n: tuple(f.names) for n, f in columns.items() if isinstance(f, ClassLabel)}
    tables = {}
    for name, split in builder.info.splits.items():
        files = filenames_for_dataset_split(
            builder.cache_dir, builder.dataset_name, name, "arrow", split.shard_lengths
        )
        tables[name] = ArrowSplit(tuple(files), (), tuple(columns), images, names)
    return tables


def files_key(files: Mapping[str, Iterable[Path]]) -> str:
    """Hash the paths, sizes and modification times of files, and which split each belongs to."""
    digest = hashlib.sha256()
    for split, paths in files.items():
        digest.update(f"{split}\0".encode())
        for file in paths:
            status = file.stat()
            text = f"{file}\0{file.resolve()}\0{status.st_size}\0{status.st_mtime_ns}\0"
            digest.update(os.fsencode(text))
    return digest.hexdigest()[:32]


def recall(catalogue: Path, kind: Kind[T]) -> T | None:
    """Return what `keep` wrote, or None without a file. Raises ValueError for a damaged file."""
    if not catalogue.exists():
        return None
    advice = "Remove the file, and run again."
    return read_json(catalogue.read_bytes(), kind, where=f"'{catalogue}'", advice=advice)


def keep(catalogue: Path, entries: object) -> None:
    """Write entries as JSON. The file appears whole or not at all."""
    catalogue.parent.mkdir(parents=True, exist_ok=True)
    write_whole(catalogue, json.dumps(entries).encode())


@contextmanager
def quiet() -> Iterator[None]:
    """Stop `datasets` from logging and drawing bars until the end of the block."""
    import datasets
    from huggingface_hub.utils import logging as hub_logging

    level, bars = datasets.logging.get_verbosity(), datasets.are_progress_bars_disabled()
    hub_level = hub_logging.get_verbosity()
    datasets.logging.set_verbosity_error()
    hub_logging.set_verbosity(logging.ERROR)  # without a network, it logs every retry
    datasets.disable_progress_bars()
    try:
        yield
    finally:
        datasets.logging.set_verbosity(level)
        hub_logging.set_verbosity(hub_level)
        if not bars:
            datasets.enable_progress_bars()
