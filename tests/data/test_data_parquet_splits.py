import datasets
import pytest

from smallset.data import Folder, open_data
from smallset.data.parquet_splits import parquet_splits

NAMES = ("ape", "bee")


def test_only_the_files_of_known_splits_are_taken(tmp_path):
    for name in ("train-0.parquet", "training.parquet", "plan.parquet", "val_1.parquet"):
        (tmp_path / name).touch()
    found = parquet_splits(tmp_path, work=tmp_path / "work")
    assert {split: [f.name for f in files] for split, files in found.items()} == {
        "train": ["train-0.parquet", "training.parquet"],
        "validation": ["val_1.parquet"],
    }


@pytest.mark.parametrize(
    "names",
    [
        ("train-00000-of-00001", "train_small-0", "test-00000-of-00001", "test_ood-0"),
        ("data/train-00000-of-00001", "data/train_small-00000-of-00001", "data/test_ood-0"),
        ("data/train-00000-of-00001", "data/test_ood-00000-of-00001"),
        ("training-00000-of-00001", "dev-00000-of-00001"),
        ("train/0000", "test/0000"),
        ("one", "two"),
        ("train", "other"),
    ],
)
def test_splits_are_those_that_load_dataset_gives(write_parquet, tmp_path, names):
    root, rows = tmp_path / "set", {}
    for number, name in enumerate(names):
        [file] = write_parquet(
            {"x": [0, 1] * 2**number}, names=NAMES, folder=f"f{number}"
        ).iterdir()
        place = root / f"{name}.parquet"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(file.read_bytes())
        rows[place] = 2 ** (number + 1)
    loaded = datasets.load_dataset(str(root), cache_dir=str(tmp_path / "cache"))
    found = parquet_splits(root, work=tmp_path / "work")
    assert {split: sum(map(rows.get, files)) for split, files in found.items()} == loaded.num_rows
    again = parquet_splits(root, work=tmp_path / "work")
    assert again == found


def test_splits_of_other_names_are_left_unused_and_named(write_parquet, work):
    splits = {"train": [0, 1, 0], "train_small": [1, 1], "test": [1, 0], "test_ood": [0, 0]}
    splits |= {"validation": [0, 1]}
    data = open_data(write_parquet(splits, names=NAMES, folder="set/data").parent, work=work)
    assert (data.train.labels.tolist(), data.test.labels.tolist()) == ([0, 1, 0], [1, 0])
    [note] = data.notes
    assert note == (
        "left unused: validation (for choosing only), test_ood (1 file), train_small (1 file)"
    )


def test_a_labelled_dev_split_is_held_out(write_parquet, work):
    data = open_data(write_parquet({"training": [0, 1, 0], "dev": [1, 0]}, names=NAMES), work=work)
    assert (data.train.labels.tolist(), data.test.labels.tolist()) == ([0, 1, 0], [1, 0])
    assert data.held_out == "validation split of the source (it has no test split)"


def test_a_test_file_that_datasets_would_train_on_is_an_error(write_parquet, work):
    root = write_parquet({"Train": [0, 1, 0], "TEST": [1, 0]}, names=NAMES)
    with pytest.raises(
        ValueError,
        match=r"takes 'TEST-.*parquet' in '.*' for a part of the train split, but its name says "
        r"test\. Needed.*lower case\. Rename it, or say --train PATTERN --test PATTERN",
    ):
        open_data(root, work=work)


def test_several_configurations_are_an_error_that_names_the_folders(write_parquet, work):
    for name in ("large", "small"):
        write_parquet({"train": [0, 1], "test": [0, 1]}, names=NAMES, folder=f"set/{name}")
    root = write_parquet({}, folder="set")
    with pytest.raises(
        ValueError, match=r"only in folders further down: 'large', 'small'.*to '.*set/large' or '"
    ):
        open_data(root, work=work)
    assert len(open_data(root / "large", work=work).train) == 2


