# Two commands: `make run` and `make test`. Both install what they need into .venv from the hash-pinned lock files.

PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary :all:

# The newest Python from 3.11 on that is here; PYTHON=… chooses another.
PYTHON ?= $(shell for p in python3.14 python3.13 python3.12 python3.11 python3; do \
	$$p -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)

.PHONY: install run test check format bench lock

install: $(VENV)/.installed

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "calendar-sync needs Python 3.11 or newer with the venv module." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements.lock pyproject.toml frontend/package-lock.json | $(VENV)/bin/python
	@echo "Installing the locked dependencies into $(VENV) …"
	@$(PIP_INSTALL) -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m frontend
	@touch $@

$(VENV)/.installed-dev: requirements-dev.lock tests/browser/package-lock.json tests/simulators/zoom/typings/package-lock.json $(VENV)/.installed
	@echo "Installing the test dependencies …"
	@$(PIP_INSTALL) --no-compile -r requirements-dev.lock # of msgraph-sdk's 17,000 modules the tests load a hundred
	@$(BIN)/python -m tests.browser
	@$(BIN)/python -m tests.simulators.zoom.typings
	@touch $@

run: install
	@exec $(BIN)/calendar-sync sandbox --port $(PORT)

test: $(VENV)/.installed-dev
	@$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

check: $(VENV)/.installed-dev
	@$(BIN)/ruff format --check --quiet . || { echo "Run 'make format'." >&2; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo 2>/dev/null || $(BIN)/lint-imports
	@$(BIN)/calendar-sync schema | diff -u schema.graphql - || { echo "schema.graphql is stale: calendar-sync schema > schema.graphql" >&2; exit 1; }
	@$(BIN)/python -m calendar_sync.store.migrations.check

format: $(VENV)/.installed-dev
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix --quiet .

bench: $(VENV)/.installed-dev
	@$(BIN)/python -m bench

# Needs `uv` on the PATH. The locks name no index.
lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url pyproject.toml --group install -o requirements.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url pyproject.toml --group install --group dev -c requirements.lock -o requirements-dev.lock
