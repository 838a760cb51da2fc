import json
import re
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scores_toy import LABELS, toy

from smallset.records import Scores
from smallset.scores import File
from smallset.scores.table import write_scores

VALUES = np.random.default_rng(1).normal(size=40)
SHUFFLED = np.random.default_rng(2).permutation(40)


@pytest.fixture
def dataset(tmp_path):
    """Thirty images of the toy data, every fourth row of the source left out."""
    whole = toy(tmp_path).dataset
    kept = np.flatnonzero(np.arange(40) % 4 != 3)
    return whole.take(kept)


def table(path, metadata=None, **columns):
    pq.write_table(pa.table(columns).replace_schema_metadata(metadata), path)
    return str(path)


def test_rows_are_matched_by_id_before_index(tmp_path, dataset):
    ids = [f"{row:08d}" for row in SHUFFLED]
    path = table(tmp_path / "s.parquet", id=ids, index=np.arange(40), aum=VALUES[SHUFFLED])
    found = File(path)(replace(toy(tmp_path), dataset=dataset))
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, VALUES[dataset.rows].astype(np.float32))


def test_rows_are_matched_by_index_in_the_sources_own_order(tmp_path, dataset):
    path = table(tmp_path / "s.parquet", index=SHUFFLED, aum=VALUES[SHUFFLED], other=VALUES)
    found = File(path, "aum").of(dataset)
    np.testing.assert_array_equal(found, VALUES[dataset.rows].astype(np.float32))


def test_a_csv_is_matched_by_its_names_as_they_are_written(tmp_path, dataset):
    rows = "".join(f"{row:08d},{float(VALUES[row])!r}\n" for row in SHUFFLED)
    (tmp_path / "s.csv").write_text("id,aum\n" + rows)
    found = File(str(tmp_path / "s.csv"), "aum").of(dataset)
    np.testing.assert_array_equal(found, VALUES[dataset.rows].astype(np.float32))


@pytest.mark.parametrize("name", ["s.parquet", "s.npy"])
def test_without_names_the_order_is_that_of_the_training_images(name, tmp_path, dataset):
    if name == "s.npy":
        np.save(tmp_path / name, VALUES[:30])
    else:
        table(tmp_path / name, label=dataset.labels, aum=VALUES[:30])
    found = File(str(tmp_path / name)).of(dataset)
    np.testing.assert_array_equal(found, VALUES[:30].astype(np.float32))


def test_what_smallset_score_wrote_is_read_back(tmp_path, dataset):
    path = tmp_path / "s.parquet"
    made = Scores(VALUES[:30].astype(np.float32), {"source": dataset.fingerprint, "spec": "x"})
    write_scores(path, {"el2n(runs=2)": made}, rows=dataset.rows, labels=dataset.labels)
    np.testing.assert_array_equal(File(str(path), "el2n(runs=2)").of(dataset), made.values)


def test_a_table_of_another_data_set_is_refused(tmp_path, dataset):
    path = tmp_path / "s.parquet"
    made = Scores(VALUES[:30].astype(np.float32), {"source": "f" * 64})
    write_scores(path, {"el2n": made}, rows=dataset.rows, labels=dataset.labels)
    with pytest.raises(ValueError) as caught:  # noqa: PT011 (the whole message is compared)
        File(str(path)).of(dataset)
    assert str(caught.value) == (
        f"'{path}' holds scores of another data set: its fingerprint is ffffffffffff..., that of "
        f"'toy' is {dataset.fingerprint[:12]}... Needed scores of these very images. Score this "
        "data, or name the data of the scores."
    )


def test_labels_that_contradict_the_data_are_refused(tmp_path, dataset):
    path = table(tmp_path / "s.parquet", label=np.roll(dataset.labels, 1), aum=VALUES[:30])
    with pytest.raises(ValueError, match=re.escape(
        f"'{path}' says that '00000000' is of class 2, but in 'toy' it is of class 0; 30 labels "
        "differ. Needed scores of this data, in its order. Match them by a column id, or drop the "
        "column label if it counts classes in another way."
    )):  # fmt: skip
        File(path).of(dataset)