def test_nested_split_folders_are_an_error_that_names_the_folder(write_parquet, work):
    for split in ("train", "test"):
        write_parquet({"part": [0, 1]}, names=NAMES, folder=f"set/default/{split}")
    root = write_parquet({}, folder="set")
    with pytest.raises(
        ValueError, match=r"only in folders further down: 'default'.*Point to '.*set/default'"
    ):
        open_data(root, work=work)
    data = open_data(root / "default", work=work)
    assert (len(data.train), data.held_out) == (2, "test split of the source")


def test_configurations_of_a_card_are_an_error_that_says_what_to_do(write_parquet, work):
    root = write_parquet({"train": [0, 1]}, names=NAMES)
    (root / "README.md").write_text(
        "---\nconfigs:\n- config_name: a\n  data_files: train-*\n- config_name: b\n"
        "  data_files: train-*\n---\n"
    )
    with pytest.raises(
        ValueError, match=r"does not settle the splits of .*Say which files are mea"
    ):
        open_data(root, work=work)


def test_the_configuration_of_a_card_is_followed(write_parquet, work):
    root = write_parquet({"train": [0, 1, 0], "other": [1, 0, 0, 1]}, names=NAMES)
    (root / "README.md").write_text(
        "---\nconfigs:\n- config_name: a\n  data_files:\n  - split: train\n"
        "    path: other-*.parquet\n---\n"
    )
    assert len(open_data(root, work=work).train) == 2  # of four, two are held out


def test_words_in_capitals_that_agree_with_datasets_are_no_hindrance(write_parquet, tmp_path):
    root = write_parquet({"Train": [0, 1]}, names=NAMES)
    assert [*parquet_splits(root, work=tmp_path / "work")] == ["train"]


def test_a_card_may_name_a_file_of_another_word(write_parquet, tmp_path):
    root = write_parquet({"eval": [0, 1]}, names=NAMES)
    (root / "README.md").write_text(
        "---\nconfigs:\n- config_name: a\n  data_files:\n  - split: train\n    path: eval-*\n---\n"
    )
    assert [*parquet_splits(root, work=tmp_path / "work")] == ["train"]


def test_a_renamed_link_is_asked_about_again(write_parquet, tmp_path):
    files = sorted(write_parquet({"a": [0], "b": [1]}, names=NAMES, folder="blobs").iterdir())
    root = tmp_path / "set"
    root.mkdir()
    for name, file in zip(("train", "test"), files, strict=True):
        (root / f"{name}.parquet").symlink_to(file)
    assert {*parquet_splits(root, work=tmp_path / "work")} == {"train", "test"}
    (root / "test.parquet").rename(root / "validation.parquet")
    assert {*parquet_splits(root, work=tmp_path / "work")} == {"train", "validation"}


def test_a_card_may_name_files_further_down(write_parquet, tmp_path):
    write_parquet({"x": [0, 1], "y": [0]}, names=NAMES, folder="set/a")
    (tmp_path / "set/README.md").write_text(
        "---\nconfigs:\n- config_name: a\n  data_files:\n  - split: train\n    path: a/x-*\n"
        "  - split: test\n    path: a/y-*\n---\n"
    )
    found = parquet_splits(tmp_path / "set", work=tmp_path / "work")
    assert {split: [file.name[0] for file in files] for split, files in found.items()} == {
        "train": ["x"],
        "test": ["y"],
    }


def test_files_deep_in_folders_of_splits_can_be_named_by_a_pattern(write_parquet, work):
    for split in ("train", "test"):
        write_parquet({"x": [0, 1]}, names=NAMES, folder=f"set/{split}/deep")
    root = write_parquet({}, folder="set")
    with pytest.raises(
        ValueError, match=r"Say --train 'train/\*\*/\*\.parquet' --test 'test/\*\*/\*\.parquet'\."
    ):
        open_data(root, work=work)
    folder = Folder(str(root), "train/**/*.parquet", "test/**/*.parquet")
    assert len(open_data(folder, work=work).test) == 2


def test_what_lies_beside_the_files_of_the_splits_is_named(write_parquet, work):
    root = write_parquet({"train": [0, 1], "test": [0, 1], "other": [0, 1]}, names=NAMES)
    (root / "pictures").mkdir()
    data = open_data(root, work=work)
    assert data.notes == ("left unused: other-00000-of-00001.parquet, pictures/",)
