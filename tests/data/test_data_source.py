import pytest

from smallset.data import Folder, open_data

SEG = {
    f"seg_{split}/seg_{split}/{name}/{k}.png": 10 * number + k
    for number, (split, name) in enumerate(
        (split, name) for split in ("train", "test") for name in ("forest", "sea")
    )
    for k in range(2)
}


def test_a_folder_is_chosen_by_its_path(write_folder):
    root = write_folder(SEG)
    folder = Folder(str(root), "seg_train/*", "seg_test/seg_test")
    assert folder.part("train") == root / "seg_train/seg_train"
    assert folder.part("test") == root / "seg_test/seg_test"
    assert Folder(str(root), ".").part("train") == root
    assert Folder(str(root), ".").part("test") is None


@pytest.mark.parametrize(
    ("pattern", "said"),
    [("seg_train/none", "names nothing in "), ("seg_train/seg_train/*", "names 2 folders in ")],
)
def test_a_pattern_that_does_not_name_one_folder_is_an_error(write_folder, pattern, said):
    with pytest.raises(
        ValueError, match=rf"--train {pattern.replace('*', '.')} {said}.*Needed one folder.*Give"
    ):
        Folder(str(write_folder(SEG)), pattern).part("train")


@pytest.mark.parametrize("pattern", ["../other", "/etc"])
def test_a_pattern_that_leads_out_of_the_folder_is_an_error(write_folder, pattern):
    with pytest.raises(ValueError, match=r"pattern '.*' leads out of .*Needed a path below DATA"):
        Folder(str(write_folder(SEG)), pattern).part("train")


def test_parquet_files_are_chosen_by_a_pattern(write_parquet):
    root = write_parquet({"a": [0], "b": [0], "c": [0]}, names=["x", "y"])
    files = {name: root / f"{name}-00000-of-00001.parquet" for name in "abc"}
    assert Folder(str(root), "a*.parquet").files() == {"train": [files["a"]]}
    found = Folder(str(root), "[ab]*.parquet", "c*").files()
    assert found == {"train": [files["a"], files["b"]], "test": [files["c"]]}
    assert Folder(str(root), ".").files() == {"train": [files[name] for name in "abc"]}
    (root / "ape").mkdir()  # a folder of class folders, it seems
    assert Folder(str(root), ".").files() == {}


def test_parquet_files_for_one_split_only_are_an_error(write_parquet):
    root = write_parquet({"a": [0]}, names=["x", "y"])
    with pytest.raises(
        ValueError, match=r"--test b\* names no parquet .*but --train a\* does\. Need"
    ):
        Folder(str(root), "a*", "b*").files()


def test_one_file_for_both_splits_is_an_error(write_parquet):
    root = write_parquet({"a": [0], "b": [0]}, names=["x", "y"])
    with pytest.raises(ValueError, match=r"--train \*\.parquet and --test b\* both name 'b-0.*not"):
        Folder(str(root), "*.parquet", "b*").files()


def test_chosen_folders_are_opened(write_folder, work):
    root = write_folder(SEG)
    data = open_data(Folder(str(root), "seg_train/seg_train", "seg_test/seg_test"), work=work)
    assert data.train.classes.names == ("forest", "sea")
    assert [data.train.id(i) for i in range(4)] == [
        "forest/0.png",
        "forest/1.png",
        "sea/0.png",
        "sea/1.png",
    ]
    assert (len(data.test), data.held_out) == (4, "'seg_test/seg_test', as given")


def test_the_spec_of_a_folder_opens_the_same_data(write_folder, work):
    folder = Folder(str(write_folder(SEG)), "seg_train/seg_train", "seg_test/seg_test")
    assert str(folder).startswith("folder(path=")
    assert open_data(str(folder), work=work).fingerprint == open_data(folder, work=work).fingerprint


def test_train_alone_holds_a_part_of_itself_out(write_folder, work):
    root = write_folder({f"set/{c}/{k}.png": ord(c) + 10 * k for c in "ab" for k in range(5)})
    data = open_data(Folder(str(root), "set"), work=work)
    assert (len(data.train), len(data.test)) == (8, 2)
    assert data.held_out == "20 % of each class, chosen by content hash"


def test_test_alone_is_an_error(tmp_path, work):
    with pytest.raises(ValueError, match=r"test='b' was given without train.*Give --train PATTERN"):
        open_data(Folder(str(tmp_path), test="b"), work=work)


