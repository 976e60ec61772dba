# Two commands are enough to begin: `make demo` and `make test`. Everything that they need is put into .venv.

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help demo test test-all lint format pages bench fuzz dist docs fixtures clean

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 18

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "gopluck needs Python 3.11 or later; name one with: make PYTHON=/path/to/python3" >&2; exit 1; }
	@test -x $(PY) || $(PYTHON) -m venv $(VENV) || \
	    { rm -rf $(VENV); echo "no virtual environment: is the venv module of $(PYTHON) installed?" >&2; exit 1; }
	@echo "Installing gopluck and its tools into $(VENV) ..."
	@$(PY) -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

demo: $(READY) ## check the sample hosts and plugins in fixtures/samples: no Go needed
	@$(PY) -m fixtures.demo

test: $(READY) ## unit tests, all recorded sets, and a live part with two Go releases
	$(PY) -m pytest

test-all: $(READY) ## the same with every pinned Go release: builds and really loads each set
	$(PY) -m pytest --full

lint: $(READY) ## ruff, mypy, and the guards of this house: arrows between rooms, slugs, sizes, whole rules
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(PY) -m fixtures.lint

format: $(READY) ## let ruff write the format that lint wants
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

# The pages of the rules read the table of differences.
pages: $(READY) ## write anew what is written from the code and the recorded sets: rule pages, references, tables
	$(PY) -m fixtures.configschema
	$(PY) -m fixtures.differences
	$(PY) -m fixtures.pages
	$(PY) -m fixtures.field
	$(PY) -m fixtures.survivors
	$(PY) -m fixtures.reference
	$(PY) -m fixtures.man
	PYTHONPATH=.:tests $(PY) tests/said.py

bench: $(READY) ## time and memory of a check, against a bare start of Python
	$(PY) -m fixtures.bench

fuzz: $(READY) ## mutated inputs through every reader: FUZZ='--count 1000000 --jobs 2'
	$(PY) -m fixtures.fuzz $(FUZZ)

dist: $(READY) ## a wheel, a source archive and gopluck.pyz, in dist/
	$(PY) -m fixtures.dist

fixtures: $(READY) ## build the oracle's sets anew, really load them, and record what Go said
	$(PY) -m fixtures.oracle load
	$(PY) -m fixtures.oracle record

docs: $(VENV)/.docs ## the site, into site/ (open site/index.html); a broken link fails
	NO_MKDOCS_2_WARNING=1 $(VENV)/bin/mkdocs build --strict --quiet
	@echo "Written: site/index.html"

$(VENV)/.docs: $(READY) mkdocs.yml
	@echo "Installing MkDocs into $(VENV) ..."
	@$(PY) -m pip install --quiet --disable-pip-version-check --editable '.[docs]'
	@touch $@

clean: ## remove what make made, but not the downloaded toolchains
	rm -rf $(VENV) dist site .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find src tests fixtures -type d -name __pycache__ -prune -exec rm -rf {} +
