from pathlib import Path

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
        labels = {"x": [0, 1] * 2**number}
        [file] = write_parquet(labels, names=NAMES, folder=f"f{number}").iterdir()
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


FURTHER = r"only in folders further down: "


@pytest.mark.parametrize(
    ("folders", "name", "said"),
    [
        (["large", "small"], "train", rf"{FURTHER}'large', 'small'.*to '.*set/large' or '"),
        (["default/train", "default/test"], "x", rf"{FURTHER}'default'.*Point to '.*set/default'"),
        (["train/deep", "test/deep"], "x",
         r"Say --train 'train/\*\*/\*\.parquet' --test 'test/\*\*/\*\.parquet'\."),
    ],
    ids=["configurations", "nested split folders", "deep files"],
)  # fmt: skip
def test_files_further_down_are_an_error_that_says_what_to_do(
    write_parquet, work, folders, name, said
):
    for folder in folders:
        write_parquet({name: [0, 1], "test": [0, 1]}, names=NAMES, folder=f"set/{folder}")
    with pytest.raises(ValueError, match=said):
        open_data(work.with_name("set"), work=work)


def test_files_further_down_are_read_as_that_error_says(write_parquet, work):
    for folder in ("train/deep", "test/deep", "default/train", "default/test"):
        write_parquet({"x": [0, 1]}, names=NAMES, folder=f"set/{folder}")
    root = work.with_name("set")
    data = open_data(root / "default", work=work)
    assert (len(data.train), data.held_out) == (2, "test split of the source")
    patterns = "train/**/*.parquet", "test/**/*.parquet"
    assert len(open_data(Folder(str(root), *patterns), work=work).test) == 2


def card(root: Path, *configurations: str) -> None:
    listed = "".join(f"- config_name: c{n}\n{lines}" for n, lines in enumerate(configurations))
    (root / "README.md").write_text(f"---\nconfigs:\n{listed}---\n")


def files(**splits: str) -> str:
    lines = (f"  - split: {split}\n    path: {path}\n" for split, path in splits.items())
    return f"  data_files:\n{''.join(lines)}"


def test_configurations_of_a_card_are_an_error_that_says_what_to_do(write_parquet, work):
    root = write_parquet({"train": [0, 1]}, names=NAMES)
    card(root, *2 * ["  data_files: train-*\n"])
    with pytest.raises(
        ValueError, match=r"does not settle the splits of .*Say which files are mea"
    ):
        open_data(root, work=work)


@pytest.mark.parametrize(
    ("folder", "named"),
    [
        ("set", {"train": "other-*.parquet"}),
        ("set", {"train": "eval-*"}),
        ("set/a", {"train": "a/other-*", "test": "a/train-*"}),
    ],
    ids=["another file", "a file of another word", "files further down"],
)
def test_the_configuration_of_a_card_is_followed(write_parquet, work, folder, named):
    write_parquet({"train": [0], "other": [1], "eval": [1]}, names=NAMES, folder=folder)
    root = work.with_name("set")
    card(root, files(**named))
    found = parquet_splits(root, work=work)
    assert {split: [f.name.split("-")[0] for f in paths] for split, paths in found.items()} == {
        split: [Path(path).name.split("-")[0]] for split, path in named.items()
    }


def test_words_in_capitals_that_agree_with_datasets_are_no_hindrance(write_parquet, tmp_path):
    root = write_parquet({"Train": [0, 1]}, names=NAMES)
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


def test_what_lies_beside_the_files_of_the_splits_is_named(write_parquet, work):
    root = write_parquet({"train": [0, 1], "test": [0, 1], "other": [0, 1]}, names=NAMES)
    (root / "pictures").mkdir()
    data = open_data(root, work=work)
    assert data.notes == ("left unused: other-00000-of-00001.parquet, pictures/",)
