"""The one door: from what a user calls a data set to its two indexed splits."""

import difflib
from pathlib import Path

from smallset.data.dataset import Data
from smallset.data.digits import open_digits
from smallset.data.folder import folder_source
from smallset.data.hub import hub_source, parquet_files, parquet_source
from smallset.data.index import index
from smallset.data.source import Source
from smallset.data.work import check_work, keeping
from smallset.records import Progress


def open_data(
    data: str | Path,
    *,
    work: Path,
    skip_bad: bool = False,
    workers: int = 0,
    progress: Progress | None = None,
) -> Data:
    """Open "digits", a folder of class folders or of parquet files, or "hf:owner/name".

    The first time every image is decoded once (`workers` threads, 0 for what suits), hashed and
    checked; what was found is kept in the folder `work`, so that the second time is instant. Bad
    files are an error that names them, or with `skip_bad` left out and counted.

    Raises FileNotFoundError for a path or hub name that does not exist, OSError for a work folder
    that cannot be written, ValueError for everything that is wrong with the data itself.
    """
    if data == "digits":
        return open_digits()
    check_work(work)
    with keeping(work):
        source = _source(data, work)
        return index(source, work=work, skip_bad=skip_bad, workers=workers, progress=progress)


def _source(data: str | Path, work: Path) -> Source:
    if isinstance(data, str) and data.startswith("hf:"):
        return hub_source(data.removeprefix("hf:"))
    path = Path(data).expanduser()
    if not path.exists():
        raise _missing(str(data))
    if not path.is_dir():
        raise NotADirectoryError(
            f"{str(data)!r} is a file; needed a folder of class folders or of parquet files. Give "
            "the folder that holds it."
        )
    name = path.resolve().name
    files = parquet_files(path)
    if files:
        return parquet_source(name, files, work=work)
    return folder_source(path, name, work=work)


def _missing(given: str) -> FileNotFoundError:
    close = difflib.get_close_matches(given.lower(), ["digits"])
    hint = f" Did you mean {close[0]!r}?" if close else ""
    return FileNotFoundError(
        f"There is no data set {given!r}.{hint} Needed 'digits', the path of a folder that exists, "
        "or hf:owner/name. Check the spelling."
    )
