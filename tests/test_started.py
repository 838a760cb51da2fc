import subprocess
import sys

CODE = """
import sys, time
import smallset.__main__
assert "smallset.started" in sys.modules and "click" not in sys.modules
before = time.perf_counter()
from smallset import cli, started
from smallset.terminal import progress
assert started.STARTED < before
print(progress.Stages()._started == started.STARTED)
"""


def test_the_clock_of_a_command_counts_what_it_imports():
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"
