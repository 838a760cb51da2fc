"""file: scores made elsewhere, matched to the images."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from smallset.data import ImageDataset
from smallset.files import at_home
from smallset.fingerprint import file_sha256
from smallset.lazy import pa, pc
from smallset.numbers import listed
from smallset.observers.observed import Observed
from smallset.scores.column import FORMATS, ScoreColumn, read_column
from smallset.scores.row_index import places
from smallset.scores.score import Score
from smallset.shapes import Float32, Int64, Shaped

_SHOWN = 5


@dataclass(frozen=True)
class File(Score):
    """Scores made elsewhere: a column of a parquet, CSV or .npy file; larger is harder.

    Rows are matched to images by the first of these that exists: a column `id` (an image's name in
    its split), a column `index` (the row in the source's own order, as `smallset score` writes it),
    or an index without a name, as pandas and R write it. Otherwise rows are matched by position, if
    there is exactly one row for each training image and no other column seems to identify images.
    Rows of other images, such as held-out ones, are ignored. A column `label` of class indices or
    class names must agree with the data. `column` may be omitted if the file has only one column of
    scores. No network is used and no pixels are decoded.
    """

    path: str
    column: str | None = None

    def __post_init__(self) -> None:
        suffix = Path(self.path).suffix
        if suffix not in FORMATS:
            raise ValueError(
                f"file's path={self.path!r} is not of a known kind. Needed a file in "
                f"{', '.join(FORMATS)}. Give one, with its ending."
            )
        if suffix == ".npy" and self.column is not None:
            raise ValueError(
                f"file's column={self.column!r} was given for a .npy file, which has no columns. "
                "Leave the column out, or give a table."
            )

    def __call__(self, observed: Observed) -> Float32[np.ndarray, " n"]:
        """Return every image's score. Raises the errors of `of`."""
        return self.of(observed.dataset)

    def of(self, dataset: ImageDataset) -> Float32[np.ndarray, " n"]:
        """Read the scores of a split's images, in the split's order.

        Raises FileNotFoundError if there is no file. Raises ValueError if the file cannot be read,
        was made from other data, lacks images, or holds scores that are not finite.
        """
        read = read_column(self._file, self.column)
        self._check_source(read, dataset)
        rows = self._rows(read, dataset)
        if read.labels is not None:
            self._check_labels(read.labels[rows], dataset)
        with np.errstate(over="ignore"):
            values: Float32[np.ndarray, " n"] = read.values[rows].astype(np.float32)
        bad = np.flatnonzero(~np.isfinite(values))
        if len(bad):
            raise ValueError(
                f"{len(bad)} scores in the column {read.name!r} of {self.path!r} are not finite "
                f"32-bit numbers: those of {dataset.listed(bad)}. Needed one for every image. "
                "Score these again, or mend the file."
            )
        return values

    def check_files(self) -> None:
        """Raise FileNotFoundError or ValueError if the file or the column cannot be read."""
        read_column(self._file, self.column)

    def made_by(self) -> dict[str, str]:
        """Return what the scores depend on besides the data, as far as the file says."""
        records = read_column(self._file, self.column).records
        return {"scores_sha256": file_sha256(self._file)} | (
            {"records": records} if records else {}
        )

    def files(self, dataset: ImageDataset) -> dict[str, str]:
        """Return the file's sha256 by its path. Raises the errors of `of`."""
        self.of(dataset)
        return {self.path: file_sha256(self._file)}

    @property
    def _file(self) -> Path:
        return at_home(self.path)

    def _check_source(self, read: ScoreColumn, dataset: ImageDataset) -> None:
        others = read.sources - {dataset.fingerprint}
        if others:
            raise ValueError(
                f"{self.path!r} holds scores of another data set: its fingerprint is "
                f"{min(others)[:12]}..., that of {dataset.name!r} is {dataset.fingerprint[:12]}... "
                "Needed scores of these very images. Score this data, or name the data of the "
                "scores."
            )

    def _check_labels(self, labels: Shaped[np.ndarray, " n"], dataset: ImageDataset) -> None:
        own: np.ndarray = dataset.labels
        if labels.dtype == object:
            names = dataset.classes.names
            if not {*labels} - {None} <= {*names}:
                return  # another naming, which proves nothing
            own, said = np.array(names, object)[own], labels != None  # noqa: E711 (of each)
        else:
            said = labels != -1
        wrong = np.flatnonzero(said & (labels != own))
        if len(wrong):
            first = int(wrong[0])
            raise ValueError(
                f"{self.path!r} says that {dataset.id(first)!r} is of class {labels[first]}, but "
                f"in {dataset.name!r} it is of class {own[first]}; {len(wrong)} labels differ. "
                "Needed scores of this data, in its order. Match them by a column id, or "
                "drop the column label if it counts classes in another way."
            )

    def _rows(self, read: ScoreColumn, dataset: ImageDataset) -> Int64[np.ndarray, " n"]:
        """Return the row of each image. Raises ValueError if rows cannot be matched."""
        if read.keys is not None:
            found = self._placed if read.key == "count" else self._matched
            return found(read, read.keys, dataset)
        if len(read.values) != len(dataset):
            raise ValueError(
                f"{self.path!r} has {len(read.values)} rows, but {dataset.name!r} has "
                f"{len(dataset)} training images ({dataset.split!r}), and no column says which "
                "image a row is of. Needed a row an image, in order. Add a column id or index."
            )
        if read.unkeyed:
            one = len(read.unkeyed) == 1
            seem = f"{'column' if one else 'columns'} {', '.join(map(repr, read.unkeyed))} "
            raise ValueError(
                f"{self.path!r} has no column id or index, so row i would be the score of image i. "
                f"But its {seem}{'seems' if one else 'seem'} to name the image of each row. Needed "
                "to know which image a row is of. Give names in a column id, or rows in the "
                f"source's own order (from 0) in a column index, or leave out the {seem.rstrip()}."
            )
        return np.arange(len(dataset))

    def _placed(
        self, read: ScoreColumn, keys: "pa.Array", dataset: ImageDataset
    ) -> Int64[np.ndarray, " n"]:
        """Return the row of each image by an index without a name."""
        counted: Int64[np.ndarray, " m"] = keys.to_numpy()
        rows = places(counted, dataset.rows)
        if rows is None:
            shown = ", ".join(map(str, counted[:_SHOWN]))
            raise ValueError(
                f"{self.path!r} has an index without a name ({read.called!r}) of {len(counted)} "
                f"rows ({shown}, ...), which does not count the {len(dataset)} training images of "
                f"{dataset.name!r} from 0 or from 1, each once. Needed to know which image a row "
                "is of. Name that column 'index' if it holds rows in the source's own order (from "
                "0), or leave it out."
            )
        return rows

    def _matched(
        self, read: ScoreColumn, keys: "pa.Array", dataset: ImageDataset
    ) -> Int64[np.ndarray, " n"]:
        """Return the row of each image by a column id or index. Rows without a key are ignored."""
        key = read.key
        counts = pc.value_counts(keys.drop_null())
        twice = counts.filter(pc.greater(counts.field("counts"), 1))
        if len(twice):
            raise ValueError(
                f"{self.path!r} has {twice[0]['counts']} rows with {key} "
                f"{twice[0]['values'].as_py()!r}. Needed one row for each image. Keep one of them."
            )
        ids = [dataset.id(i) for i in range(len(dataset))] if key == "id" else None
        wanted = pa.array(dataset.rows if ids is None else ids)
        found = pc.index_in(wanted, value_set=keys).fill_null(-1)
        rows: Int64[np.ndarray, " n"] = found.cast(pa.int64()).to_numpy(zero_copy_only=False)
        missing = np.flatnonzero(rows < 0)
        if len(missing):
            raise ValueError(self._lacks(missing, read, keys.drop_null(), dataset))
        return rows

    def _lacks(
        self,
        missing: Int64[np.ndarray, " k"],
        read: ScoreColumn,
        keys: "pa.Array",
        dataset: ImageDataset,
    ) -> str:
        """Return the message that names the images and the whole classes without a score."""
        key = read.called
        if len(keys) and len(missing) == len(dataset):
            leave = f"index of their rows, and leave out the column {key!r}"
            other = leave if read.key == "id" else "id of their names"
            return (
                f"{self.path!r} has a score for none of the {len(dataset)} training images of "
                f"{dataset.name!r}, such as {dataset.listed(missing[:1])}: its column {key!r} "
                f"has others, such as {keys[0].as_py()!r}. Needed a score for each image. Score "
                f"this data, or match the images by a column {other}."
            )
        names = dataset.classes.names
        all_of, lost = (
            np.bincount(c, minlength=len(names)) for c in (dataset.labels, dataset.labels[missing])
        )
        gone = [names[c] for c in np.flatnonzero((lost == all_of) & (lost > 0))]
        whole = f" It has none at all for class {listed(gone)}." if gone else ""
        return (
            f"{self.path!r} has no score for {len(missing)} of the {len(dataset)} training images "
            f"of {dataset.name!r} (by its column {key!r}), such as {dataset.listed(missing)}."
            f"{whole} Needed a score for each image. Score the rest too."
        )
