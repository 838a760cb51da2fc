import json
import re

import pytest

from smallset.models.classes import listed_classes, read_classes, same_classes

NETTE = {
    "names": ["tench", "church"],
    "wnids": ["n01440764", "n03028079"],
    "imagenet_1k_index": [0, 497],
}


@pytest.fixture
def file(tmp_path):
    def write(content: object) -> str:
        path = tmp_path / "classes"
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return str(path)

    return write


@pytest.mark.parametrize(
    "content",
    [
        ["ape", "bee", "cow"],
        "ape\nbee\ncow\n",
        "ape\r\nbee \r\ncow",
        {"names": ["ape", "bee", "cow"]},
    ],
)
def test_a_list_gives_the_outputs_in_order(content, file):
    found = read_classes(file(content))
    assert found.outputs == 3
    assert found.pick(("cow", "ape", "bee")) == (2, 0, 1)
    assert found.pick(("cow",)) == (2,)


def test_an_imagenet_index_restricts_a_thousand_outputs_by_name_or_wordnet_id(file):
    found = read_classes(file(NETTE))
    assert found.outputs == 1000
    assert found.pick(("church", "tench")) == (497, 0)
    assert found.pick(("n03028079", "n01440764")) == (497, 0)
    assert found.pick(("n03028079", "tench")) == (497, 0)


def test_without_an_index_names_and_ids_are_the_outputs_in_order(file):
    found = read_classes(file({key: NETTE[key] for key in ("names", "wnids")}))
    assert found.outputs == 2
    assert found.pick(("n03028079",)) == found.pick(("church",)) == (1,)


def test_the_same_classes_are_taken_in_the_datas_order():
    found = same_classes(("b", "a"))
    assert (found.outputs, found.pick(("b", "a"))) == (2, (0, 1))


def test_classes_that_the_teacher_lacks_are_listed(file):
    path = file(["ape", "bee"])
    said = (
        f"the class file {path!r} has no class for 'Bee', 'elk' of the data's 3; it has 'ape', "
        "'bee'. Classes are matched by exact name or WordNet id. Give classes=FILE with the "
        "data's names for this teacher's outputs."
    )
    with pytest.raises(ValueError, match=re.escape(said)):
        read_classes(path).pick(("ape", "Bee", "elk"))
    many = tuple(str(i) for i in range(12))
    with pytest.raises(ValueError, match="'3', '4' and 7 more of the data's 12"):
        read_classes(path).pick(many)


def test_two_classes_of_one_output_are_refused(file):
    content = NETTE | {"imagenet_1k_index": [3, 3]}
    with pytest.raises(ValueError, match="gives one output to the classes 'tench', 'church'"):
        read_classes(file(content)).pick(("tench", "church"))
    with pytest.raises(ValueError, match="gives one output to the classes 'tench', 'n01440764'"):
        read_classes(file(NETTE)).pick(("tench", "n01440764"))


def test_a_name_of_two_outputs_is_refused_only_where_the_data_needs_it(file):
    found = listed_classes(["crane", "bee", "crane"], source="the teacher")
    assert (found.outputs, found.pick(("bee",))) == (3, (1,))
    said = (
        "the teacher has 'crane' twice, so their outputs are not clear. Needed each of "
        "the data's classes once. Use WordNet ids, or correct the file."
    )
    with pytest.raises(ValueError, match=re.escape(said)):
        found.pick(("bee", "crane"))
    both = {"names": ["crane", "crane"], "wnids": ["n02012849", "n03126707"]}
    index = {"imagenet_1k_index": [134, 517]}
    assert read_classes(file(both | index)).pick(("n03126707", "n02012849")) == (517, 134)
    assert read_classes(file(both)).outputs == 2


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "holds [], but needs a list that is not empty there"),
        ([], "holds [], but needs a list that is not empty there"),
        ("ape\n\nbee", "holds '1' = '', but needs a name or a WordNet id there"),
        (["ape", 3], "holds '1' = 3, but needs a name or a WordNet id there"),
        ('["ape"', "is not valid JSON"),
        ("[" * 100_000, "is not valid JSON"),
        ({"classes": ["ape"]}, "has no names and no wnids, or its names"),
        ({"names": "ape"}, "holds 'names' = 'ape', but needs a list that is not empty or null"),
        (NETTE | {"wnids": ["n01440764"]}, "imagenet_1k_index are not equally many"),
        (NETTE | {"imagenet_1k_index": [0]}, "imagenet_1k_index are not equally many"),
        (NETTE | {"imagenet_1k_index": [0, 1000]}, "'imagenet_1k_index.1' = 1000, but needs an ou"),
        (NETTE | {"imagenet_1k_index": [0, True]}, "'imagenet_1k_index.1' = True, but needs an ou"),
        (NETTE | {"imagenet_1k_index": 7}, "'imagenet_1k_index' = 7, but needs a list or null"),
    ],
)
def test_a_file_that_lists_no_classes_is_refused(content, why, file):
    path = file(content)
    with pytest.raises(ValueError, match=re.escape(why)) as caught:
        read_classes(path)
    assert str(caught.value).startswith(f"the class file {path!r} ")
    assert str(caught.value).endswith("Correct the file, or give another.")


def test_a_file_that_is_not_there_or_not_text_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no class file 'nowhere'"):
        read_classes("nowhere")
    (tmp_path / "b").write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(ValueError, match="is not a text file"):
        read_classes(str(tmp_path / "b"))
