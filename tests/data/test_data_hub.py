import os

import datasets
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from smallset.data import open_data

NAMES = ("ape", "bee")


def open_hub(given, work):
    return open_data(f"hf:{given}", work=work)


@pytest.fixture(autouse=True)
def hub_cache(tmp_path, monkeypatch):
    """Keep the Hub's cache out of the home folder, and the network out of the tests."""
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "hub")
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)


def test_parquet_files_give_images_names_and_splits(write_parquet, work):
    root = write_parquet({"train": [0, 1, 0, 1], "test": [1, 0]}, names=NAMES)
    data = open_data(root, work=work)
    assert data.train.classes.names == NAMES
    assert data.train.labels.tolist() == [0, 1, 0, 1]
    assert data.test.labels.tolist() == [1, 0]
    assert data.held_out == "test split of the source"
    assert data.train.id(2) == "00000002/2.png"
    expected = np.random.default_rng(1001).integers(0, 256, (7, 9, 3), np.uint8)
    assert np.array_equal(data.test.pixels(1), expected)
    assert not (set(os.listdir(root)) - {p.name for p in root.glob("*.parquet")})


def test_the_data_subfolder_and_several_files_of_a_split_are_read(write_parquet, work):
    root = write_parquet({"train": [0, 1], "validation": [0, 1]}, names=NAMES, folder="set/data")
    more = write_parquet({"train": [1, 0, 1]}, names=NAMES, folder="more")
    (more / "train-00000-of-00001.parquet").rename(root / "train-00001-of-00002.parquet")
    data = open_data(root.parent, work=work)
    assert data.train.labels.tolist() == [0, 1, 1, 0, 1]
    assert data.train.name == "set"
    assert data.held_out == "validation split of the source (it has no test split)"


def test_a_second_open_does_without_datasets(write_parquet, work, monkeypatch):
    root = write_parquet({"train": [0, 1], "test": [1, 0]}, names=NAMES)
    first = open_data(root, work=work)

    def never(*args: object, **options: object) -> None:
        raise AssertionError("loaded again")

    monkeypatch.setattr(datasets, "load_dataset_builder", never)
    second = open_data(root, work=work)
    assert second.fingerprint == first.fingerprint
    assert np.array_equal(second.train.pixels(1), first.train.pixels(1))


def test_a_lost_arrow_file_is_made_again(write_parquet, work):
    root = write_parquet({"train": [0, 1], "test": [1, 0]}, names=NAMES)
    first = open_data(root, work=work)
    for file in (work / "datasets").rglob("*.arrow"):
        file.unlink()
    assert open_data(root, work=work).fingerprint == first.fingerprint


def test_the_fingerprint_depends_on_the_order_of_rows_and_classes(write_parquet, work):
    seen = set()
    for number, (labels, names) in enumerate(
        [([0, 1, 0, 1], NAMES), ([1, 0, 0, 1], NAMES), ([0, 1, 0, 1], NAMES[::-1])]
    ):
        root = write_parquet({"train": labels, "test": [0, 1]}, names=names, folder=f"s{number}")
        seen.add(open_data(root, work=work).fingerprint)
    assert len(seen) == 3


def test_test_labels_follow_the_names_and_not_their_position(write_parquet, work):
    write_parquet({"train": [0, 1]}, names=NAMES)
    root = write_parquet({"test": [0, 1, 1]}, names=NAMES[::-1])
    assert open_data(root, work=work).test.labels.tolist() == [1, 0, 0]


@pytest.mark.parametrize("hidden", [[-1, -1], [None, None]])
def test_a_test_split_without_labels_leaves_it_to_validation(write_parquet, work, hidden):
    root = write_parquet({"train": [0, 1], "test": hidden, "validation": [1, 0]}, names=NAMES)
    data = open_data(root, work=work)
    assert data.held_out == "validation split of the source (its test split has no labels)"


def test_a_test_split_without_the_label_column_has_no_labels(write_parquet, work):
    write_parquet({"train": [0, 1, 0, 1, 0, 1]}, names=NAMES)
    root = write_parquet({"test": [0, 1]}, label="nothing")
    assert open_data(root, work=work).held_out == "20 % of each class, chosen by content hash"


