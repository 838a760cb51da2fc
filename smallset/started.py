"""When this process began: the command and `python -m smallset` import this file first."""

import time

# The standard library does not say when a process started. Only the interpreter's own start, a few
# hundredths of a second, comes before this line. Importing torch takes seconds and comes later.
STARTED = time.perf_counter()
