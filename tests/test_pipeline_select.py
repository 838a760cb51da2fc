"""select(): the list of chosen images, the very ones that compress() would draw."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from cli_toy import QUICK, contents, picture, tree

import smallset
from smallset.methods import Pruned
from smallset.selection import Beta, Easiest

UNBALANCED = "el2n(epochs=1, observer=observer(epochs=1), select=easiest(balanced=false))"


pytestmark = pytest.mark.usefixtures("quick")


def test_the_list_holds_the_images_that_compress_draws_in_its_order():
    tree(Path("data"))
    made = smallset.compress("data", "set", method=QUICK, ipc=2, seed=3)
    listed = smallset.select("data", "list", method=QUICK, ipc=2, seed=3)
    assert contents(Path("list")) == ["selection.json", "selection.parquet", "selection.txt"]
    table = pq.read_table("list/selection.parquet").to_pydict()
    opened = smallset.open_data("data", work=Path("cache")).train
    source = made.plan.source.reshape(-1)
    assert table["index"] == opened.rows[source].tolist() == listed.index.tolist()
    assert table["id"] == [opened.id(int(i)) for i in source]
    assert Path("list/selection.txt").read_text().splitlines() == table["id"]
    assert table["label"] == [0] * 8 + [1] * 8 + [2] * 8
    assert table["class"][7:9] == ["ape", "bee"]
    assert table["rank"] == [*range(8)] * 3
    assert (len(listed), listed.counts, listed.of) == (24, (8, 8, 8), 24)


def test_the_facts_say_what_made_the_list_and_stand_in_the_table_too():
    tree(Path("data"))
    (Path("data/train/ape/bad.png")).write_bytes(b"")
    smallset.select("data", "list", method=QUICK, keep=0.5, seed=3, skip_bad=True)
    facts = json.loads(Path("list/selection.json").read_text())
    assert (facts["method"], facts["seeds"]) == (QUICK, {"set": 3, "observer": 0})
    assert facts["spec"].startswith("prune(score=el2n(epochs=1")
    assert facts["asked"] == {"budget": "keep=0.5", "short": []}
    assert (facts["images"], facts["counts"]) == (12, [4, 4, 4])
    assert facts["source"]["skipped"] == ["ape/bad.png"]
    assert len(facts["source"]["fingerprint"]) == 64
    assert facts["made_with"]["observer"].startswith("observer(model=resnet8")
    metadata = pq.read_schema("list/selection.parquet").metadata
    assert json.loads(metadata[b"smallset"]) == facts


def test_beta_draws_by_the_probabilities_that_dual_reads(tmp_path, monkeypatch):
    tree(Path("data"))
    asked = []

    def choice(self, pool, counts, *, seed):
        asked.append(pool.probabilities())
        return Easiest()(pool, counts, seed=seed)

    monkeypatch.setattr(Beta, "__call__", choice)
    for number, score in enumerate(("dual(window=2, epochs=2, ", "dual(window=2, ", "el2n(1, ")):
        method = f"{score}observer=observer(epochs=3), select=beta)"
        smallset.select("data", f"list{number}", method=method, ipc=1)
    (folder,) = (tmp_path / "cache/observers").iterdir()
    p = [np.exp(-np.load(file)["loss"]) for file in sorted(folder.glob("moment-*.npy"))]
    for found, epochs in zip(asked, (2, 3, 3), strict=True):
        np.testing.assert_allclose(found, np.mean(p[:epochs], axis=0), rtol=1e-6)


def test_rows_count_in_the_sources_own_order_where_images_are_held_out():
    tree(Path("split"), test={})
    Path("split/train").rename("data")
    listed = smallset.select("data", "list", method="random", ipc=2)
    opened = smallset.open_data("data", work=Path("cache"))
    names = sorted(f"{p.parent.name}/{p.name}" for p in Path("data").rglob("*.png"))
    ids = Path("list/selection.txt").read_text().splitlines()
    assert ids == [names[i] for i in listed.index]
    held_out = {opened.test.id(i) for i in range(len(opened.test))}
    assert not held_out & {*ids}


def test_classes_that_vanish_are_counted(monkeypatch):
    tree(Path("data"))

    def look(self, pool, seen):
        return replace(pool, values=np.array([2, 0, 1], np.float32)[pool.labels])

    monkeypatch.setattr(Pruned, "_looked", look)
    listed = smallset.select("data", "list", method=UNBALANCED, ipc=4)
    assert listed.counts == (0, 8, 4)
    assert pq.read_table("list/selection.parquet")["rank"].to_pylist() == [*range(8), *range(4)]


def test_a_line_break_in_a_name_does_not_break_the_lines():
    tree(Path("data"))
    picture(5).save("data/train/ape/a\nb.png")
    smallset.select("data", "list", method="random", keep=1)
    assert "ape/a\\nb.png" in Path("list/selection.txt").read_text().splitlines()
    assert "ape/a\nb.png" in pq.read_table("list/selection.parquet")["id"].to_pylist()


def test_the_same_seed_gives_the_same_bytes():
    tree(Path("data"))
    for out in ("one", "other"):
        smallset.select("data", out, method="random", keep=0.4)
    for name in contents(Path("one")):
        assert (Path("one") / name).read_bytes() == (Path("other") / name).read_bytes()


def test_a_list_appears_whole_or_not_at_all(monkeypatch):
    tree(Path("data"))
    smallset.open_data("data", work=Path("cache"))
    before = contents(Path())
    monkeypatch.setattr("smallset.files.os.fsync", None)
    with pytest.raises(TypeError):
        smallset.select("data", "list", method="random", ipc=1)
    assert contents(Path()) == before
    Path("list").mkdir()
    with pytest.raises(FileExistsError, match="exists already, and nothing is overwritten"):
        smallset.select("data", "list", method="random", ipc=1)


def test_a_list_is_no_set_and_says_so():
    tree(Path("data"))
    smallset.select("data", "list", method="random", ipc=1)
    with pytest.raises(ValueError, match=r"has no manifest\.json, so it is not a set"):
        smallset.open_set(Path("list"))
    with pytest.raises(ValueError, match=r"'list' is a list of chosen images"):
        smallset.evaluate("list", "data", student="resnet8")