def test_chosen_parquet_files_are_opened(write_parquet, work):
    root = write_parquet({"one": [0, 1, 1], "two": [1, 0]}, names=["x", "y"])
    data = open_data(Folder(str(root), "one*", "two*"), work=work)
    assert data.train.labels.tolist() == [0, 1, 1]
    assert data.test.labels.tolist() == [1, 0]
    assert data.held_out == "'two*', as given"


@pytest.mark.parametrize(("train", "test"), [(".", "."), (".", "a/x"), ("a/x", "a")])
def test_folders_that_share_images_are_an_error(write_folder, work, train, test):
    root = write_folder({"a/x/1.png": 1, "a/y/1.png": 2, "b/x/1.png": 3})
    with pytest.raises(
        ValueError, match=r"--train .* and --test .* share images\. Needed.*Name two"
    ):
        open_data(Folder(str(root), train, test), work=work)


def test_a_test_folder_right_below_the_classes_is_not_a_class(write_folder, work):
    held = {"held/ape/1.png": 5, "held/bee/1.png": 6}
    root = write_folder({"ape/1.png": 1, "bee/1.png": 2} | held)
    data = open_data(Folder(str(root), ".", "held"), work=work)
    assert data.train.classes.names == ("ape", "bee")
    assert [data.test.id(i) for i in range(2)] == ["ape/1.png", "bee/1.png"]


def test_one_work_folder_keeps_every_choice_apart(write_parquet, work):
    root = str(write_parquet({"train": [0, 1, 1], "validation": [1, 0]}, names=["x", "y"]))
    choices = [
        Folder(root),
        Folder(root, "train-*", "validation-*"),
        Folder(root, "validation-*", "train-*"),
        Folder(root, "*"),
    ]
    sizes = [(3, 2), (3, 2), (2, 3), (3, 2)]
    for order in (choices, choices[::-1]):
        for folder, (trained, held) in zip(
            order, sizes[:: 1 if order is choices else -1], strict=True
        ):
            data = open_data(folder, work=work)
            assert (len(data.train), len(data.test)) == (trained, held), folder
            alone = open_data(folder, work=work.with_name(f"alone{choices.index(folder)}"))
            assert data.fingerprint == alone.fingerprint
            assert data.held_out == alone.held_out


def test_one_work_folder_keeps_choices_of_folders_apart(write_folder, work):
    parts = {f"{s}/{c}/{k}.png": ord(c) + 10 * k + len(s) for s in ("train", "val") for c in "ab"
             for k in range(2)}  # fmt: skip
    root = str(write_folder(parts))
    for folder in (Folder(root), Folder(root, "train", "val"), Folder(root), Folder(root, "val")):
        data = open_data(folder, work=work)
        alone = open_data(folder, work=work.with_name("alone"))
        assert (data.fingerprint, data.held_out) == (alone.fingerprint, alone.held_out)


def test_a_named_test_file_without_labels_is_an_error(write_parquet, work):
    write_parquet({"one": [0, 1]}, names=["x", "y"])
    root = write_parquet({"two": [0, 1]}, label="nothing")
    with pytest.raises(
        ValueError, match=r"test split of 'set' has no labels in a column 'label', but"
    ):
        open_data(Folder(str(root), "one*", "two*"), work=work)


def test_a_folder_of_parquet_files_is_chosen_by_its_name(write_parquet, work):
    for name in ("one", "two"):
        write_parquet({"x": [0, 1]}, names=["x", "y"], folder=f"set/{name}")
    data = open_data(Folder(str(write_parquet({}, folder="set")), "one", "two"), work=work)
    assert (len(data.train), len(data.test)) == (2, 2)


@pytest.mark.parametrize("pattern", ["", " "])
def test_an_empty_pattern_is_an_error(write_folder, pattern):
    with pytest.raises(
        ValueError, match=r"an empty pattern names nothing in .*, or \. for the fold"
    ):
        Folder(str(write_folder(SEG)), pattern).part("train")


@pytest.mark.parametrize("path", ["digits", "hf:a/b", "folder(x)"])
def test_what_is_no_folder_has_no_parts(path, work):
    with pytest.raises(ValueError, match=r"--train and --test name parts of a folder, but the da"):
        open_data(Folder(path, "train"), work=work)
