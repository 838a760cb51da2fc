"""Matrices: the shipped ones, and what a file can get wrong."""

import re
from dataclasses import replace

import pytest
from bench_toy import MATRIX, SOFT, digits, with_tables

from smallset.bench.ground import Ground, Lines
from smallset.bench.kinds import units_of
from smallset.bench.matrix import parse_matrix, read_matrix, shipped
from smallset.bench.sources import BenchData, Places
from smallset.bench.sweep import FULL
from smallset.desk import Desk
from smallset.labels import labels_spec
from smallset.methods import canonical, method_from, spec_of
from smallset.report.rows import method_key


def test_shipped_matrices_are_those_promised():
    promised = {"demo", "cifar10", "imagenette", "soft-vs-hard", "cross-architecture", "pruning"}
    assert promised | {"imagenet1k-paper"} <= set(shipped())


@pytest.mark.parametrize("name", shipped())
def test_shipped_matrix_reads_and_expands(name, tmp_path):
    matrix = read_matrix(name)
    few = tuple(replace(t, replicates=min(t.replicates, 2)) for t in matrix.sweeps)
    matrix = replace(matrix, sweeps=few)
    source = BenchData("digits", digits())
    sources = {table.data: source for table in matrix.sweeps}
    ground = Ground(
        matrix, Places(tmp_path, {}), tmp_path, Desk(tmp_path, "cpu", "float32", 1), sources
    )
    product = sum(
        len(t.budgets) * len(t.students) * len(t.labels) * len(t.methods) * t.replicates
        + (len(t.students) if t.full else 0)
        for t in matrix.sweeps
    )
    assert len(ground.cells) == product
    units, pending = units_of(ground, Lines())
    assert pending == tuple(units.values())
    ends = [unit.wanted for unit in units.values() if unit.kind in ("cell", "full")]
    assert len(ends) == len(set(ends)) == len({cell.identity for cell in ground.cells})
    seen: set[str] = set()
    for unit in units.values():
        assert seen.issuperset(need.key for need in unit.needs)
        seen.add(unit.key)


@pytest.mark.parametrize("name", ["cifar10", "imagenette"])
def test_late_scores_are_asked_for_at_ipc_10(name):
    matrix = read_matrix(name)
    labels = ("easiest by the last three epochs", "PCA by the last three epochs")
    assert [matrix.method(label).score.epochs for label in labels] == [(8, 9, 10)] * 2
    for label in labels:
        assert [[*map(str, t.budgets)] for t in matrix.sweeps if label in t.methods] == [["ipc=10"]]


def test_observer_seed_goes_into_the_method_whatever_its_spec():
    matrix = parse_matrix(MATRIX, "m.toml")
    assert matrix.method("PCA", 4).score.observer.seed == 4
    assert matrix.method("PCA", 4).score.epochs == 1
    assert matrix.method("random", 4) == method_from("random")


def test_labels_name_the_rows_of_a_report_for_every_observer():
    matrix = parse_matrix(MATRIX, "m.toml")
    labels = {method_key(spec): label for spec, label in matrix.labels.items()}
    assert labels[method_key(spec_of(matrix.method("PCA", 7).resolved(size=8)))] == "PCA"
    assert labels[FULL] == FULL
    assert len(labels) == 4


def test_a_label_has_a_spec_for_each_network_that_its_observer_is_and_names_both():
    head = MATRIX.partition("[[table]]")[0].replace(
        "[methods]", '[methods]\nr8 = "el2n(observer=observer(model=resnet8))"\nauto = "el2n"'
    )
    table = '[[table]]\ntitle = "{0}"\ndata = "toy"\nsize = {0}\nipc = [1]\n' + (
        'students = ["resnet8"]\nreplicates = 1\nmethods = ["PCA", "{1}"]\n'
    )
    # what would be one method at 8 px is another at 96, where alone "auto" is asked for
    matrix = parse_matrix(head + table.format(8, "r8") + table.format(96, "auto"), "m.toml")
    small, large = matrix.specs("PCA")
    assert (small, large) == (matrix.spec("PCA", 8), matrix.spec("PCA", 96))
    assert "model=resnet8" in small
    assert "model=resnet10" in large
    assert matrix.labels[small] == matrix.labels[large] == "PCA"
    assert matrix.labels[canonical("el2n", size=8)] == "r8"
    assert matrix.labels[canonical("el2n", size=96)] == "auto"
    with pytest.raises(ValueError, match="the methods 'r8' and 'auto' are the same"):
        parse_matrix(head + table.format(8, "r8") + table.format(16, "auto"), "m.toml")