@pytest.mark.parametrize(
    ("train", "test", "names", "message"),
    [
        ([0, 1, -1], [0, 1], NAMES, r"2 of the train split of 'set' .* -1 in 'label' \(1 rows"),
        ([None, 1, 0], [0, 1], NAMES, "Row 0 .* None in 'label'.*needed 0 to 1, one of the 2"),
        (["a", None, "b"], ["a", "b"], None, "Row 1 .* None .*needed the name of a class"),
        ([0, 1], [1, 0, 5], None, "Row 2 of the test split .*label 5 .*needed 0 to 1"),
        (["a", "b"], ["a", "c"], None, "test split .* label 'c' .*name of a class of"),
        (["a", "b"], ["a", "a"], None, r"test split of 'set' has no image .* 'b'\."),
    ],
)
def test_missing_and_unknown_labels_are_errors_that_name_the_row(
    write_parquet, work, train, test, names, message
):
    root = write_parquet({"train": train, "test": test}, names=names)
    with pytest.raises(ValueError, match=message):
        open_data(root, work=work)


CAFE, APART = "caf\u00e9", "cafe\u0301"


@pytest.mark.parametrize(
    ("train", "test", "classes", "labels"),
    [
        ([0, 2, 1, 2], [2, 1, 0], ("0", "1", "2"), ([0, 2, 1, 2], [2, 1, 0])),
        (["cow", "ape", "bee"], ["bee", "cow", "ape"], ("ape", "bee", "cow"),
         ([2, 0, 1], [1, 2, 0])),
        ([CAFE, "tea"], ["tea", APART], (CAFE, "tea"), ([0, 1], [1, 0])),
        ([CAFE, APART], [APART, CAFE], (APART, CAFE), ([1, 0], [0, 1])),
    ],
    ids=["numbers", "text", "two Unicode forms", "two classes of one name"],
)  # fmt: skip
def test_classes_without_a_schema_are_the_sorted_labels(
    write_parquet, work, train, test, classes, labels
):
    data = open_data(write_parquet({"train": train, "test": test}), work=work)
    assert data.train.classes.names == classes
    assert (data.train.labels.tolist(), data.test.labels.tolist()) == labels


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"image": [b"x"], "price": [0]}, r"no label column; its columns are \['image', 'price'\]"),
        ({"text": ["x"], "label": [0]}, "train split of 'set' has no image column; .*'text'"),
        ({"img": [b"x"], "fine_label": [0], "coarse_label": [0]},
         r"several label columns \['fine_label', 'coarse_label'\]"),
        ({"img": [b"x"], "label": [0.5]}, "'label'.* holds double values; needed class indices"),
        ({"image": [{"bytes": None, "path": "gone.png"}] * 2, "label": [0, 1]},
         "2 bad files: '00000000/gone.png' has no bytes"),
    ],
)  # fmt: skip
def test_columns_that_cannot_be_read_are_errors(tmp_path, work, columns, message):
    (tmp_path / "set").mkdir()
    pq.write_table(pa.table(columns), tmp_path / "set/train.parquet")
    with pytest.raises(ValueError, match=message):
        open_data(tmp_path / "set", work=work)


def test_classes_that_differ_between_splits_are_errors(write_parquet, work):
    write_parquet({"train": [0, 1]}, names=NAMES, folder="named")
    root = write_parquet({"test": [0, 1]}, names=("ape", "cow"), folder="named")
    with pytest.raises(ValueError, match="unknown to train: 'cow'; lacks: 'bee'"):
        open_data(root, work=work)


def test_parquet_files_without_train_are_an_error(write_parquet, work):
    root = write_parquet({"test": [0, 1]}, names=NAMES)
    with pytest.raises(ValueError, match=r"has the splits \['test'\]; needed one called 'train'"):
        open_data(root, work=work)


def test_a_file_that_is_no_parquet_is_an_error(tmp_path, work):
    (tmp_path / "train.parquet").write_bytes(b"this is no parquet file")
    with pytest.raises(ValueError, match=r"train\.parquet .*cannot be read as parquet.*Fetch or"):
        open_data(tmp_path, work=work)


