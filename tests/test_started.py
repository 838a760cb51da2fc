import subprocess
import sys

CODE = """
import sys, time
import smallset.__main__
assert "smallset.started" in sys.modules and "torch" not in sys.modules
before = time.perf_counter()
from smallset import started, terminal
assert started.STARTED < before
print("torch" in sys.modules, terminal.Stages()._started == started.STARTED)
"""


def test_the_clock_of_a_command_counts_the_seconds_that_torch_takes_to_import():
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "True"]
