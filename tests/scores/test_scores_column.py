import json
import re

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
import pytest

from smallset.scores.column import read_column


def parquet(path, metadata=None, **columns):
    table = pa.table(columns)
    pq.write_table(table.replace_schema_metadata(metadata), path)
    return path


def test_a_parquet_column_comes_with_what_names_its_images(tmp_path):
    facts = {"aum": {"source": "abc"}, "el2n(epochs=2.5)": {"source": "abc", "spec": "el2n"}}
    path = parquet(
        tmp_path / "s.parquet",
        {"smallset": json.dumps(facts)},
        **{"index": [4, 2], "label": [0, 1], "aum": [1, None], "el2n(epochs=2.5)": [0.5, 0.25]},
    )
    aum, el2n = (read_column(path, name) for name in ("aum", "el2n(epochs=2.5)"))
    np.testing.assert_array_equal(aum.values, [1, np.nan])
    np.testing.assert_array_equal(el2n.values, [0.5, 0.25])
    assert (el2n.key, el2n.keys.to_pylist(), el2n.labels.tolist()) == ("index", [4, 2], [0, 1])
    assert el2n.sources == {"abc"}


def test_names_in_a_csv_keep_their_zeros(tmp_path):
    path = tmp_path / "s.csv"
    path.write_text("id,index,aum\n0017,1,0.5\n0018,2,\n")
    found = read_column(path, None)
    np.testing.assert_array_equal(found.values, [0.5, np.nan])
    assert (found.name, found.key, found.keys.to_pylist()) == ("aum", "id", ["0017", "0018"])
    assert (found.labels, found.sources) == (None, frozenset())


@pytest.mark.parametrize(
    ("label", "found"),
    [
        (pa.array([3, None, 1]), [3, -1, 1]),
        (pa.array(["cat", None, "dog"]), ["cat", None, "dog"]),
        (pa.array([3.0, None, np.nan]), [3, -1, -1]),
        (pa.array(np.array([3, 0, 1], np.float16)), [3, 0, 1]),
        (pa.array([True, False, None]), [1, 0, -1]),
        (pa.array(["cat", "dog", "cat"]).dictionary_encode(), ["cat", "dog", "cat"]),
        (pa.array(["cat", "dog", "cat"], pa.large_string()), ["cat", "dog", "cat"]),
        (pa.array([3, 0, 1]).dictionary_encode(), [3, 0, 1]),
        (pa.array([b"cat", None, b"dog"]), ["cat", None, "dog"]),
    ],
)
def test_labels_are_numbers_or_names_of_classes(label, found, tmp_path):
    path = parquet(tmp_path / "s.parquet", label=label, aum=[0.5, 1, 2])
    assert read_column(path, None).labels.tolist() == found


@pytest.mark.parametrize(
    ("label", "why"),
    [
        (pa.array([0.5]), "Float value 0.500000 was truncated converting to int64"),
        (pa.array([2**63], pa.uint64()), "Integer value 9223372036854775808 not in range"),
        (pa.array([[1]]), "Unsupported cast from list"),
        (pa.array([0], pa.timestamp("us")), "it holds timestamp[us]"),
    ],
)
def test_a_column_of_labels_that_names_no_classes_is_refused(label, why, tmp_path):
    path = parquet(tmp_path / "s.parquet", label=label, aum=[0.5])
    with pytest.raises(ValueError, match=re.escape(
        f"the column 'label' of '{path}' holds no classes ({why}"
    )) as caught:  # fmt: skip
        read_column(path, None)
    assert str(caught.value).endswith(
        "). Needed their indices from 0, or their names. Mend it, or leave it out."
    )


@pytest.mark.parametrize(
    ("columns", "unkeyed"),
    [
        ({"file": ["b", "a"]}, ("file",)),
        ({"by": ["me", "me"], "ID": ["b", "a"]}, ("ID",)),
        ({"by": ["me", "me"], "age": [3, 4]}, ()),
        ({"label": ["cat", "dog"]}, ()),
        ({"file": ["b", "a"], "index": [0, 1]}, ()),
    ],
)
def test_text_that_differs_from_row_to_row_is_names_where_no_column_is(columns, unkeyed, tmp_path):
    path = parquet(tmp_path / "s.parquet", aum=[0.5, 1.5], **columns)
    pc.write_csv(pa.table({"aum": [0.5, 1.5], **columns}), tmp_path / "s.csv")
    for name in (path, tmp_path / "s.csv"):
        assert read_column(name, "aum").unkeyed == unkeyed


@pytest.mark.parametrize(
    "kind", [pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())], ids=str
)
def test_text_is_names_however_it_is_stored(kind, tmp_path):
    names = pa.array(["b", "a"]).cast(kind)
    path = parquet(tmp_path / "s.parquet", aum=[0.5, 1.5], file=names)
    assert read_column(path, "aum").unkeyed == ("file",)
    path = parquet(tmp_path / "s.parquet", aum=[0.5, 1.5], id=names)
    assert read_column(path, "aum").keys.to_pylist() == ["b", "a"]


@pytest.mark.parametrize(
    ("columns", "why"),
    [
        ({"id": pa.array([["a"]])}, "Unsupported cast from list"),
        ({"id": pa.array([b"\xff"])}, "Invalid UTF8 payload"),
        ({"index": pa.array([2**63], pa.uint64())}, "Integer value 9223372036854775808 not in"),
    ],
)
def test_keys_that_cannot_be_read_are_refused(columns, why, tmp_path):
    path = parquet(tmp_path / "s.parquet", aum=[0.5], **columns)
    with pytest.raises(ValueError, match=re.escape(f"'{path}' cannot be read as a file of scores")):
        read_column(path, None)
    with pytest.raises(ValueError, match=re.escape(why)):
        read_column(path, None)


