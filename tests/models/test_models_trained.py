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
    said = f"'{folder}' is no teacher: it has no {missing}. Needed a folder that `smallset train`"
    with pytest.raises(FileNotFoundError, match=re.escape(said)):
        read_trained(folder)


def edited(**fields: object) -> str:
    return json.dumps(json.loads(CARD_OF_A_TOY.to_json()) | fields)


@pytest.mark.parametrize(
    ("card", "why"),
    [
        ("", "Expecting value"),
        ("[]", "'list' object has no attribute"),
        ("{}", "its format is None, not 'teacher-1'"),
        ("[" * 100_000, "recursion"),
        (edited(format="teacher-0"), "its format is 'teacher-0', not 'teacher-1'"),
        ('{"format": "teacher-1", "model": "resnet8"}', "missing or unknown: classes, device, "),
        (edited(more=1), "missing or unknown: more"),
        (edited(classes=None), "'NoneType' object is not iterable"),
        (edited(classes=[]), "its classes is ()"),
        (edited(size="8"), "its size is '8'"),
        (edited(size=0), "its size is 0"),
        (edited(mean=[0.5]), "its mean is (0.5,)"),
        (edited(std=[0.5, 0, 0.5]), "its std is (0.5, 0, 0.5)"),
    ],
)
def test_a_card_of_another_kind_is_refused(card, why, tmp_path):
    folder = written(tmp_path / "t", card)
    with pytest.raises(ValueError, match="is not what this version of `smallset train` wri") as e:
        read_trained(folder)
    assert why in str(e.value)
    assert str(e.value).endswith("Train the teacher again, or use the version that made it.")
