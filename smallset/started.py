"""When this process began: the command and `python -m smallset` import this file first."""

import time

# No clock of the standard library knows when a process was started. Before this line runs only the
# interpreter's own start, a few hundredths of a second; torch, which takes seconds, comes later.
STARTED = time.perf_counter()
