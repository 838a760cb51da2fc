import re

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scores_toy import toy

from smallset.scores import File
from smallset.scores.column import read_column
from smallset.scores.row_index import is_unnamed, numbers_or_names, pandas_index, places

N = 40
VALUES = np.random.default_rng(3).normal(size=N)
RIGHT = VALUES.astype(np.float32)
FRAME = pd.DataFrame({"s": VALUES})
SORTED = FRAME.sort_values("s")


@pytest.fixture
def dataset(tmp_path):
    return toy(tmp_path).dataset


def again(frame, path):
    """Write a frame as CSV and read it back, which calls its index "Unnamed: 0"."""
    frame.to_csv(path)
    return pd.read_csv(path)


# What each program writes: its ending, and how. All hold the right value of each image.
WRITERS = {
    "pandas csv": ("csv", SORTED.to_csv),
    "pandas parquet": ("parquet", SORTED.to_parquet),
    "filtered and put together": (
        "parquet",
        pd.concat([FRAME[FRAME.s > 0], FRAME[FRAME.s <= 0]]).to_parquet,
    ),
    "reversed: a range that no column holds": ("parquet", FRAME[::-1].to_parquet),
    "not sorted at all": ("csv", FRAME.to_csv),
    "not sorted at all, parquet": ("parquet", FRAME.to_parquet),
    "counted from 1": ("parquet", SORTED.set_axis(SORTED.index + 1).to_parquet),
    "a series": ("csv", SORTED.s.to_csv),
    "an index of floats": ("parquet", SORTED.set_axis(SORTED.index.astype(float)).to_parquet),
    "read and written again": ("csv", lambda p: again(SORTED, p).to_csv(p)),
    "read and written again without a new index": (
        "csv",
        lambda p: again(SORTED, p).to_csv(p, index=False),
    ),
    "read, sorted and written again": ("csv", lambda p: again(FRAME, p).sort_values("s").to_csv(p)),
    "read from csv to parquet": ("parquet", lambda p: again(SORTED, p).to_parquet(p)),
    "a comma at every end": (
        "csv",
        lambda p: p.write_text("s,\n" + "".join(f"{s!r},\n" for s in FRAME.s.tolist())),
    ),
    "R": (
        "csv",
        lambda p: p.write_text(
            '"","s"\n' + "".join(f'"{i + 1}",{float(s)!r}\n' for i, s in SORTED.s.items())
        ),
    ),
    "named index": ("parquet", SORTED.rename_axis("index").to_parquet),
    "named index, csv": ("csv", SORTED.rename_axis("index").to_csv),
    "a range called index": ("parquet", FRAME[::-1].rename_axis("index").to_parquet),
    "an index beside ours": (
        "parquet",
        FRAME.assign(index=range(N)).sort_values("s").reset_index(drop=True)[::-1].to_parquet,
    ),
    "a range under a name": ("parquet", FRAME.rename_axis("image_id").to_parquet),
    "names without a name": ("csv", SORTED.set_axis([f"{i:08d}" for i in SORTED.index]).to_csv),
    "names without a name, parquet": (
        "parquet",
        SORTED.set_axis([f"{i:08d}" for i in SORTED.index]).to_parquet,
    ),
    "named id": (
        "csv",
        SORTED.set_axis([f"{i:08d}" for i in SORTED.index]).rename_axis("id").to_csv,
    ),
    "polars": (
        "parquet",
        lambda p: pq.write_table(
            pa.table({"index": pa.array(SORTED.index, pa.uint32()), "s": SORTED.s}), p
        ),
    ),
}


@pytest.mark.parametrize("kind", WRITERS)
def test_an_index_is_read_as_its_program_means_it(kind, tmp_path, dataset):
    ending, write = WRITERS[kind]
    write(tmp_path / f"w.{ending}")
    for column in (None, "s"):
        found = File(str(tmp_path / f"w.{ending}"), column).of(dataset)
        np.testing.assert_array_equal(found, RIGHT)


NAMES = (
    "name",
    "file",
    "filename",
    "image",
    "path",
    "image_id",
    "idx",
    "row_nr",
    "Sample ID",
    "img.idx",
)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["numbers", "other numbers", "names"])
def test_an_index_under_another_name_is_refused(kind, name, ending, tmp_path, dataset):
    index = {
        "numbers": SORTED.index,
        "other numbers": 7 * SORTED.index + 1000,
        "names": [f"a/{i}.png" for i in SORTED.index],
    }[kind]
    path = tmp_path / f"w.{ending}"
    frame = SORTED.set_axis(index).rename_axis(name)
    frame.to_csv(path) if ending == "csv" else frame.to_parquet(path)
    with pytest.raises(ValueError, match=re.escape(
        f"'{path}' has no column id or index, so row i would be the score of image i. But its "
        f"column {name!r} seems to name the image of each row. Needed to know which image a row is "
        "of. Give names in a column id, or rows in the source's own order (from 0) in a column "
        f"index, or leave out the column {name!r}."
    )):  # fmt: skip
        File(str(path), "s").of(dataset)


