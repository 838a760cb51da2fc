import signal
import subprocess
import sys
import time

import pytest
from cli_toy import hear_interrupts

import smallset
from smallset.__main__ import stop_again


@pytest.mark.parametrize("name", smallset.__all__)
def test_every_public_name_is_there(name):
    assert getattr(smallset, name).__doc__


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="'smallset' has no attribute 'distill'"):
        _ = smallset.distill


def test_ctrl_c_while_importing_leaves_no_traceback(tmp_path):
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "smallset", "compress", "digits", f"set{number}", "--work", "w"],
            cwd=tmp_path,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=hear_interrupts,
        )
        for number in range(4)
    ]
    time.sleep(0.6)  # past the interpreter's own start
    for process in started:  # before torch is asked for, or while it comes
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
    for process in started:
        _, stderr = process.communicate(timeout=60)
        assert stderr == "" or stderr.startswith("Error: stopped. ")


def for_five_seconds() -> None:
    """Sleep in short parts, since a signal that a thread of this process sends ends none."""
    for _ in range(50):
        time.sleep(0.1)


class Swallows:
    """Its destructor swallows Ctrl-C."""

    def __del__(self) -> None:
        raise KeyboardInterrupt


def test_ctrl_c_that_a_destructor_swallows_is_sent_again(monkeypatch, capsys):
    monkeypatch.setattr(sys, "unraisablehook", stop_again)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    Swallows()
    try:
        with pytest.raises(KeyboardInterrupt):
            for_five_seconds()
    finally:
        signal.signal(signal.SIGINT, before)
    assert capsys.readouterr().err == ""
