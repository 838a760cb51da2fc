import errno

import numpy as np
import pytest

from smallset.data import from_arrays, open_data, scan
from smallset.data.arrays import ArrayRows
from smallset.data.index import index
from smallset.data.source import RawSplit, Source
from smallset.data.tree import FolderRows

GOOD = {f"{name}/{k}.png": 10 * c + k for c, name in enumerate(("ape", "bee")) for k in range(5)}
BAD = {"ape/empty.png": b"", "bee/text.jpg": b"hello", "bee/notes.txt": b"hello"}


def test_bad_files_are_all_counted_and_the_first_named(write_folder, work):
    root = write_folder(GOOD | BAD | {f"ape/x{k}.gif": b"" for k in range(4)})
    with pytest.raises(ValueError, match="'set' has 7 bad") as caught:
        open_data(root, work=work)
    message = str(caught.value)
    assert "'ape/empty.png' is empty (0 bytes); 'ape/x0.gif' is empty" in message
    assert "; and 2 more. Every file must be an image that decodes." in message
    assert message.endswith("go on without them: --skip-bad (skip_bad=True).")
    assert not list((work / "index").iterdir())


def test_every_kind_of_bad_file_says_what_is_wrong(write_folder, work):
    root = write_folder(GOOD | BAD)
    (root / "ape/gone.png").symlink_to(root / "nowhere.png")
    with pytest.raises(ValueError, match="4 bad") as caught:
        open_data(root, work=work)
    assert "'bee/notes.txt' has the extension '.txt', not that of an image" in str(caught.value)
    assert "'bee/text.jpg' is not an image of a known format" in str(caught.value)
    assert "'ape/gone.png' cannot be read (No such file" in str(caught.value)


def test_bad_files_can_be_skipped_and_are_counted(write_folder, work):
    train = {f"train/{name}": content for name, content in (GOOD | BAD).items()}
    root = write_folder(train | {"test/ape/1.png": 1, "test/bee/1.png": 2})
    data = open_data(root, work=work, skip_bad=True)
    assert data.train.skipped == ("ape/empty.png", "bee/notes.txt", "bee/text.jpg")
    assert data.test.skipped == ()
    assert len(data.train) == 10
    assert data.train.rows.tolist() == [0, 1, 2, 3, 4, 6, 7, 8, 9, 10]
    assert data.train.id(5) == "bee/0.png"
    with pytest.raises(ValueError, match="3 bad"):  # remembered, and an error without the flag
        open_data(root, work=work)


def test_a_skipped_file_does_not_count_in_the_fingerprint(write_folder, work):
    data = open_data(write_folder(GOOD | BAD), work=work, skip_bad=True)
    for name in BAD:
        (write_folder({}) / name).unlink()
    assert open_data(write_folder({}), work=work).fingerprint == data.fingerprint


def test_the_first_misnamed_files_are_listed_and_the_rest_counted(write_folder, work):
    data = open_data(write_folder(GOOD | {f"ape/x{k}.jpg": 20 + k for k in range(7)}), work=work)
    (note,) = data.notes
    assert note.startswith("7 files of another format than named, ")
    assert note.endswith("'ape/x4.jpg' and 2 more")


def test_one_class_is_an_error(write_folder, work):
    with pytest.raises(ValueError, match=r"has 1 class \['ape'\], but .* at least two\. Point to"):
        open_data(write_folder({"ape/1.png": 1}), work=work)


def test_a_class_left_without_images_is_an_error(write_folder, work):
    root = write_folder({"ape/1.png": 1, "ape/2.png": 2, "bee/1.png": b""})
    with pytest.raises(
        ValueError, match=r"no image of the class.* 'bee' after leaving out 1 bad file\."
    ):
        open_data(root, work=work, skip_bad=True)
    (root / "bee/1.png").unlink()
    with pytest.raises(ValueError, match=r"train split of 'set' has no image .* 'bee'\. Every"):
        open_data(root, work=work)


def test_sizes_labels_and_bytes_are_those_of_the_files(write_folder, work):
    data = open_data(write_folder(GOOD), work=work)
    assert data.held_out == "20 % of each class, chosen by content hash"
    assert (len(data.train), len(data.test)) == (8, 2)
    assert np.bincount(data.train.labels).tolist() == [4, 4]
    assert sorted([*data.train.rows, *data.test.rows]) == list(range(10))
    assert (data.train.sizes == [9, 7]).all()
    for split in (data.train, data.test):
        assert split.encoded_bytes == sum(len(split.encoded(i)) for i in range(len(split)))
        assert split.labels.dtype == split.rows.dtype == np.int64
        assert split.sizes.dtype == np.int32
    assert (data.train.split, data.test.split) == ("train", "test")


