"""Encoded images in memory-mapped Arrow files: random access that keeps nothing in memory."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from jaxtyping import Int64

from smallset.data.decode import BadImage


class ArrowRows:
    """The image column of Arrow stream files as Hugging Face `datasets` caches them.

    The column is a struct of bytes and path, or plain bytes. A row's name is its number, and its
    path where it has one: "00000017/cat.png".
    """

    def __init__(self, files: Sequence[Path], image: str) -> None:
        self.table = pa.concat_tables(
            [pa.ipc.open_stream(pa.memory_map(str(file))).read_all() for file in files]
        )
        self._column = self.table.column(image)
        lengths = [len(chunk) for chunk in self._column.chunks]
        self._starts = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
        self._is_struct = pa.types.is_struct(self._column.type)

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def name(self, row: int) -> str:
        """Give the row number in eight digits, then "/" and the stored path if there is one."""
        path = self._text(row)
        return f"{row:08d}/{path}" if path else f"{row:08d}"

    def read(self, row: int) -> bytes:
        """Read a row's encoded image; raises BadImage where there is none."""
        data = self._field(row, "bytes")
        if isinstance(data, bytes):
            return data
        path = self._text(row)
        if path and Path(path).is_file():
            return Path(path).read_bytes()
        raise BadImage("has no bytes")

    def labels(self, column: str) -> pa.ChunkedArray:
        """Give a column as Arrow holds it."""
        return self.table.column(column)

    def _text(self, row: int) -> str:
        path = self._field(row, "path")
        return path if isinstance(path, str) else ""

    def _field(self, row: int, name: str) -> bytes | str | None:
        chunk = int(self._starts.searchsorted(row, side="right")) - 1
        array = self._column.chunk(chunk)
        if self._is_struct:
            if array.type.get_field_index(name) < 0:
                return None
            array = array.field(name)
        elif name != "bytes":
            return None
        value: bytes | str | None = array[row - int(self._starts[chunk])].as_py()
        return value


def integer_labels(column: pa.ChunkedArray, where: str) -> Int64[np.ndarray, " n"]:
    """Read whole-number labels; -1 stands for missing. Raises ValueError for other types."""
    if not (pa.types.is_integer(column.type) or pa.types.is_boolean(column.type)):
        raise ValueError(
            f"{where} holds {column.type} values; needed class indices or class names as text. "
            "Convert the column."
        )
    return np.concatenate(
        [np.empty(0, np.int64)]
        + [chunk.cast(pa.int64()).fill_null(-1).to_numpy() for chunk in column.chunks]
    )