def test_defaults_are_hard_labels_and_the_protocol_for_the_size():
    table = parse_matrix(re.sub("protocols.*\n|observers.*\n|full.*\n", "", MATRIX), "m").sweeps[0]
    assert (table.labels, table.protocols, table.observers) == (("hard",), ("auto",), 3)
    assert (table.fit, table.codec, table.full) == ("squash", "png", None)


def test_labels_name_a_teacher_of_the_matrix_or_hold_its_spec():
    written = ["online( own )", "online(teacher=train(model=resnet8, epochs=30))", "hard"]
    text = with_tables(MATRIX, SOFT).replace('["hard", "online(own)"]', str(written))
    matrix = parse_matrix(text, "m")
    assert matrix.sweeps[1].labels == tuple(written)
    own = 'online(teacher="train(model=resnet8, epochs=30)")'
    assert [labels_spec(matrix.regime(labels)) for labels in written] == [own, own, "hard"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("size = 8", "sise = 8"), "m.toml, line 12: there is no key 'sise'. Did you mean 'size'?"),
        (("replicates = 2", ""), "'replicates' is missing. Add a line replicates = ..."),
        (("size = 8", 'size = "8"'), "line 12: size = '8', but it must be a whole number from 1"),
        (("size = 8", "size = 0"), "size = 0, but it must be a whole number from 1"),
        (("ipc = [1]", "ipc = 1"), "line 13: ipc = 1, but it must be a list of different whole"),
        (("ipc = [1]", "ipc = [1, 1]"), "line 13: ipc has 1 twice. Give each once."),
        (("ipc = [1]", "ipc = [true]"), "ipc = [True], but it must be a list"),
        (("ipc = [1]", ""), "this one has none. Give one of them."),
        (("ipc = [1]", "ipc = [1]\nkeep = [0.5]"),
         "line 14: a table has one of ipc = [1, 10], keep"),
        (("ipc = [1]", "keep = 0.5"), "line 13: keep = 0.5, but it must be a list of different sh"),
        (("ipc = [1]", "keep = [0.5, 1.5]"), "keep = [0.5, 1.5], but it must be a list of"),
        (("ipc = [1]", 'budget = ["bytes=8kB", "bytes=8000"]'), "budget has 'bytes=8kB' twice."),
        (("ipc = [1]", "keep = [0.5, 0.5]"), "keep has 0.5 twice. Give each once."),
        (('["random", "PCA"]', '["random", "PCB"]'), "line 2: there is no method 'PCB' under [me"),
        (('"easy", "PCA"]', '"esay", "PCA"]'),
         "line 15: there is no method 'esay' under [methods]"),
        (('= "random"', '= "randon"'), "line 5: method 'random': there is no method 'randon'. Did"),
        (('"toy"\nsize', '""\nsize'), "data = '', but it must be text in quotes"),
        (('"Toy"', "Toy"),
         "m.toml: Invalid value (at line 1, column 9). A matrix is a TOML file. Corr"),
        (("full = {epochs = 2}", "full = 2"),
         "line 19: full = 2, but it must be one table, as full = {epochs = 10}"),
        (("{epochs = 2}", "[{epochs = 2}, {epochs = 3}]"), "3}], but it must be one table"),
        (("{epochs = 2}", "[]"), "line 19: full = [], but it must be one table"),
        (("full = {epochs = 2}", "[table.full]\nepochs = 0"), "line 20: epochs = 0, but"),
        (("full = {epochs = 2}", "full.epochs = 0"), "line 19: epochs = 0, but it must be"),
        (("{epochs = 2}", "{epochs = 1000000000}"),
         "epochs = 1000000000, but it must be a whole number from 1 to 100000"),
        (("observers = 1", f"observers = {'[' * 2000}"),
         "m.toml: its brackets are nested too deep to read. A matrix has only lists of"),
        (("observers = 1", f"observers = {'9' * 5000}"), "m.toml: Exceeds the limit (4300 digits)"),
        (("{epochs = 2}", "{}"), "the table from line 19: 'epochs' is missing. Add a line"),
        (("full = {epochs", "full = {epoch"), "there is no key 'epoch'. Did you mean 'epochs'?"),
        (("observers = 1", 'labels = ["soft"]'), "labels 'soft': there is no regime 'soft'. Known"),
        (("observers = 1", 'labels = ["online"]'), "labels 'online': labels='online' names no tea"),
        (("observers = 1", 'labels = ["online(train(modal=a))"]'), "'train' has no option 'modal'"),
        (("observers = 1", 'labels = ["online(b)"]'), "there is no teacher 'b' under [teachers]"),
        (("observers = 1", 'fit = "stretch"'),
         "fit = 'stretch', but it must be squash or crop or pad."),
        (("observer(epochs=1)", "observer(epochs=1, seed=2)"),
         "gives its observer the seed 2, but"),
        (('"el2n(ep', '"pca(score=el2n(ep'), "cannot read the spec"),
        (('random = "random"', 'random = "random"\nfull = "pca"'),
         "the label 'full' is reserved for the whole"),
        (('random = "random"', 'random = "random"\nr2 = "random(factor=1)"'),
         "the methods 'random' and 'r2' are the same, 'random(factor=1)'. Leave one out"),
        # at 8 px the observer that "easy" leaves open is a resnet8
        (('easy =', 'r8 = "el2n(epochs=1, observer=observer(epochs=1, model=resnet8))"\neasy ='),
         "line 7: the methods 'r8' and 'easy' are the same, 'el2n(epochs=1, obs"),
        (("[[table]]", '[teachers]\na = "resnet8"\nb = "resnet8"\n[[table]]'),
         "the teacher 'resnet8' has two names. Keep one of them."),
        (("resnet8(", "resnet9("), "line 14: there is no model 'resnet9'. Did you mean 'resnet8'?"),
        (("finetune-v1", "finetune-v2"),
         "line 16: there is no protocol 'finetune-v2'. Did you mean"),
        (("observers = 1", 'codec = "gif"'), "codec 'gif' is not known. Use one of png"),
        (("[methods]", "[method]"), "there is no key 'method'. Did you mean 'methods'?"),
        (("[[table]]", "[table]"), None),
        (('easy = "', 'easy = 3 # "'), "methods = {'random': 'random', 'easy': 3"),
    ],
)  # fmt: skip
def test_error_in_a_matrix_names_line_and_way_out(change, said):
    assert change[0] in MATRIX
    text = MATRIX.replace(*change, 1)
    if said is None:  # a single table may be written so
        assert parse_matrix(text, "m.toml").sweeps == parse_matrix(MATRIX, "m.toml").sweeps
        return
    with pytest.raises(ValueError, match=re.escape(said)):
        parse_matrix(text, "m.toml")


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("resnet9(weights={data}/w.pt, classes=same)", "there is no model 'resnet9'. Did you"),
        ("resnet8(weights={data}/w.pt, clases=same)", "'resnet8' has no option 'clases'. Did you"),
        ("train(model=resnet9, epochs=3)", "there is no model 'resnet9'. Did you mean 'resnet8'?"),
        ("train(model=resnet8, epoch=3)", "'train' has no option 'epoch'. Did you mean 'epochs'?"),
        ("train(model=resnet8, epochs=0)", "epochs=0 is too small. Give passes over the data"),
        (
            "train(model=resnet8, epochs=1000000000000)",
            "epochs=1000000000000 is too large. Give passes over the data, at most 100000.",
        ),
        ("train(model=resnet8, recipe=teacher-v9)", "no recipe 'teacher-v9'. Did you mean"),
        (
            "teachers({data}/own, train(model=resnet8))",
            "'train(model=resnet8)' would be trained by",
        ),
        ("teachers({data}/own)", "names 1 teacher, but a mean needs two or more"),
        (
            "teachers({data}/own, teachers({data}/own, resnet9(classes=same)))",
            "there is no model 'resnet9'. Did you",
        ),
    ],
)
def test_a_teacher_that_cannot_be_is_named_with_its_line(spec, said):
    teachers = f'[teachers]\nready = "{{data}}/own"\nwise = "{spec}"\n[[table]]'
    with pytest.raises(ValueError, match="m, line 11: teacher 'wise': ") as caught:
        parse_matrix(MATRIX.replace("[[table]]", teachers), "m")
    assert said in str(caught.value)


