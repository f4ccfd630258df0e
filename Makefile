# `make help` lists the targets.

# The environment, made on first use, and the Python that makes it.
VENV ?= .venv
PYTHON ?= python3
# The environment of `make test-official`; torch 2.1 needs Python 3.11 or older.
OFFICIAL ?= .venv-official
PYTHON_OFFICIAL ?= python3.11
# What `make train` trains, and further arguments of the tool a target calls.
CONFIG ?= configs/da/digits.py
ARGS ?=
# Processes of the tests. A file of tests stays in one process.
JOBS ?= 2
PYTEST = $(PY) -m pytest -n $(JOBS) --dist loadfile

MAKEFLAGS += --no-print-directory
SHELL := /bin/sh
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check --no-input

# The stamp carries a checksum of what was installed, and from where, so that
# neither a restored cache nor a moved checkout passes for a finished set-up.
PINNED := requirements/lock.txt setup.py pyproject.toml
SUM := $(shell { echo '$(CURDIR)'; cat $(PINNED); } | cksum | cut -d ' ' -f 1)
STAMP := $(VENV)/.mmda-$(SUM)
SUM_OFFICIAL := $(shell cksum requirements/official.txt | cut -d ' ' -f 1)
# The half of an editable install that lies in the checkout, not in VENV: gone
# when the checkout was made anew.
ifeq ($(wildcard mmda/.mim/configs),)
.PHONY: $(STAMP)
endif
# Only an environment that this file made is ever deleted, and only when it
# was left unfinished.
MADE := $(VENV)/.mmda-made
UNFINISHED := $(VENV)/.mmda-unfinished

.DEFAULT_GOAL := help
.PHONY: help setup train test test-all test-official lint imports format \
	types doctest docs mutation bench clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' \
		Makefile
	@echo "Settable: VENV=$(VENV) PYTHON=$(PYTHON) JOBS=$(JOBS) CONFIG=..." \
		"ARGS='...'"

setup: $(STAMP)  ## make the environment, if it is not there yet

train: $(STAMP)  ## train CONFIG (digits, about 1 minute on 2 CPU cores)
	@$(PY) tools/train.py $(CONFIG) $(ARGS) || { status=$$?; \
		echo "(options go into ARGS, such as: make train ARGS=--resume)" >&2; \
		exit $$status; }

test: $(STAMP)  ## run the tests that are not slow, and count the others
	@$(PYTEST) -m 'not slow' $(ARGS)

test-all: $(STAMP)  ## run all tests
	@$(PYTEST) $(ARGS)

test-official: $(OFFICIAL)/.mmda-$(SUM_OFFICIAL)  ## test with original builds
	@$(OFFICIAL)/bin/python -m pytest -m official $(ARGS)

lint: $(STAMP)  ## check style, format and the direction of imports
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@PYTHONPATH=tools $(VENV)/bin/lint-imports --no-logo --no-cache

imports: $(STAMP)  ## print the graph of imports as DOT (Python >= 3.11)
	@$(VENV)/bin/import-linter drawgraph mmda

format: $(STAMP)  ## mend what `make lint` can mend
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .

types: $(STAMP)  ## check the types of mmda and tools/reproduction
	@$(PY) -m mypy

doctest: $(STAMP)  ## run the examples in the docstrings
	@$(PY) -m pytest --doctest-modules mmda tools/reproduction $(ARGS)

docs: $(STAMP)  ## build the site of the documentation into build/site
	@$(PY) -c 'import sphinx' 2>/dev/null || { \
		echo 'make docs needs Python 3.11 or later' >&2; exit 1; }
	@$(PY) -m sphinx -q -W --keep-going -c docs -d build/doctrees . \
		build/site $(ARGS)
	@echo 'the site: build/site/index.html'

mutation: $(STAMP)  ## measure how many small faults the tests find
	@$(PIP) install -q -r requirements/dev.txt
	@$(PY) benchmarks/mutation.py $(ARGS)

bench: $(STAMP)  ## print the figures of docs/benchmarks.md, with the machine
	@$(PY) benchmarks/table.py $(ARGS)

clean:  ## delete caches and build results (environment and results stay)
	@rm -rf build dist *.egg-info .eggs .mypy_cache .pytest_cache .ruff_cache
	@find benchmarks configs mmda tests tools -name __pycache__ -type d \
		-prune -exec rm -rf {} + 2>/dev/null || true

$(STAMP):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' \
		2>/dev/null || { \
		found=$$($(PYTHON) --version 2>&1) || found='not there'; \
		echo "mmda needs Python 3.10 or later; $(PYTHON) is $$found." \
			"Name another one: make PYTHON=python3.11 ..." >&2; \
		exit 1; }
	@if [ -e '$(UNFINISHED)' ]; then \
		echo 'removing the unfinished $(VENV)'; rm -rf '$(VENV)'; fi
	@if [ -d '$(VENV)' ] && [ ! -e '$(VENV)/pyvenv.cfg' ]; then \
		echo "VENV=$(VENV) is there, and no virtual environment:" \
			"name a folder that does not exist yet" >&2; exit 1; fi
	@echo 'setting up $(VENV) (about 5.5 GB, 1-2 minutes)'
	@if [ ! -d '$(VENV)' ]; then mkdir -p '$(VENV)'; touch '$(MADE)'; fi
	@if [ -e '$(MADE)' ]; then touch '$(UNFINISHED)'; fi
	@rm -f '$(VENV)'/.mmda-[0-9]*
	@if [ ! -e '$(VENV)/pyvenv.cfg' ]; then $(PYTHON) -m venv '$(VENV)'; fi
	@$(PIP) install -q -c requirements/lock.txt torch torchvision
	@$(PIP) install -q --no-deps -r requirements/lock.txt
	@$(PIP) install -q --no-deps --no-build-isolation -e .
	@rm -f '$(UNFINISHED)'
	@touch '$@'

$(OFFICIAL)/.mmda-$(SUM_OFFICIAL):
	@echo 'setting up $(OFFICIAL) (about 6 GB)'
	@$(PYTHON_OFFICIAL) -m venv '$(OFFICIAL)'
	@$(OFFICIAL)/bin/pip install -q -c requirements/official.txt \
		torch torchvision
	@$(OFFICIAL)/bin/pip install -q --no-deps -r requirements/official.txt
	@touch '$@'