@pytest.mark.parametrize("first", [0, 1])
def test_whole_numbers_that_count_the_rows_in_another_order_are_an_index(first, tmp_path, dataset):
    SORTED.assign(stem=SORTED.index + first).to_csv(tmp_path / "w.csv", index=False)
    with pytest.raises(ValueError, match="But its column 'stem' seems to name the image of each"):
        File(str(tmp_path / "w.csv"), "s").of(dataset)


@pytest.mark.parametrize(
    "others",
    [
        {"stem": range(N)},
        {"image_id": range(1, N + 1)},
        {"forgotten": np.arange(N) % 7},
        {"bytes": 100 + np.arange(N)[::-1]},
        {"image_id": np.zeros(N, int)},
        {"by": ["me"] * N, "kind": ["a", "b"] * (N // 2)},
        {"loss": SORTED.index.astype(float)},
    ],
)
def test_other_columns_that_say_nothing_are_no_hindrance(others, tmp_path, dataset):
    FRAME.assign(**others).to_csv(tmp_path / "w.csv", index=False)
    np.testing.assert_array_equal(File(str(tmp_path / "w.csv"), "s").of(dataset), RIGHT)


MANY = pd.MultiIndex.from_arrays([np.array(["a", "b"])[SORTED.index % 2], SORTED.index // 2])


@pytest.mark.parametrize("ending", ["csv", "parquet"])
@pytest.mark.parametrize("names", [(None, None), ("class", "idx"), ("split", "number")])
def test_an_index_of_several_columns_is_refused(names, ending, tmp_path, dataset):
    path = tmp_path / f"w.{ending}"
    frame = SORTED.set_axis(MANY.set_names(names))
    frame.to_csv(path) if ending == "csv" else frame.to_parquet(path)
    called = names if names[0] else ("__index_level_0__", "__index_level_1__")
    said = f"its columns {called[0]!r}, {called[1]!r} seem to name the image of each"
    if names[0] is None and ending == "csv":
        said = "has 2 columns ''. Needed each name once"
    with pytest.raises(ValueError, match=re.escape(said)):
        File(str(path), "s").of(dataset)


def test_names_that_only_differ_with_their_class_are_names(tmp_path, dataset):
    frame = FRAME.assign(
        class_=np.array(["a", "b"])[np.arange(N) % 2], stem=[f"{i // 2}.png" for i in range(N)]
    )
    frame.to_csv(tmp_path / "w.csv", index=False)
    with pytest.raises(ValueError, match="its columns 'class_', 'stem' seem to name the image"):
        File(str(tmp_path / "w.csv"), "s").of(dataset)


@pytest.mark.parametrize(
    ("index", "shown"),
    [
        (np.arange(N)[::-1] + 5, "(44, 43, 42, 41, 40, ...)"),
        (np.arange(N)[::-1] * 2, "(78, 76, 74, 72, 70, ...)"),
        (np.arange(N) % 20, "(0, 1, 2, 3, 4, ...)"),
    ],
)
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_an_index_without_a_name_that_does_not_count_the_images_is_refused(
    ending, index, shown, tmp_path, dataset
):
    path = tmp_path / f"w.{ending}"
    frame = FRAME.set_axis(index)
    frame.to_csv(path) if ending == "csv" else frame.to_parquet(path)
    called = "" if ending == "csv" else "__index_level_0__"
    with pytest.raises(ValueError, match=re.escape(
        f"'{path}' has an index without a name ({called!r}) of 40 rows {shown}, which does not "
        "count the 40 training images of 'toy' from 0 or from 1, each once. Needed to know which "
        "image a row is of. Name that column 'index' if it holds rows in the source's own order "
        "(from 0), or leave it out."
    )):  # fmt: skip
        File(str(path)).of(dataset)


def test_a_range_with_a_start_and_a_step_that_no_column_holds_is_read(tmp_path, dataset):
    path = tmp_path / "w.parquet"
    FRAME[5::2].to_parquet(path)
    with pytest.raises(
        ValueError, match=re.escape("('') of 18 rows (5, 7, 9, 11, 13, ...), which")
    ):
        File(str(path)).of(dataset)
    part = dataset.take(np.arange(5, N, 2))
    np.testing.assert_array_equal(File(str(path)).of(part), RIGHT[5::2])  # their rows in the source


def test_an_index_may_count_the_images_or_hold_their_rows_in_the_source(tmp_path, dataset):
    kept = np.flatnonzero(np.arange(N) % 4 != 3)
    part = dataset.take(kept)
    counted = FRAME.loc[kept].reset_index(drop=True).sort_values("s")
    counted.to_csv(tmp_path / "counted.csv")
    FRAME.loc[kept].sort_values("s").to_csv(tmp_path / "rows.csv")
    for name in ("counted.csv", "rows.csv"):
        np.testing.assert_array_equal(File(str(tmp_path / name)).of(part), RIGHT[kept])
    SORTED.to_csv(tmp_path / "whole.csv")
    with pytest.raises(ValueError, match=r"of 40 rows .* does not count the 30 training images of"):
        File(str(tmp_path / "whole.csv")).of(part)


@pytest.mark.parametrize(
    "other", [np.roll(np.arange(N), 1), np.arange(N) + 0.5, list(map(str, "x" * N))]
)
def test_indexes_without_a_name_that_differ_are_refused(other, tmp_path, dataset):
    frame = SORTED.assign(**{"Unnamed: 0": other})
    frame.to_csv(tmp_path / "w.csv")
    with pytest.raises(ValueError, match="its columns '', 'Unnamed: 0' seem to name the image of"):
        File(str(tmp_path / "w.csv")).of(dataset)


@pytest.mark.parametrize(
    "index", [SORTED.index + 0.5, [None, *SORTED.index[1:]], pd.to_datetime(SORTED.index)]
)
def test_an_index_without_a_name_of_another_kind_is_refused(index, tmp_path, dataset):
    SORTED.set_axis(pd.Index(index)).to_parquet(tmp_path / "w.parquet")
    with pytest.raises(ValueError, match="its column '__index_level_0__' seems to name the image"):
        File(str(tmp_path / "w.parquet")).of(dataset)


def test_names_in_an_index_without_a_name_are_matched_or_said_to_be_others(tmp_path, dataset):
    SORTED.set_axis([f"x{i}" for i in SORTED.index]).to_csv(tmp_path / "w.csv")
    with pytest.raises(ValueError, match=r"a score for none of the 40 .* its column '' has others"):
        File(str(tmp_path / "w.csv")).of(dataset)


def test_what_pandas_says_of_another_table_is_not_believed(tmp_path):
    FRAME[::-1].to_parquet(tmp_path / "w.parquet")
    cut = pq.ParquetFile(tmp_path / "w.parquet").read(use_threads=False).slice(3)
    assert pandas_index(cut.schema, len(cut)) == {}
    assert pandas_index(cut.schema, N) == {"": range(39, -1, -1)}
    for said in ("[]", '{"index_columns": 3}', '{"index_columns": [3, {}]}', "{}"):
        assert pandas_index(cut.schema.with_metadata({"pandas": said}), N) == {}
    pq.write_table(cut.replace_schema_metadata({"pandas": "{"}), tmp_path / "w.parquet")
    with pytest.raises(ValueError, match="cannot be read as a file of scores"):
        read_column(tmp_path / "w.parquet", None)


@pytest.mark.parametrize(
    ("column", "found"),
    [
        (["3", "10"], pa.array([3, 10])),
        (["03", "10"], pa.array(["03", "10"])),
        (["3", "b"], pa.array(["3", "b"])),
        ([3.0, 10.0], pa.array([3, 10])),
        ([3.5, 10.0], None),
        ([3, None], None),
        ([True, False], None),
    ],
)
def test_an_index_without_a_name_holds_whole_numbers_or_names(column, found):
    assert numbers_or_names(pa.chunked_array([column])) == found


def test_names_of_columns_without_a_name():
    for name in ("", "Unnamed: 0", "Unnamed: 0.1", "__index_level_0__", "__index_level_12__"):
        assert is_unnamed(name)
    for name in ("Unnamed: 1", "index", " ", "s"):
        assert not is_unnamed(name)


def test_the_place_of_each_image_in_an_index():
    rows = np.array([2, 5, 7])
    assert places(np.array([1, 2, 0]), rows).tolist() == [2, 0, 1]
    assert places(np.array([3, 1, 2]), rows).tolist() == [1, 2, 0]
    assert places(np.array([7, 2, 5]), rows).tolist() == [1, 2, 0]
    for wrong in ([0, 1], [0, 1, 1], [2, 3, 4], [2, 5, 8]):
        assert places(np.array(wrong), rows) is None