def test_a_matrix_without_tables_is_an_error():
    head = MATRIX.partition("[[table]]")[0]
    with pytest.raises(ValueError, match=r"m, line 1: table = \[\], but .* one \[\[table\]\] or m"):
        parse_matrix(f"table = []\n{head}", "m")
    with pytest.raises(ValueError, match="m: 'table' is missing"):
        parse_matrix(head, "m")


def test_an_epoch_of_the_full_data_is_named_by_its_own_line():
    text = MATRIX.replace("finetune-v1(epochs=2)", "small-v1(epochs=1)").replace(
        "epochs = 2", "epochs = 0"
    )
    with pytest.raises(ValueError, match="m, line 19: epochs = 0, but it must be a whole number"):
        parse_matrix(text, "m")


def test_two_tables_of_one_title_are_an_error_on_the_second_tables_line():
    table = MATRIX.partition("[[table]]")[2]
    with pytest.raises(ValueError, match="two tables are called 'toy'"):
        parse_matrix(f"{MATRIX}[[table]]{table}", "m.toml")


def test_error_in_the_second_table_names_its_own_line():
    table = MATRIX.partition("[[table]]")[2].replace('"toy"', '"two"', 1)
    text = f"{MATRIX}[[table]]{table}".replace(
        "replicates = 2\nobservers = 1\nfull = {epochs = 2}\n", "replicates = 2\n"
    )
    second = text.rindex("replicates = 2")
    text = text[:second] + "replicates = 0\n"
    line = text.count("\n")
    with pytest.raises(ValueError, match=f"m.toml, line {line}: replicates = 0"):
        parse_matrix(text, "m.toml")


