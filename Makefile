# Two commands set up everything: `make demo` and `make test`. PIP_ARGS is passed to pip (an index of CPU builds of torch, a proxy).
PYTHON   ?= $(shell command -v python3.11 || command -v python3)
PIP_ARGS ?=
PORT     ?= 3000
# Another workspace: `make run PROFILE=local`. A name in profiles/ or a path to a .yaml file.
PROFILE  ?= demo
BIN      := .venv/bin

.PHONY: demo test test-slow lint types ui run clean

demo: .venv/.installed
	@ACC_PROFILE=demo $(BIN)/acc demo

run: .venv/.installed
	@ACC_PROFILE=$(PROFILE) $(BIN)/acc run

test: .venv/.installed-dev
	$(BIN)/pytest

test-slow: .venv/.installed-dev
	$(BIN)/pytest -m slow

lint: .venv/.installed-dev
	$(BIN)/ruff check acc_pipeline acc_pipeline_tests
	$(BIN)/ruff format --check acc_pipeline acc_pipeline_tests

types: .venv/.installed-dev
	$(BIN)/mypy

ui: .venv/.installed
	ACC_PROFILE=$(PROFILE) $(BIN)/acc ui --port $(PORT)

.venv/.installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version)'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install -q $(PIP_ARGS) -e .
	@touch $@

.venv/.installed-dev: .venv/.installed
	$(BIN)/pip install -q $(PIP_ARGS) -e '.[dev]'
	@touch $@

# Ends nothing that runs; removes the environment and what the demo made, never inputs or samples.
clean:
	rm -rf .venv data/lake/demo data/.dagster data/models/demo data/reports/demo
