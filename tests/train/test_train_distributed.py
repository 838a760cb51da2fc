"""One student trained by two processes: the same weights as one process gives, or a clear no."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from cli_toy import tree
from torch import nn

import distributed_toy
from distributed_toy import RULES, command, free_port, soft_labels, trained, two_processes
from smallset import pipeline
from smallset.models import build_model
from smallset.train.device import Machine, hardware
from smallset.train.distributed import idle_loss, own_share, share_norms
from smallset.train.processes import first_alone, first_before_others, is_first, launched

TWO_GPUS = Machine("cuda", "float32", 1, 2)


@pytest.fixture(scope="module")
def both(tmp_path_factory) -> list[dict]:
    """What each of two processes kept."""
    folder = tmp_path_factory.mktemp("both")
    assert two_processes(distributed_toy.train_together, folder) == [0, 0]
    return [torch.load(folder / f"{rank}.pt", weights_only=True) for rank in range(2)]


@pytest.fixture(scope="module")
def a_set(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("tree")
    tree(folder / "data")
    pipeline.compress(folder / "data", folder / "set", method="random", ipc=3, work=folder / "w")
    return folder


@pytest.mark.parametrize("name", RULES)
def test_two_processes_train_the_weights_of_one(both, name):
    weights, loss = trained(RULES[name], soft_labels if name.startswith("soft") else None)
    fresh = build_model("convnet-d3", classes=distributed_toy.CLASSES, size=8, seed=0)
    for kept in both:
        theirs, their_loss, _ = kept[name]
        assert their_loss == pytest.approx(loss, rel=1e-5)
        for key, value in weights.items():
            torch.testing.assert_close(theirs[key], value, rtol=1e-4, atol=2e-6)
    moved = weights["net.head.weight"] - fresh.state_dict()["net.head.weight"]
    assert moved.abs().max() > 1e-3


@pytest.mark.parametrize("name", RULES)
def test_both_processes_end_with_the_very_same_weights(both, name):
    (one, loss, _), (other, other_loss, _) = (kept[name] for kept in both)
    assert loss == other_loss
    assert all(torch.equal(one[key], other[key]) for key in one)


def test_only_the_first_process_is_told_of_an_epoch(both):
    assert [kept["hard"][2] for kept in both] == [[0, 1], []]


def test_a_loss_that_is_not_finite_in_one_process_stops_both(both):
    for kept in both:
        assert kept["not finite"].startswith("the loss became nan in epoch 1 of 2, step 1 of 3")


def test_what_the_first_does_alone_is_told_to_all(both):
    assert [kept["alone"] for kept in both] == ["rank 0", "rank 0"]


def test_the_first_goes_before_the_others(both):
    assert [kept["found"] for kept in both] == [False, True]


def test_one_failure_is_claimed_once(both):
    assert sorted(kept["claims"] for kept in both) == [False, True]


def test_batchnorm_on_cpus_is_refused_with_the_reason_and_the_ways_out(both):
    for kept in both:
        assert kept["norms"] == (
            "the network has 9 BatchNorm layers, and torchrun started 2 processes on CPUs, where "
            "each would normalise by the statistics of its own share of a batch: another result "
            "than one process gives. Needed GPUs, where the statistics are shared. Run it in one "
            "process, without torchrun, or take a network without BatchNorm, such as convnet-d3."
        )


def test_batchnorm_is_shared_on_gpus_and_keeps_its_weights():
    model = build_model("resnet8", classes=3, size=8, seed=0)
    names, parameters = list(model.state_dict()), list(model.parameters())
    share_norms(model, TWO_GPUS)
    kinds = {type(m) for m in model.modules()}
    assert nn.SyncBatchNorm in kinds
    assert nn.BatchNorm2d not in kinds
    assert list(model.state_dict()) == names
    assert all(a is b for a, b in zip(model.parameters(), parameters, strict=True))


def test_another_librarys_batchnorm_is_refused():
    class Activated(nn.BatchNorm2d):
        pass

    with pytest.raises(ValueError, match="layers of the kind 'Activated', whose statistics 2 "):
        share_norms(nn.Sequential(Activated(3)), TWO_GPUS)


def test_one_process_keeps_its_batchnorm():
    model = build_model("resnet8", classes=3, size=8, seed=0)
    share_norms(model, Machine("cpu", "float32", 1))
    assert not any(isinstance(m, nn.SyncBatchNorm) for m in model.modules())


@pytest.mark.parametrize("images", [1, 2, 5, 6, 7])
def test_shares_are_contiguous_and_make_up_the_batch(monkeypatch, images):
    here, shares = Machine("cpu", "float32", 1, 3), []
    for rank in range(3):
        monkeypatch.setattr("smallset.train.distributed.rank", lambda rank=rank: rank)
        shares.append(own_share(images, here).tolist())
    assert sum(shares, []) == list(range(images))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


@pytest.mark.parametrize("name", ["convnet-d3", "resnet8"])
def test_a_process_without_an_image_gives_every_gradient_as_zero(name):
    model = build_model(name, classes=3, size=8, seed=0)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    loss = idle_loss(model, 8, Machine("cpu", "float32", 1, 2))
    loss.backward()
    assert float(loss) == 0
    assert all(p.grad is not None and not p.grad.any() for p in model.parameters())
    after = model.state_dict()
    assert all(torch.equal(before[k], after[k]) for k in before if "num_batches" not in k)


def test_without_torchrun_there_is_one_process():
    assert launched() == 1
    assert is_first()
    assert first_alone(lambda: "done") == "done"
    with first_before_others():
        pass


def test_hardware_says_how_many_processes_worked():
    assert hardware("cpu", 2) == f"2 x {hardware('cpu')}"


def test_a_command_under_torchrun_gives_the_result_of_one_process(a_set):
    options = ["--data", "data", "--student", "convnet-d3", "--seeds", "2", "--work", "w"]
    options += ["--precision", "float32"]
    script = [distributed_toy.__file__, "evaluate", "set", *options]
    launcher = ["-m", "torch.distributed.run", "--nproc-per-node", "2"]
    launcher += ["--master-port", str(free_port())]
    lines, said = [], []
    for name, start in {"one": [], "two": launcher}.items():
        ran = subprocess.run(
            [sys.executable, *start, *script, "--results", f"{name}.jsonl"],
            cwd=a_set, env=os.environ | {"OMP_NUM_THREADS": "1"}, capture_output=True, text=True,
        )  # fmt: skip
        assert ran.returncode == 0, ran.stderr
        said.append(ran.stdout)
        lines.append([json.loads(v) for v in (a_set / f"{name}.jsonl").read_text().splitlines()])
    assert [text.count("student 0: top-1") for text in said] == [1, 1]
    assert [len(found) for found in lines] == [2, 2]
    for one, two in zip(*lines, strict=True):
        assert two["loss"] == pytest.approx(one["loss"], rel=1e-4)
        assert two["fingerprint"] != one["fingerprint"]
        assert two["hardware"] == f"2 x {one['hardware']}"
        same = set(one) - {"loss", "fingerprint", "hardware", "seconds", "images_per_second"}
        assert {key: two[key] for key in same} == {key: one[key] for key in same}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["evaluate", "set", "--data", "data", "--student", "resnet8"], "9 BatchNorm layers"),
        (["list"], "torchrun started 2 processes of 'smallset list', which is work for one. "
         "Needed a command that trains: compress, evaluate, score, train. Run it without torchrun."),
    ],
    ids=["a student that is refused", "a command for one"],
)  # fmt: skip
def test_a_failure_of_all_processes_is_told_once(a_set, tmp_path, monkeypatch, words, told):
    monkeypatch.chdir(a_set)
    work = ["--work", str(a_set / "w"), "--results", str(tmp_path / "r.jsonl")]
    (tmp_path / "argv").write_text("\n".join(words + work * (words[0] == "evaluate")))
    assert two_processes(command, tmp_path) == [1, 1]
    said = "".join((tmp_path / f"err-{rank}").read_text() for rank in range(2))
    assert said.count("error: ") == 1
    assert told in said
    assert not (tmp_path / "r.jsonl").exists()


def test_two_processes_write_one_set_from_one_observer(a_set, tmp_path, monkeypatch):
    monkeypatch.chdir(a_set)
    observer = "el2n(epochs=1, observer=observer(model=convnet-d3, epochs=1))"
    words = ["compress", "data", str(tmp_path / "easy"), "--method", f"pca(score={observer})"]
    words += ["--ipc", "1", "--work", str(tmp_path / "w"), "--precision", "float32"]
    (tmp_path / "argv").write_text("\n".join(words))
    assert two_processes(command, tmp_path) == [0, 0]
    assert (tmp_path / "out-0").read_text().startswith(f"wrote {tmp_path / 'easy'}: 3 images")
    assert (tmp_path / "out-1").read_text() == ""
    assert json.loads((tmp_path / "easy" / "manifest.json").read_text())["images"] == 3
    assert len(list((tmp_path / "w" / "observers").iterdir())) == 1
    assert not list(tmp_path.rglob("*partial*"))