def test_the_second_time_nothing_is_decoded_again(write_folder, work):
    stages = []
    root = write_folder(GOOD)
    first = open_data(root, work=work, progress=lambda *step: stages.append(step))
    assert stages == [("index train", 10, 10)]
    second = open_data(root, work=work, progress=lambda *step: stages.append(step))
    assert len(stages) == 1
    assert second.fingerprint == first.fingerprint == second.train.fingerprint
    for name in ("labels", "sizes", "rows"):
        assert np.array_equal(getattr(first.train, name), getattr(second.train, name))
    assert not second.train.labels.flags.owndata


def test_the_fingerprint_does_not_depend_on_the_place_or_the_number_of_threads(write_folder, work):
    root = write_folder(GOOD)
    first = open_data(root, work=work, workers=1)
    moved = root.rename(root.with_name("moved"))
    assert open_data(moved, work=work, workers=3).fingerprint == first.fingerprint


def test_the_fingerprint_depends_on_contents_names_and_classes(write_folder, work):
    root = write_folder(GOOD)
    seen = {open_data(root, work=work).fingerprint}
    write_folder({"ape/0.png": 77})
    seen.add(open_data(root, work=work).fingerprint)
    (root / "ape/0.png").rename(root / "ape/9.png")
    seen.add(open_data(root, work=work).fingerprint)
    (root / "ape").rename(root / "ant")
    seen.add(open_data(root, work=work).fingerprint)
    assert len(seen) == 4
    (root / "ape").mkdir()
    with pytest.raises(ValueError, match=r"has no image of the class\(es\) 'ape'\. Every class"):
        open_data(root, work=work)


def test_an_interrupted_pass_leaves_nothing_behind(write_folder, work):
    def interrupt(stage: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        open_data(write_folder(GOOD), work=work, progress=interrupt)
    assert not list((work / "index").iterdir())


def test_a_file_that_changes_after_the_index_is_named_when_it_no_longer_decodes(write_folder, work):
    root = write_folder(GOOD)
    data = open_data(root, work=work)
    (root / data.train.id(0)).write_bytes(b"")
    with pytest.raises(ValueError, match=r"'ape/.\.png' of 'set' is empty .* Restore the file"):
        data.train.pixels(0)


def test_images_of_equal_content_never_end_up_on_both_sides():
    images = np.repeat(np.arange(20, dtype=np.uint8), 5)[:, None, None] * np.ones(
        (1, 4, 4), np.uint8
    )
    data = from_arrays(images, np.arange(100) // 50)
    train = {data.train.encoded(i) for i in range(len(data.train))}
    assert not train & {data.test.encoded(i) for i in range(len(data.test))}
    assert len(data.test) == 20


def test_the_index_of_other_class_names_is_not_taken(work):
    images = np.arange(40, dtype=np.uint8)[:, None, None] * np.ones((1, 4, 4), np.uint8)
    rows, labels = ArrayRows(images), np.arange(40) // 20
    split = RawSplit("train", rows, lambda: labels)
    found = [
        index(Source("x", "key", names, split, None, "cut"), work=work, skip_bad=False)
        for names in (("a", "b"), ("b", "a"))
    ]
    assert found[0].fingerprint != found[1].fingerprint


def test_a_file_that_could_not_be_read_once_is_not_left_out_for_good(
    write_folder, work, monkeypatch
):
    root = write_folder(GOOD | BAD)
    read = FolderRows.read

    def fails_once(rows: FolderRows, row: int) -> bytes:
        if rows.name(row) == "bee/3.png":
            raise OSError(errno.EIO, "Input/output error")
        return read(rows, row)

    with monkeypatch.context() as patch:
        patch.setattr(FolderRows, "read", fails_once)
        first = open_data(root, work=work, skip_bad=True)
    assert len(first.train) + len(first.test) == 9
    assert "bee/3.png" in first.train.skipped
    assert not list((work / "index").iterdir())
    assert sorted(first.train.labels)[0] == 0  # still readable, though nothing was kept
    second = open_data(root, work=work, skip_bad=True)
    assert len(second.train) + len(second.test) == 10
    assert second.train.skipped == tuple(sorted(BAD))
    assert len(list((work / "index").iterdir())) == 1


@pytest.mark.parametrize("number", [0, 1, 25_001])
def test_scratch_files_hold_their_space_before_they_are_mapped(tmp_path, number):
    column = scan._column(number, "2i4", tmp_path / "column")
    assert column.shape == (number, 2)
    assert not column.any()
    if number:
        assert (tmp_path / "column").read_bytes() == bytes(8 * number)