def test_names_of_classes_that_contradict_the_data_are_refused(tmp_path, dataset):
    names = np.array(dataset.classes.names)[dataset.labels]
    path = table(tmp_path / "s.parquet", label=names, aum=VALUES[:30])
    assert len(File(path).of(dataset)) == 30
    path = table(tmp_path / "s.parquet", label=np.roll(names, 1), aum=VALUES[:30])
    with pytest.raises(ValueError, match=re.escape(
        "says that '00000000' is of class cow, but in 'toy' it is of class ape; 30 labels differ."
    )):  # fmt: skip
        File(path).of(dataset)
    path = table(tmp_path / "s.parquet", label=[None, *np.roll(names, 1)[1:]], aum=VALUES[:30])
    with pytest.raises(ValueError, match="; 29 labels differ"):
        File(path).of(dataset)
    path = table(tmp_path / "s.parquet", label=["n01", *names[1:]], aum=VALUES[:30])
    assert len(File(path).of(dataset)) == 30  # classes by other names say nothing


@pytest.mark.parametrize("kind", ["index", "name", "gap", "none"])
def test_a_label_that_is_not_there_says_nothing(kind, tmp_path, dataset):
    names = np.array(dataset.classes.names, object)[dataset.labels]
    label = {
        "index": [None, *dataset.labels[1:].tolist()],
        "name": [None, *names[1:]],
        "gap": [float("nan"), *dataset.labels[1:].astype(float)],
        "none": [None] * 30,
    }[kind]
    path = table(tmp_path / "s.parquet", label=label, aum=VALUES[:30])
    np.testing.assert_array_equal(File(path).of(dataset), VALUES[:30].astype(np.float32))


@pytest.mark.parametrize("key", ["id", "index"])
def test_images_and_classes_without_a_score_are_named(key, tmp_path, dataset):
    kept = np.array([row for row in range(40) if LABELS[row] != 1 and row != 4])
    keys = [f"{row:08d}" for row in kept] if key == "id" else kept
    path = table(tmp_path / "s.parquet", **{key: keys}, aum=VALUES[kept])
    with pytest.raises(ValueError) as caught:  # noqa: PT011 (the whole message is compared)
        File(path).of(dataset)
    assert str(caught.value) == (
        f"'{path}' has no score for 11 of the 30 training images of 'toy' (by its column {key!r}), "
        "such as '00000001', '00000004', '00000005', '00000009', '00000013' and 6 more. It has "
        "none at all for class 'bee'. Needed a score for each image. Score the rest too."
    )


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"id": [str(row) for row in range(40)]},
         "its column 'id' has others, such as '0'. Needed a score for each image. Score this data, "
         "or match the images by a column index of their rows, and leave out the column 'id'."),
        ({"index": np.arange(40) + 100},
         "its column 'index' has others, such as 100. Needed a score for each image. Score this "
         "data, or match the images by a column id of their names."),
    ],
)  # fmt: skip
def test_keys_of_which_none_is_an_images_are_shown(columns, said, tmp_path, dataset):
    path = table(tmp_path / "s.parquet", aum=VALUES, **columns)
    with pytest.raises(ValueError) as caught:  # noqa: PT011 (the whole message is compared)
        File(path).of(dataset)
    assert str(caught.value) == (
        f"'{path}' has a score for none of the 30 training images of 'toy', such as '00000000': "
        f"{said}"
    )


def test_rows_without_a_key_are_of_no_image(tmp_path, dataset):
    ids = [None, None, *(f"{row:08d}" for row in range(40))]
    path = table(tmp_path / "s.parquet", id=ids, aum=[9, 9, *VALUES])
    np.testing.assert_array_equal(File(path).of(dataset), VALUES[dataset.rows].astype(np.float32))


