VENV ?= .venv
PYTHON ?= python3
PIP = $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
# One thread a test process: several processes of several threads slow each other down manyfold.
ONE_THREAD = OMP_NUM_THREADS=1

.PHONY: demo test check format slow figures docs

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

# The tables and figures of the README and of docs/results.md, from the published lines. Needs Chromium.
figures: $(VENV)/dev
	$(VENV)/bin/python docs/studies/findings.py
	$(VENV)/bin/python docs/studies/picture.py first
	$(VENV)/bin/python docs/studies/screens.py

docs: $(VENV)/docs
	$(VENV)/bin/python -m sphinx -q -W -b html -c docs/site docs build/site
	@echo "The site is in build/site/index.html."

$(VENV)/demo: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP) -e .
	touch $@

$(VENV)/dev: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP) -e '.[dev]'
	touch $@

$(VENV)/docs: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP) -e '.[docs]'
	touch $@
