import json
import re
from pathlib import Path

import pytest
from models_toy import CARD_OF_A_TOY

from smallset.models.trained import CARD, WEIGHTS, read_trained


def written(folder: Path, card: str) -> Path:
    folder.mkdir()
    (folder / CARD).write_text(card)
    (folder / WEIGHTS).write_bytes(b"")
    return folder


def test_what_was_written_is_read(tmp_path):
    folder = written(tmp_path / "t", CARD_OF_A_TOY.to_json())
    assert read_trained(folder) == CARD_OF_A_TOY
    assert '"given": "toy"' in (folder / CARD).read_text()


@pytest.mark.parametrize("missing", [CARD, WEIGHTS])
def test_a_folder_that_is_no_teacher_says_what_it_lacks(missing, tmp_path):
    folder = written(tmp_path / "t", CARD_OF_A_TOY.to_json())
    (folder / missing).unlink()
    said = (
        f"'{folder}' is not a teacher: it has no {missing}. Needed a folder that `smallset train`"
    )
    with pytest.raises(FileNotFoundError, match=re.escape(said)):
        read_trained(folder)


def edited(**fields: object) -> str:
    return json.dumps(json.loads(CARD_OF_A_TOY.to_json()) | fields)


@pytest.mark.parametrize(
    ("card", "why"),
    [
        ("", "is not valid JSON (Expecting value"),
        ("[]", "holds [], but needs an object there"),
        ("{}", "has no field 'format', which must be a text"),
        (edited(format="teacher-0"), "has the format 'teacher-0', but this version of `smallset "),
        ('{"format": "teacher-1"}', "has no field 'model', which must be a text"),
        (edited(more=1), "has the unknown field 'more'"),
        (edited(classes=None), "holds 'classes' = None, but needs a list that is not empty there"),
        (edited(classes=[]), "holds 'classes' = [], but needs a list that is not empty"),
        (edited(size=0), "holds 'size' = 0, but needs a whole number of at least 1"),
        (edited(mean=[0.5]), "holds 'mean' = [0.5], but needs a list of 3"),
        (edited(std=[0.5, 0, 0.5]), "holds 'std.1' = 0, but needs a number above 0 there"),
    ],
)
def test_a_card_of_another_kind_is_refused(card, why, tmp_path):
    folder = written(tmp_path / "t", card)
    with pytest.raises(ValueError, match=r"^'.*teacher\.json' ") as e:
        read_trained(folder)
    assert why in str(e.value)
    assert str(e.value).endswith("Train the teacher again, or use the version that made it.")
