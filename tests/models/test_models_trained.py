import json
import re
from dataclasses import replace
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


@pytest.mark.parametrize(
    "card",
    [
        "",
        "[]",
        "{}",
        replace(CARD_OF_A_TOY, format="teacher-0").to_json(),
        json.dumps(json.loads(CARD_OF_A_TOY.to_json()) | {"more": 1}),
        json.dumps(json.loads(CARD_OF_A_TOY.to_json()) | {"classes": None}),
    ],
)
def test_a_card_of_another_kind_is_refused(card, tmp_path):
    folder = written(tmp_path / "t", card)
    with pytest.raises(ValueError, match="is not what this version of `smallset train` writes"):
        read_trained(folder)
