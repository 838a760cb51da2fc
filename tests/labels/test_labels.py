import re
from dataclasses import dataclass

import numpy as np
import pytest
from labels_toy import SPEC, bright_images

from smallset import compress, export, from_arrays, train_teacher
from smallset.bench.run import Request, run_bench
from smallset.exchange.exported import open_made
from smallset.labels import (
    LABELS,
    Hard,
    OnePerImage,
    Online,
    Stored,
    label_folder,
    labels_from,
    labels_spec,
    labels_words,
)
from smallset.labels.formats import Top, Whole8, Whole16
from smallset.store import PlainSet, open_set, verify


@pytest.mark.parametrize(
    ("text", "teacher", "wanted"),
    [
        ("hard", None, Hard()),
        ("online", "timm:resnet18", Online("timm:resnet18")),
        ("stored", None, Stored()),
        ("stored(format=float16, prune=0.9)", "a.pt", Stored("a.pt", Whole16(), 0.9)),
        ("stored(format=top(k=5))", None, Stored(format=Top(5))),
        ("one-per-image(format=int8)", None, OnePerImage(format=Whole8())),
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
            "labels='online' names no teacher, but needs a network that makes the labels. "
            "Give --teacher SPEC, or online(teacher=SPEC).",
        ),
        (
            "hard", "t.pt",
            "the teacher 't.pt' was given with labels='hard', which uses no teacher. "
            "Give one teacher, and only with online or stored or one-per-image labels.",
        ),
        (
            "online(teacher=a.pt)", "t.pt",
            "the teacher 't.pt' was given with labels='online(teacher=a.pt)', which names its own. "
            "Give one teacher, and only with online or stored or one-per-image labels.",
        ),
        ("onlin", None, "there is no regime 'onlin'. Did you mean 'online'? Known: hard, online, "
            "stored, one-per-image."),
        ("soft", "t.pt", "there is no regime 'soft'. Known: hard, online, "
            "stored, one-per-image."),
    ],
)  # fmt: skip
def test_a_teacher_belongs_to_online_labels_alone(text, teacher, said):
    with pytest.raises(ValueError, match=f"^{re.escape(said)}$"):
        labels_from(text, teacher)


def test_a_teacher_fills_the_field_that_a_spec_leaves_out(monkeypatch):
    @dataclass(frozen=True)
    class Kept(Online):
        """Kept."""

        digits: int = 16

    monkeypatch.setitem(LABELS, "kept", Kept)
    made = labels_from("kept(digits=8)", "resnet20(weights=w.pt)")
    assert made == Kept("resnet20(weights=w.pt)", 8)
    assert labels_spec(made) == 'kept(teacher="resnet20(weights=w.pt)", digits=8)'
    assert labels_from(labels_spec(made)) == made
    with pytest.raises(ValueError, match="with online or stored or one-per-image or kept labels"):
        labels_from("hard", SPEC)


@pytest.mark.parametrize("verb", ["compress", "train", "export", "bench"])
def test_nothing_else_is_written_where_the_labels_of_a_set_belong(tmp_path, verb):
    images, classes = bright_images(np.arange(6) % 3), np.arange(6) % 3
    data = from_arrays(images, classes, test=(images[:3], classes[:3]))
    options = {"work": tmp_path / "work"}
    made = compress(data, tmp_path / "set", method="random", ipc=1, **options)
    out = tmp_path / "set.labels"
    write = {
        "compress": lambda: compress(data, out, method="random", ipc=1, **options),
        "train": lambda: train_teacher(data, out, model="resnet8", **options),
        "export": lambda: export(made, out, to="hub"),
        "bench": lambda: run_bench(Request("demo", out)),
    }
    with pytest.raises(ValueError, match=r"set.labels' is the place for the labels of the set 'se"):
        write[verb]()
    assert not out.exists()
    compress(data, tmp_path / "other.labels", method="random", ipc=1, **options)


def test_labels_of_a_set_lie_beside_it_and_neither_is_taken_for_the_other(tmp_path):
    images, classes = bright_images(np.arange(6) % 3), np.arange(6) % 3
    made = compress(
        from_arrays(images, classes, test=(images[:3], classes[:3])),
        tmp_path / "set", method="random", ipc=1, work=tmp_path / "work",
    )  # fmt: skip
    beside = label_folder(made)
    assert (beside.parent, beside.name) == (tmp_path, "set.labels")
    beside.mkdir()
    (beside / "logits.npy").write_bytes(bytes(99))
    assert verify(made.path).bytes == made.manifest.image_bytes
    assert open_set(made.path).manifest == made.manifest
    with pytest.raises(ValueError, match="the set 'split' has no folder here, but its labels"):
        label_folder(PlainSet("split", "d", made.facts, made.dataset, made.tile_box))
    for to in ("imagefolder", "hub"):
        export(made, tmp_path / to, to=to)
        again = open_made(tmp_path / to, work=tmp_path / "work")
        assert label_folder(again) == tmp_path / f"{to}.labels"
    beside.rename(made.path / "labels")
    with pytest.raises(ValueError, match="not part of the set: labels/"):
        verify(made.path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("hard", "hard"),
        ('online(teacher="a.pt")', "online"),
        ('stored(teacher="a(x=1)", format=float16, prune=0.0, view_seed=0)', "stored"),
        ('stored(teacher="a.pt", format=int8, prune=0.9, view_seed=3)',
         "stored(format=int8, prune=0.9, view_seed=3)"),
        ("stored(format=top(k=5))", "stored(format=top(k=5))"),
        ("beside(file=x)", "beside"),
    ],
)  # fmt: skip
def test_a_table_names_labels_without_their_teacher(text, words):
    assert labels_words(text) == words
