import pytest
from cli_toy import Shell, contents, refused


@pytest.fixture
def shell(shell, data) -> Shell:
    assert shell.compress("data", "set", "--method", "random").code == 0
    return shell


def test_export_writes_the_folder_and_says_so(shell):
    ran = shell("export", "set", shell.outs / "hub", "--to", "hub")
    assert (ran.code, ran.out) == (0, f"wrote {shell.outs / 'hub'}\n")
    assert contents(shell.outs / "hub") == [
        "README.md", "data", "data/train-00000-of-00001.parquet", "manifest.json", "plan.parquet"
    ]  # fmt: skip


def test_a_set_that_was_changed_is_refused(shell):
    out = shell.outs / "out"
    (shell.root / "set" / "ape" / "00000.png").write_bytes(b"edited")
    refused(shell("export", "set", out, "--to", "hub"), "00000.png' of the set 'set' was changed")
    (shell.root / "set" / "plan.parquet").write_bytes(b"edited")
    refused(shell("export", "set", out, "--to", "hub"), "plan.parquet' was changed")
    assert contents(shell.outs) == []
