import re

import pytest

from smallset.labels import LABELS, Hard, Online, labels_from
from smallset.spec import first_line


@pytest.mark.parametrize(
    ("text", "teacher", "wanted"),
    [
        ("hard", None, Hard()),
        ("online", "timm:resnet18", Online("timm:resnet18")),
        ("online(teacher=timm:resnet18)", None, Online("timm:resnet18")),
        (
            'online(teacher="resnet20(weights=w.pt, size=32)")',
            None,
            Online("resnet20(weights=w.pt, size=32)"),
        ),
    ],
)
def test_labels_are_built_from_their_spec(text, teacher, wanted):
    assert labels_from(text, teacher) == wanted


@pytest.mark.parametrize(
    ("text", "teacher", "said"),
    [
        (
            "online", None,
            "labels='online' names no teacher, but needs a network that gives the labels. "
            "Give one: --teacher SPEC, or online(teacher=SPEC).",
        ),
        (
            "hard", "t.pt",
            "the teacher 't.pt' was given with labels='hard', which asks no teacher. "
            "Give a teacher with online labels only, once.",
        ),
        (
            "online(teacher=a.pt)", "t.pt",
            "the teacher 't.pt' was given with labels='online(teacher=a.pt)', which names its own. "
            "Give a teacher with online labels only, once.",
        ),
        ("onlin", None, "there is no regime 'onlin'. Did you mean 'online'? Known: hard, online."),
        ("soft", "t.pt", "there is no regime 'soft'. Known: hard, online."),
    ],
)  # fmt: skip
def test_a_teacher_belongs_to_online_labels_alone(text, teacher, said):
    with pytest.raises(ValueError, match=f"^{re.escape(said)}$"):
        labels_from(text, teacher)


def test_regimes_have_the_names_of_the_table_and_a_line_each():
    for name, regime in LABELS.items():
        assert regime.name == name
        assert first_line(regime).endswith(".")
