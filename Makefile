VENV ?= .venv
PYTHON ?= python3
PIP = $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
# One thread a test process: several processes of several threads slow each other down manyfold.
ONE_THREAD = OMP_NUM_THREADS=1

.PHONY: demo test check format slow

demo: $(VENV)/demo
	$(VENV)/bin/smallset demo

# Each process begins with a row of neighbouring tests, so that most set-ups are made only once.
test: $(VENV)/dev
	$(ONE_THREAD) $(VENV)/bin/python -m pytest -n auto --dist worksteal --durations=15 -rfEs

check: $(VENV)/dev
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(MAKE) test

format: $(VENV)/dev
	$(VENV)/bin/ruff format .
	$(VENV)/bin/ruff check --fix .

slow: $(VENV)/dev
	$(ONE_THREAD) $(VENV)/bin/python -m pytest -m slow

$(VENV)/demo: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP) -e .
	touch $@

$(VENV)/dev: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP) -e '.[dev]'
	touch $@
