"""The command `train`: what it says, writes and refuses."""

import json

import pytest
from cli_toy import contents, results

from smallset.train import run

QUICK = ("--model", "resnet8", "--epochs", 1)
pytestmark = pytest.mark.usefixtures("data")


def test_train_writes_a_teacher_and_says_what_it_is_worth(shell):
    ran = shell("train", "data", "t", *QUICK, "--size", 9, "--seed", 3)
    assert ran.code == 0, ran.err
    assert contents(shell.root / "t") == ["teacher.json", "weights.pt"]
    card = json.loads((shell.root / "t/teacher.json").read_text())
    assert (card["model"], card["size"], card["epochs"], card["seed"]) == ("resnet8", 9, 1, 3)
    assert results(ran.out) == (
        f"wrote t: resnet8 at 9 px, teacher-v1, 1 epoch, {card['weights_bytes']:,} bytes\n"
        f"top-1 {100 * card['top1']:.2f} % of the held-out images, 3 classes\n"
    )


def test_ctrl_c_leaves_no_output_and_the_same_command_completes(shell, monkeypatch):
    with monkeypatch.context() as patch:

        def stop(*_: object) -> None:
            raise KeyboardInterrupt

        patch.setattr(run, "write_whole", stop)
        ran = shell("train", "data", shell.outs / "t", *QUICK)
    assert (ran.code, results(ran.out)) == (130, "")
    assert contents(shell.outs) == []
    assert shell("train", "data", shell.outs / "t", *QUICK).code == 0
