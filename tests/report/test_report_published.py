import pytest
from result_toy import result

from smallset.methods import method_from, spec_of
from smallset.report.published import published, published_name

NAMES = tuple(f"c{i}" for i in range(1000))
IMAGENET = {"classes": NAMES, "per_class": (0.5,) * 1000, "source_images": 1_281_167,
            "size": 224, "student": "resnet18", "ipc": 10}  # fmt: skip


@pytest.mark.parametrize(
    ("ipc", "labels", "random"),
    [(10, "hard", 0.046), (50, "hard", 0.206), (100, "hard", 0.317), (10, "online", 0.358)],
)
def test_the_papers_main_table_is_found_by_its_setting(ipc, labels, random):
    found = published(result(**{**IMAGENET, "ipc": ipc, "labels": labels}))
    assert found.source == "arXiv 2502.06434"
    assert found.top1["random"] == random


@pytest.mark.parametrize(
    "change",
    [{"ipc": 20}, {"student": "resnet50"}, {"size": 64}, {"source_images": 1_281_166},
     {"classes": NAMES[:999]}, {"ipc": None}, {"ipc": 50, "labels": "online"}],
)  # fmt: skip
def test_another_setting_has_no_published_numbers(change):
    assert published(result(**{**IMAGENET, **change})) is None


@pytest.mark.parametrize(
    ("method", "name"),
    [("random", "random"), ("el2n", "el2n"), ("el2n(runs=3)", "el2n"), ("pca", "pca"),
     ("pca(resize=nearest)", "pca"), ("prune(score=el2n, select=easiest)", "el2n"),
     ("random(factor=2)", None), ("random(view=patch)", None), ("el2n(select=hardest)", None),
     ("pca(factor=3)", None), ("pca(view=canvas)", None), ("pca(content=centre)", None)],
)  # fmt: skip
def test_a_method_is_known_by_what_it_does(method, name):
    assert published_name(spec_of(method_from(method))) == name


def test_a_set_of_other_people_or_a_users_own_class_has_no_published_name():
    assert published_name("foreign(theirs)") is None
    assert published_name("my.module.Own(k=3)") is None