def test_unknown_matrix_names_the_nearest(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no matrix 'cifar': .* Did you mean 'cifar10'"):
        read_matrix("cifar")


def test_matrix_that_is_no_text_is_an_error(tmp_path):
    (tmp_path / "m.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match=r"m\.toml' is not a text file"):
        read_matrix(tmp_path / "m.toml")


def test_a_table_may_ask_for_a_protocol_with_other_epochs():
    def matrix(protocol):
        return parse_matrix(MATRIX.replace("finetune-v1(epochs=2)", protocol), "m.toml")

    assert matrix("small-v1(epochs=2)").sweeps[0].protocols == ("small-v1(epochs=2)",)
    with pytest.raises(ValueError, match=r"line \d+.*no protocol 'small-v2'. Did you mean 'small"):
        matrix("small-v2(epochs=2)")
    with pytest.raises(ValueError, match=r"line \d+.*Give at least 1: 'small-v1\(epochs=1\)'"):
        matrix("small-v1(epochs=0)")


def test_a_table_may_count_in_shares_of_the_data():
    [table] = parse_matrix(MATRIX.replace("ipc = [1]", "keep = [0.5, 1]"), "m.toml").sweeps
    assert [*map(str, table.budgets)] == ["keep=0.5", "keep=1.0"]
    assert [budget.words for budget in table.budgets] == ["keep 50 %", "keep 100 %"]


def test_all_misspelt_and_missing_keys_are_named_at_once_with_their_lines():
    text = MATRIX.replace('title = "Toy"\n', "").replace("[methods]", "[method]")
    text = text.replace("replicates = 2", "replicats = 2").replace("epochs = 2", "epoch = 2")
    second = '[[table]]\ntitle = "two"\nipc = [1]\nkeep = [0.5]\nmethod = ["random"]\n'
    with pytest.raises(ValueError, match="wrong or missing keys") as caught:
        parse_matrix(f"{text}{second}", "m")
    head, *told = str(caught.value).splitlines()
    assert head == "m has 9 wrong or missing keys. Correct all of them:"
    for line, said in zip(
        told,
        [
            "m, line 3: there is no key 'method'. Did you mean 'methods'?",
            "m: 'title' is missing. Add a line title = ...",
            "m, line 16: there is no key 'replicats'. Did you mean 'replicates'?",
            "m, line 18: there is no key 'epoch'. Did you mean 'epochs'?",
            "m, line 23: there is no key 'method'. Did you mean 'methods'?",
            "m, the table from line 19: 'data' is missing. Add a line data = ...",
            "m, the table from line 19: 'students' is missing.",
            "m, the table from line 19: 'replicates' is missing.",
            "m, line 22: a table has one of ipc = [1, 10], keep = [0.1, 0.3] and budget = ",
        ],
        strict=True,
    ):
        assert line.startswith(f"  {said}")


def test_a_misspelt_budget_is_named_once():
    with pytest.raises(ValueError, match="m, line 13: there is no key 'ipcs'") as caught:
        parse_matrix(MATRIX.replace("ipc =", "ipcs ="), "m")
    assert len(str(caught.value).splitlines()) == 1


def test_a_table_may_leave_its_size_to_the_data_but_not_beside_one_that_has_it():
    text = MATRIX.replace("size = 8\n", "")
    matrix = parse_matrix(text, "m")
    assert matrix.sweeps[0].size is None
    assert matrix.specs("PCA") == (spec_of(matrix.method("PCA", 0)),)
    second = MATRIX.partition("[[table]]")[2].replace('"toy"', '"two"', 1)
    said = (
        "m, line 10: the table 'toy' leaves out the size, but another table of 'toy' gives it. "
        "Give the size in all of them, or in none."
    )
    with pytest.raises(ValueError, match=re.escape(said)):
        parse_matrix(f"{text}[[table]]{second}", "m")