def test_an_empty_table_lacks_them_all(tmp_path, dataset):
    path = table(tmp_path / "s.parquet", index=pa.array([], pa.int64()), aum=pa.array([], "f8"))
    with pytest.raises(ValueError, match="no score for 30 of the 30") as caught:
        File(path).of(dataset)
    assert "none at all for class 'ape', 'bee', 'cow'. Needed" in str(caught.value)


@pytest.mark.parametrize(("key", "said"), [("id", "id '00000007'"), ("index", "index 7")])
def test_an_image_with_two_scores_is_refused(key, said, tmp_path, dataset):
    rows = [*range(40), 7]
    keys = [f"{row:08d}" for row in rows] if key == "id" else rows
    path = table(tmp_path / "s.parquet", **{key: keys}, aum=VALUES[rows])
    with pytest.raises(ValueError, match=re.escape(
        f"has 2 rows with {said}. Needed one row for each image. Keep one of them."
    )):  # fmt: skip
        File(path).of(dataset)


def test_another_number_of_rows_without_names_is_refused(tmp_path, dataset):
    np.save(tmp_path / "s.npy", VALUES)
    with pytest.raises(ValueError, match=re.escape(
        "has 40 rows, but 'toy' has 30 training images ('train'), and no column says which image "
        "a row is of. Needed a row an image, in order. Add a column id or index."
    )):  # fmt: skip
        File(str(tmp_path / "s.npy")).of(dataset)


def test_names_that_repeat_over_classes_are_not_passed_over(tmp_path, dataset):
    names = [f"{row // 4}.png" for row in SHUFFLED[:30]]  # as in ape/0.png and bee/0.png
    path = table(tmp_path / "s.parquet", filename=names, aum=VALUES[:30])
    with pytest.raises(ValueError, match="its column 'filename' seems to name the image of each"):
        File(path, "aum").of(dataset)


def test_scores_that_are_not_finite_are_named(tmp_path, dataset):
    values = VALUES.copy()
    values[[2, 4]], values[6], values[7] = np.nan, np.inf, -np.inf  # row 7 is not of the split
    values[8] = 1e300  # too large for what scores are kept in
    path = table(tmp_path / "s.parquet", index=np.arange(40), aum=values)
    with pytest.raises(ValueError, match=re.escape(
        f"4 scores in the column 'aum' of '{path}' are not finite 32-bit numbers: those of "
        "'00000002', '00000004', '00000006', '00000008'. Needed one for every image. Score these "
        "again, or mend the file."
    )):  # fmt: skip
        File(path).of(dataset)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("scores.txt",), "file's path='scores.txt' is not of a known kind. Needed a file in "
         ".parquet, .csv, .npy. Give one, with its ending."),
        (("scores.npy", "aum"), "file's column='aum' was given for a .npy file, which has no "
         "columns. Leave the column out, or give a table."),
    ],
)  # fmt: skip
def test_options_that_name_nothing_are_refused(options, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        File(*options)


def test_the_hash_is_that_of_the_content(tmp_path, dataset):
    np.save(tmp_path / "a.npy", VALUES[:30])
    np.save(tmp_path / "b.npy", VALUES[:30])
    a, b = (File(str(tmp_path / name)) for name in ("a.npy", "b.npy"))
    assert [*a.files(dataset).values()] == [*b.files(dataset).values()]
    np.save(tmp_path / "b.npy", VALUES[:30] + 1)
    assert [*a.files(dataset).values()] != [*b.files(dataset).values()]


def test_the_home_folder_may_be_written_as_a_tilde(tmp_path, monkeypatch, dataset):
    monkeypatch.setenv("HOME", str(tmp_path))
    np.save(tmp_path / "s.npy", VALUES[:30])
    assert File("~/s.npy").of(dataset)[0] == np.float32(VALUES[0])


def test_facts_of_a_table_without_a_source_are_no_hindrance(tmp_path, dataset):
    path = table(tmp_path / "s.parquet", {"smallset": json.dumps({"aum": {}})}, aum=VALUES[:30])
    assert len(File(path).of(dataset)) == 30
