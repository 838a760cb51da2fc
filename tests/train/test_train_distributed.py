"""One student trained by two processes: the same weights as one process gives, or a clear no."""

import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import distributed_toy
import numpy as np
import pytest
import torch
from cli_toy import results, tree
from distributed_toy import RULES, free_port, soft_labels, trained, two_processes
from loop_toy import student
from torch import nn

from smallset import pipeline
from smallset.cli.torchrun import check_command
from smallset.models import build_model
from smallset.store import open_set
from smallset.train import protocol
from smallset.train.device import Machine, hardware
from smallset.train.distributed import idle_loss, own_share, share_norms
from smallset.train.processes import first_alone, first_before_others, is_first, launched

TWO_GPUS = Machine("cuda", "float32", 1, 2)
PCA = "pca(score=el2n(epochs=1, observer=observer(model=convnet-d3, epochs=1)))"
COMMANDS = {
    "compress": ["compress", "data", "easy", "--method", PCA, "--ipc", "1", "--work", "observed"],
    # Last: after a failure the processes are left as they are.
    "refused": ["evaluate", "set", "--data", "data", "--student", "resnet8", "--work", "w"],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A folder with `data`, a `set` of it, and what two processes left there."""
    folder = tmp_path_factory.mktemp("two")
    tree(folder / "data")
    pipeline.compress(folder / "data", folder / "set", method="random", ipc=3, work=folder / "w")
    assert two_processes(COMMANDS, folder) == [0, 0]
    return folder


@pytest.fixture(scope="module")
def both(folder) -> list[dict]:
    """What each of two processes kept of its training."""
    return [torch.load(folder / f"{rank}.pt", weights_only=True) for rank in range(2)]


def said(folder: Path, name: str) -> list[tuple[int, str, str]]:
    """The exit code, stdout and stderr of a command, by rank."""
    return [json.loads((folder / f"{name}-{rank}.json").read_text()) for rank in range(2)]


@pytest.mark.parametrize("name", RULES)
def test_two_processes_train_the_weights_of_one(both, name):
    weights, loss = trained(RULES[name], soft_labels if name.startswith("soft") else None)
    fresh = student("convnet-d3")
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
            "than one process gives. Needed GPUs, which share the statistics. Run it in one "
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
        shares.append(own_share(images, here))
    assert np.concatenate(shares).tolist() == list(range(images))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


@pytest.mark.parametrize("name", ["convnet-d3", "resnet8"])
def test_a_process_without_an_image_gives_every_gradient_as_zero(name):
    model = build_model(name, classes=3, size=8, seed=0)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    loss = idle_loss(model, 8, Machine("cpu", "float32", 1, 2))
    loss.backward()
    assert loss.item() == 0
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


def test_a_failure_of_both_processes_is_told_once_and_leaves_nothing(folder):
    (code, out, err), (other_code, other_out, other_err) = said(folder, "refused")
    assert (code, other_code, results(out), other_out) == (1, 1, "", "")
    assert (err + other_err).count("Error: the network has 9 BatchNorm layers") == 1
    assert (err + other_err).count("\n") == 1
    assert not (folder / "results.jsonl").exists()


def test_two_processes_write_one_set_from_one_observer(folder):
    (code, out, _), (other_code, *other_said) = said(folder, "compress")
    assert (code, other_code, other_said) == (0, 0, ["", ""])
    assert results(out).startswith("wrote easy: 3 images of 8 px in 3 classes")
    assert open_set(folder / "easy").manifest.made_with["processes"] == "2"
    assert len(list((folder / "observed" / "observers").iterdir())) == 1
    assert not list(folder.rglob("*partial*"))


def test_torchrun_evaluates_like_one_process(folder, monkeypatch):
    options = ["--data", "data", "--student", "convnet-d3", "--seeds", "1", "--work", "w"]
    options += ["--precision", "float32", "--results", "two.jsonl"]
    launcher = ["-m", "torch.distributed.run", "--nproc-per-node", "2"]
    launcher += ["--master-port", str(free_port())]
    ran = subprocess.run(
        [sys.executable, *launcher, distributed_toy.__file__, "evaluate", "set", *options],
        cwd=folder, env=os.environ | {"OMP_NUM_THREADS": "1"}, capture_output=True, text=True,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.count("student 0: top-1") == 1
    [line] = (folder / "two.jsonl").read_text().splitlines()
    two = json.loads(line)
    monkeypatch.setitem(protocol.PROTOCOLS, "small-v1", distributed_toy.STUDENTS)
    monkeypatch.setattr(protocol, "SMALL_V1", distributed_toy.STUDENTS)
    [found] = pipeline.evaluate(
        folder / "set", folder / "data", student="convnet-d3", seeds=1, work=folder / "w",
        precision="float32", workers=1,
    )  # fmt: skip
    one = json.loads(json.dumps(asdict(found)))
    assert two["loss"] == pytest.approx(one["loss"], rel=1e-4)
    assert two["fingerprint"] != one["fingerprint"]
    assert two["hardware"] == f"2 x {one['hardware']}"
    of_each = {"loss", "fingerprint", "hardware", "seconds", "images_per_second", "dataset"}
    assert {k: v for k, v in two.items() if k not in of_each} == {
        k: v for k, v in one.items() if k not in of_each
    }


def test_a_command_that_trains_nothing_is_refused_under_torchrun(monkeypatch):
    here = {"RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "x"}
    for key, value in (here | {"MASTER_PORT": "1"}).items():
        monkeypatch.setenv(key, value)
    for words in (["compress", "--ipc", "1"], ["evaluate"], ["score"], ["train"], ["--help"], []):
        check_command(words)
    with pytest.raises(ValueError, match=r"^torchrun started 2 processes of 'smallset list'") as no:
        check_command(["list"])
    assert str(no.value).endswith(
        ", which runs in one process. Needed a command that trains: compress, evaluate, score, "
        "train. Run it without torchrun."
    )
