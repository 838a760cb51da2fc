"""Open the data set that a user names, as two indexed splits: training and held-out images."""

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from smallset.data.arrays import open_digits
from smallset.data.arrow_rows import ArrowRows
from smallset.data.dataset import Data
from smallset.data.folder import folder_source
from smallset.data.hub import hub_source, parquet_source
from smallset.data.index import index
from smallset.data.parquet_splits import parquet_splits
from smallset.data.source import TABLES, Folder, Source
from smallset.data.tree import is_set, subfolders
from smallset.data.work import check_work, keeping
from smallset.files import at_home
from smallset.records import Classes, Progress
from smallset.spec import build


def folder_named(data: str | Path | Folder) -> Folder | None:
    """Return `data` as a `Folder` if it is one or the spec of one, else None."""
    if isinstance(data, str) and data.startswith("folder("):
        return build(data, Folder, TABLES)
    return data if isinstance(data, Folder) else None


def open_data(
    data: str | Path | Folder,
    *,
    work: Path,
    skip_bad: bool = False,
    drop_leaks: bool = False,
    fits: Callable[[Classes], None] | None = None,
    workers: int = 0,
    progress: Progress | None = None,
) -> Data:
    """Open "digits", a folder of class folders or of parquet files, or "hf:owner/name".

    A `Folder`, or its spec `folder(PATH, train=PATTERN, test=PATTERN)`, says which parts of a
    folder are the training and the held-out images. The first time, every image is decoded, hashed
    and checked in `workers` threads (0 chooses the number). The result is kept in the folder
    `work`, so that the second time is instant. Bad files are an error that names them; with
    `skip_bad` they are left out and counted. With `drop_leaks`, training images that are also held
    out are left out. `fits` is called with the classes before any image is read, and may raise.

    Raises FileNotFoundError for a path or Hub name that does not exist, NotADirectoryError for a
    file, OSError for a work folder that cannot be written, and ValueError if the data are wrong.
    """
    if data == "digits":
        opened = open_digits()
        if fits is not None:
            fits(opened.train.classes)
    else:
        check_work(work)
        with keeping(work):
            source = source_of(data, work=work)
            if fits is not None:
                fits(Classes(source.classes))
            opened = index(source, work=work, skip_bad=skip_bad, workers=workers, progress=progress)
    return opened.without_leaks() if drop_leaks else opened


def source_of(data: str | Path | Folder, *, work: Path) -> Source:
    """Find a data set other than the digits, without reading any image.

    Raises the errors of `open_data`.
    """
    if isinstance(data, str) and data.startswith("hf:"):
        return _whole(hub_source(data.removeprefix("hf:")))
    path, named = folder_of(data), folder_named(data)
    if named is not None and (named.path == "digits" or re.match(r"hf:|folder\(", named.path)):
        raise ValueError(
            f"--train and --test name parts of a folder, but the data is {named.path!r}. Needed "
            "the path of a folder. Leave --train and --test out."
        )
    if not path.exists():
        given = str(path)
        close = difflib.get_close_matches(given.lower(), ["digits"])
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise FileNotFoundError(
            f"There is no data set {given!r}.{hint} Needed 'digits', the path of a folder that "
            "exists, or hf:owner/name. Check the spelling."
        )
    if not path.is_dir():
        raise NotADirectoryError(
            f"{str(path)!r} is a file; needed a folder of class folders or of parquet files. Give "
            "the folder that holds it."
        )
    parent = path.resolve().parent
    if is_set(path) or (path.name == "train" and is_set(parent)):  # an imagefolder export
        raise ValueError(
            f"{str(path)!r} is a set that smallset wrote, and is not read as a folder of images. "
            f"Give {str(path if is_set(path) else path.parent)!r} to compress, score or evaluate, "
            "or open it with open_set."
        )
    if named is not None and named.train is None and named.test is not None:
        raise ValueError(
            f"test={named.test!r} was given without train, so the training images are not clear. "
            "Needed both. Give --train PATTERN too."
        )
    name = path.resolve().name
    chosen = named if named is not None and named.train is not None else None
    files = parquet_splits(path, work=work) if chosen is None else chosen.files()
    if not files:
        return folder_source(path, name, work=work, chosen=chosen)
    source = _whole(parquet_source(name, files, work=work, chosen=chosen))
    return replace(source, unused=(*source.unused, *_beside(path, files)))


def _whole(source: Source) -> Source:
    """Return the source, but refuse an exported set without its manifest: tiles are not images."""
    rows = source.train.rows
    if isinstance(rows, ArrowRows) and "tile_box" in rows.schema.names:
        raise ValueError(
            f"{source.name!r} has the column 'tile_box' of an export by smallset, but not the "
            "manifest.json that says what it is. Needed the whole export. Download all its "
            "files (hf download NAME --repo-type dataset --local-dir DIR) and give the folder."
        )
    return source


def _beside(folder: Path, splits: Mapping[str, Sequence[Path]]) -> list[str]:
    """Return the parquet files and the folders in `folder` that belong to none of the splits."""
    used = {file for paths in splits.values() for file in paths}
    places = {parent for file in used for parent in file.parents}
    files = [*sorted(folder.glob("*.parquet")), *sorted(folder.glob("data/*.parquet"))]
    rest = [path for path in files if path not in used]
    inside = [f"{name}/" for name in subfolders(folder) if folder / name not in places]
    return [*(p.relative_to(folder).as_posix() for p in rest), *inside]


def folder_of(data: str | Path | Folder) -> Path:
    """Return the path of a folder that a user names. The folder need not exist."""
    named = folder_named(data)
    return at_home(str(data) if named is None else named.path)
