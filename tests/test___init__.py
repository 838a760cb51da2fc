import signal
import subprocess
import sys
import time

import pytest
from cli_toy import hear_interrupts

import smallset


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
        assert stderr == "" or stderr.startswith("error: stopped. ")