@pytest.mark.parametrize("dtype", ["float16", "float64", "int32", "uint8"])
def test_an_array_is_a_column(dtype, tmp_path):
    np.save(tmp_path / "s.npy", np.array([3, 1, 2], dtype))
    found = read_column(tmp_path / "s.npy", None)
    assert found.values.tolist() == [3, 1, 2]
    assert found.key is None


@pytest.mark.parametrize("name", ["s.parquet", "s.csv", "s.npy"])
def test_a_missing_file_is_named(name, tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        read_column(tmp_path / name, None)
    assert str(caught.value) == (
        f"there is no file of scores '{tmp_path / name}'. Needed a .parquet, .csv or .npy file "
        "with one number an image. Check the path."
    )


@pytest.mark.parametrize(
    "content", [b"", b"no such thing\n1,2,3\n", b"\x93NUMPY\x01", b"PK\x03\x04"]
)
@pytest.mark.parametrize("name", ["s.parquet", "s.csv", "s.npy"])
def test_a_file_of_another_kind_is_refused(name, content, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=re.escape(f"{name}' ")) as caught:
        read_column(tmp_path / name, None)
    assert "cannot be read as a file of scores (" in str(caught.value)
    assert str(caught.value).endswith(
        "). Needed a parquet or CSV table with a header, or a .npy array (n,). Write it again, or "
        "give another."
    )


def test_metadata_that_was_damaged_is_refused(tmp_path):
    path = parquet(tmp_path / "s.parquet", {"smallset": "{"}, aum=[1.0])
    with pytest.raises(ValueError, match="cannot be read as a file of scores"):
        read_column(path, None)


@pytest.mark.parametrize("facts", ['"words"', '{"format": 1, "source": {"split": "train"}}'])
def test_metadata_of_another_kind_of_table_names_no_source(facts, tmp_path):
    path = parquet(tmp_path / "selection.parquet", {"smallset": facts}, rank=[1.0])
    assert read_column(path, None).sources == frozenset()


def test_arrays_of_other_shapes_and_pickles_are_refused(tmp_path):
    np.save(tmp_path / "two.npy", np.zeros((3, 2)))
    with pytest.raises(ValueError, match=r"\(it holds \(3, 2\), not \(n,\)\)\. Needed a parquet"):
        read_column(tmp_path / "two.npy", None)
    np.save(tmp_path / "objects.npy", np.array([{}], object), allow_pickle=True)
    with pytest.raises(ValueError, match="cannot be read as a file of scores"):
        read_column(tmp_path / "objects.npy", None)
    np.save(tmp_path / "words.npy", np.array(["a"]))
    with pytest.raises(ValueError, match="holds string, not numbers"):
        read_column(tmp_path / "words.npy", None)
    np.save(tmp_path / "fields.npy", np.array([(1, 0.5)], [("index", "i8"), ("aum", "f4")]))
    with pytest.raises(ValueError, match=r"\(it holds the fields index, aum, not numbers\)"):
        read_column(tmp_path / "fields.npy", None)
    with (tmp_path / "several.npy").open("wb") as file:
        np.savez(file, a=np.zeros(3))
    with pytest.raises(ValueError, match=r"it holds several arrays, not \(n,\)"):
        read_column(tmp_path / "several.npy", None)


@pytest.mark.parametrize(
    ("columns", "name", "said"),
    [
        ({"index": [0], "aum": [1.0], "el2n": [1.0]}, "el2m",
         "has no column 'el2m'. Did you mean 'el2n'? Known: aum, el2n."),
        ({"index": [0], "aum": [1.0], "el2n": [1.0]}, None,
         "has 2 columns of scores, so which one to take is not clear. Needed one name. Give file("),
        ({"": [0], "aum": [1.0], "el2n": [1.0]}, None, "has 2 columns of scores"),
        ({"": [0], "aum": [1.0], "el2n": [1.0]}, None, ", COLUMN). Known: aum, el2n."),
        ({"index": [0], "label": [1]}, None, "has 0 columns of scores"),
        ({"aum": ["high"]}, None, "holds string, not numbers. Needed one number an image, "
         "larger is harder. Name another column, or mend the file."),
        ({"aum": [True]}, None, "holds bool, not numbers"),
        ({"index": ["a.png"], "aum": [1.0]}, None, "the column 'index' of"),
        ({"index": ["a.png"], "aum": [1.0]}, None, "holds string. Needed the row of each image in "
         "the source's own order, from 0. Call it id if it holds the images' names."),
    ],
)  # fmt: skip
def test_a_column_that_cannot_be_had_is_refused(columns, name, said, tmp_path):
    path = parquet(tmp_path / "s.parquet", **columns)
    with pytest.raises(ValueError, match=re.escape(said)):
        read_column(path, name)


def test_a_name_that_stands_for_two_columns_is_refused(tmp_path):
    table = pa.Table.from_arrays([pa.array([1.0]), pa.array([2.0])], names=["aum", "aum"])
    pq.write_table(table, tmp_path / "s.parquet")
    (tmp_path / "s.csv").write_text("aum,aum\n1,2\n")
    for name in ("s.parquet", "s.csv"):
        with pytest.raises(ValueError, match=r"has 2 columns 'aum'\. Needed each name once\. Re"):
            read_column(tmp_path / name, "aum")