def test_the_hub_path_reads_what_datasets_loads(write_parquet, work):
    root = write_parquet({"train": [0, 1], "test": [1, 0]}, names=NAMES)
    data = open_hub(root, work)
    assert data.train.classes.names == NAMES
    assert data.test.labels.tolist() == [1, 0]
    assert data.held_out == "test split of the source"
    assert open_hub(root, work).fingerprint == data.fingerprint


def test_datasets_stays_silent_and_keeps_its_settings(write_parquet, work, capfd):
    level = datasets.logging.get_verbosity()
    root = write_parquet({"train": [0, 1], "test": [1, 0]}, names=NAMES)
    capfd.readouterr()
    open_hub(root, work)
    open_data(root, work=work)
    assert capfd.readouterr() == ("", "")
    assert datasets.logging.get_verbosity() == level
    assert not datasets.are_progress_bars_disabled()


def test_what_the_hub_cannot_give_is_one_clear_error(work, monkeypatch):
    def fail(error: Exception):
        def load(*args: object, **options: object) -> None:
            raise error

        monkeypatch.setattr(datasets, "load_dataset_builder", load)

    fail(ConnectionError("Couldn't reach 'no/such' on the Hub"))
    with pytest.raises(FileNotFoundError, match=r"'hf:no/such' could not be read \(Connection.*or"):
        open_hub("no/such", work)
    fail(ValueError("Config name is missing. Please pick one among: ['a', 'b']"))
    with pytest.raises(
        ValueError, match=r"which configuration.*\['a', 'b'\].*hf:owner/name:config"
    ):
        open_hub("some/set", work)
    with pytest.raises(ValueError, match="'hf:'; needed the name of a data set on the Hugging"):
        open_hub("", work)


def test_a_configuration_is_passed_on(write_parquet, work, monkeypatch):
    asked = []
    root = write_parquet({"train": [0, 1] * 5}, names=NAMES)
    build = datasets.load_dataset_builder

    def load(name: str, config: str | None, **options: object) -> datasets.DatasetBuilder:
        asked.append((name, config))
        return build(str(root))

    monkeypatch.setattr(datasets, "load_dataset_builder", load)
    open_hub("some/set:small", work)
    open_hub("some/set", work)
    assert asked == [("some/set", "small"), ("some/set", None)]


def test_a_path_alone_is_looked_up_beside_the_parquet_file(write_parquet, work, monkeypatch):
    root = write_parquet({"train": [0, 1]}, names=NAMES)
    file = root / "train-00000-of-00001.parquet"
    table = pq.read_table(file)
    images = table["image"].to_pylist()
    for number, image in enumerate(images):
        (root / f"pictures-{number}.png").write_bytes(image["bytes"])
    named = [{"bytes": None, "path": f"pictures-{n}.png"} for n in range(len(images))]
    column = pa.array(named, table["image"].type)
    (root / "test-00000-of-00001.parquet").write_bytes(file.read_bytes())
    pq.write_table(table.set_column(0, table.field("image"), column), file)
    monkeypatch.chdir(work.parent)
    data = open_data(root, work=work)
    assert data.train.encoded(1) == images[1]["bytes"]
    (root / "pictures-1.png").unlink()
    with pytest.raises(
        ValueError, match=r"no bytes, and the file that it names, '.*/set/pictures-1"
    ):
        open_data(root, work=work)  # no index was kept


def test_numbers_that_leave_one_out_are_an_error_with_the_range(write_parquet, work):
    root = write_parquet({"train": [1, 2, 3, 2]})
    with pytest.raises(
        ValueError,
        match=r"labels in 'label' of the train split of 'set' are 3 different numbers from 1 to 3, "
        r"without 0\. Needed every number from 0 to 2, or names of the classes.*Renumber the cl",
    ):
        open_data(root, work=work)
    root = write_parquet({"train": [0, 1, 1_000_000]}, folder="wide")
    with pytest.raises(ValueError, match="are 3 different numbers from 0 to 1000000, without 2"):
        open_data(root, work=work)
