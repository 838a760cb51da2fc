"""Encoded images in memory-mapped Arrow files, read by row without keeping them in memory."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from smallset.data.decode import BadImage
from smallset.lazy import pa
from smallset.shapes import UInt8

_NOTHING = (0, 0, 0)
"""The place of an array whose values are all empty or missing: offsets of zero bytes."""


class ArrowRows:
    """The image column of Arrow stream files as Hugging Face `datasets` caches them.

    The column is a struct of bytes and path, or plain bytes. A row's name is its number, followed
    by its path if it has one: "00000017/cat.png". If a row has a path but no bytes, the file is
    looked for in the folders `beside`, which hold the files that the table was made from.

    The files hold a batch for every 100 images, and Arrow's objects take 7 kB for each batch. To
    save memory, only the positions of a batch's buffers in the mapped file are kept.
    """

    def __init__(
        self, files: Sequence[str | Path], image: str, *, beside: Sequence[str | Path] = ()
    ) -> None:
        self._files = files
        self._beside = tuple(map(Path, beside))
        buffers = [_mapped(file) for file in self._files]
        self.schema: pa.Schema = pa.ipc.open_stream(buffers[0]).schema
        self._bytes = [np.frombuffer(buffer, np.uint8) for buffer in buffers]
        self.by_path = False
        """Whether any row lacks its bytes, so that a file beside the table is read instead."""
        lengths, places = [], []
        for number, buffer in enumerate(buffers):
            for batch in pa.ipc.open_stream(buffer):
                lengths.append(batch.num_rows)
                content, path = _content_and_path(batch.column(image))
                self.by_path |= content is not None and bool(content.null_count)
                places.append((number, *_place(content, buffer), *_place(path, buffer)))
        self._starts = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
        self._places = np.array(places, np.int64).reshape(-1, 7)

    def __len__(self) -> int:
        return int(self._starts[-1])

    def name(self, row: int) -> str:
        """Return the row number in eight digits, then "/" and the stored path if there is one."""
        _, path = self._values(row)
        return f"{row:08d}/{path.decode()}" if path else f"{row:08d}"

    def read(self, row: int) -> bytes:
        """Return a row's encoded image. Raises BadImage if it has no bytes and no file."""
        data, path = self._values(row)
        if data:
            return data
        if not path:
            raise BadImage("has no bytes")
        named = Path(path.decode())
        places = [folder / named for folder in self._beside]  # an absolute path stays as it is
        for place in places or ([named] if named.is_absolute() else []):
            if place.is_file():
                return place.read_bytes()
        shown = str(places[0] if places else named)
        raise BadImage(f"has no bytes, and the file that it names, {shown!r}, is missing")

    def column(self, name: str) -> "pa.ChunkedArray":
        """Return a column, in a piece for each batch of the files."""
        streams = [pa.ipc.open_stream(_mapped(file)) for file in self._files]
        pieces = [batch.column(name) for stream in streams for batch in stream]
        return pa.chunked_array(pieces, self.schema.field(name).type)

    def _values(self, row: int) -> tuple[bytes, bytes]:
        """Return the (bytes, path) of a row. A missing value is empty."""
        piece = int(self._starts.searchsorted(row, side="right")) - 1
        file, *places = self._places[piece].tolist()
        at = row - int(self._starts[piece])
        source = self._bytes[file]
        return _value(source, at, *places[:3]), _value(source, at, *places[3:])


def _mapped(file: str | Path) -> "pa.Buffer":
    return pa.memory_map(str(file)).read_buffer()


def _content_and_path(column: "pa.Array") -> tuple["pa.Array | None", "pa.Array | None"]:
    if not pa.types.is_struct(column.type):
        return column, None
    has_path = column.type.get_field_index("path") >= 0
    return column.field("bytes"), column.field("path") if has_path else None


def _place(array: "pa.Array | None", buffer: "pa.Buffer") -> tuple[int, int, int]:
    """Return where an array's offsets and values begin in the file, and the bytes of an offset."""
    if array is None or pa.types.is_null(array.type):
        return _NOTHING
    _, offsets, values = array.buffers()
    if not values:  # all values are empty, and an empty buffer may lie anywhere
        return _NOTHING
    wide = pa.types.is_large_binary(array.type) or pa.types.is_large_string(array.type)
    width = 8 if wide else 4
    places = [part.address - buffer.address for part in (offsets, values)]
    if not all(0 <= place <= buffer.size for place in places):
        raise ValueError(
            "Given a compressed Arrow file; needed an uncompressed one, to read it in place. "
            "Delete it from the cache of Hugging Face `datasets` and run again."
        )
    return places[0] + array.offset * width, places[1], width


def _value(
    source: UInt8[np.ndarray, " bytes"], at: int, offsets: int, values: int, width: int
) -> bytes:
    if not width:
        return b""
    first = offsets + at * width
    begin, end = source[first : first + 2 * width].view(f"<i{width}").tolist()
    return bytes(source[values + begin : values + end].tobytes())
