# Everything a person or a machine does here has a name below. `make` alone prints the list.
# Nothing asks a question; everything may be repeated; what is up to date is not done again.

.DEFAULT_GOAL := help
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory

PY ?= python3
HOURS ?= 1
MINUTES ?= 10
ARGS ?=

V := .venv
BIN := $(V)/bin
STAMP := $(V)/.stamp-
# Half of the tests in order to each worker, so that what a file prepares is prepared once, and who is
# done first helps the other.
PYTEST = $(BIN)/python -m pytest -n 2 --dist worksteal

export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Tests and commands start hundreds of interpreters: a module is compiled once, not in each of them.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup run test check check-format check-lint check-types check-layers check-spelling \
        check-tests bench measure docs soak mutate clean

help: ## this list
	@echo "hedgerow: make <target>"
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  %-15s %s\n", $$1, $$2 }' Makefile

# --- the environment ---------------------------------------------------------------------------

# The stamp, not $(BIN)/python, says that .venv is whole: Debian without python3-venv leaves a
# half-made one behind. Only `make test` installs Debian packages, and only as root.
$(STAMP)venv:
	@command -v '$(PY)' >/dev/null 2>&1 || { \
	  echo "hedgerow needs Python 3.11 or newer, and '$(PY)' was not found." >&2; \
	  echo "Install it (Debian, Ubuntu: apt-get install python3 python3-venv), or name another:" >&2; \
	  echo "make PY=/path/to/python3.11" >&2; exit 2; }
	@'$(PY)' -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "hedgerow needs Python 3.11 or newer; '$(PY)' is $$('$(PY)' --version 2>&1)." >&2; \
	  echo "Name a newer one: make PY=python3.11" >&2; exit 2; }
	@rm -rf $(V)
	@[ -z '$(filter test,$(MAKECMDGOALS))' ] || [ "$$(id -u)" != 0 ] \
	  || '$(PY)' -c 'import ensurepip, venv' 2>/dev/null || ! command -v apt-get >/dev/null 2>&1 \
	  || { echo "python3-venv is missing: installing the Debian package"; \
	       { apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
	         apt-get install -y -qq python3-venv; } >/dev/null 2>&1 </dev/null || true; }
	@'$(PY)' -m venv $(V) >/dev/null 2>$(V).log || { \
	  cat $(V).log >&2; rm -rf $(V) $(V).log; \
	  echo "'$(PY)' could not make a virtual environment." >&2; \
	  echo "On Debian and Ubuntu this means a missing package: apt-get install python3-venv" >&2; \
	  exit 2; }
	@rm -f $(V).log
	@touch $@

# One stamp per extra (core, dev, docs).
$(STAMP)core $(STAMP)dev $(STAMP)docs: $(STAMP)%: pyproject.toml constraints.txt | $(STAMP)venv
	@echo "installing hedgerow ($*)"
	@$(BIN)/python -m pip install --quiet --no-input -c constraints.txt \
	  -e '$(if $(filter core,$*),.,.[$*])'
	@touch $@

# Tests that look at a page in a browser skip, and say so, where there is none. Tried once.
$(STAMP)browser: | $(STAMP)venv
	@if command -v chromium >/dev/null 2>&1 || command -v google-chrome >/dev/null 2>&1; then touch $@; \
	elif [ "$$(id -u)" != 0 ]; then echo "no chromium, and not root: tests that need it will skip"; \
	elif ! command -v apt-get >/dev/null 2>&1; then echo "no chromium and no apt-get: tests that need it will skip"; \
	else echo "installing chromium for the tests that look at a page"; mkdir -p build; \
	  { timeout 120 apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
	    timeout 400 apt-get install -y -qq --no-install-recommends chromium; } >build/apt.log 2>&1 </dev/null \
	  || echo "chromium could not be installed (build/apt.log says why): tests that need it will skip"; \
	  touch $@; fi

setup: $(STAMP)core ## prepare .venv with what `hedgerow` needs to run

# --- the two commands --------------------------------------------------------------------------

run: $(STAMP)core ## install what is needed and run the embedded default (ARGS="--seed 7 …")
	@$(BIN)/hedgerow run $(ARGS)

test: $(STAMP)dev $(STAMP)browser ## install what is needed and run every test
	@$(PYTEST) -m "not soak" $(ARGS)

# --- before a commit ---------------------------------------------------------------------------

check: check-format check-lint check-types check-layers check-spelling check-tests ## format, lint, types, layers, spelling, fast tests

check-format: $(STAMP)dev
	@$(BIN)/ruff format --check --quiet . || { echo "format it: $(BIN)/ruff format ." >&2; exit 1; }

check-lint: $(STAMP)dev
	@$(BIN)/ruff check --quiet .

check-types: $(STAMP)dev
	@$(BIN)/mypy

check-layers: $(STAMP)dev
	@$(BIN)/lint-imports --no-cache --no-logo

check-spelling: $(STAMP)dev
	@$(BIN)/typos

# One thread of linear algebra to each worker: with more, two workers on two cores wait for one
# another. `make test` leaves them as a user has them.
check-tests: $(STAMP)dev
	@OPENBLAS_NUM_THREADS=1 $(PYTEST) -q -m "not slow and not soak" --hypothesis-profile=quick $(ARGS)

# --- speed, documentation, endurance -----------------------------------------------------------

bench: $(STAMP)core ## run every benchmark; one table with bar and figure
	@$(BIN)/python -m tools.bench $(ARGS)

measure: $(STAMP)dev ## run benchmarks and measurements, write docs/measured.md
	@$(BIN)/python -m tools.measure $(ARGS)

docs: $(STAMP)docs ## build the documentation into build/docs
	@$(BIN)/python -m sphinx -W --keep-going -q -b html -d build/doctrees docs build/docs
	@echo "build/docs/index.html"

soak: $(STAMP)dev ## real kills, then episodes, damaged files and one long process for HOURS=1; goes on where it stopped
	@$(BIN)/python -m pytest -q -m soak
	@$(BIN)/python -m tools.soak --hours $(HOURS) $(ARGS)

mutate: $(STAMP)dev ## break MODULE=src/… in one place after another; list what TESTS=… does not notice
	@[ -n '$(MODULE)' ] && [ -n '$(TESTS)' ] || { \
	  echo "say which: make mutate MODULE=src/hedgerow/… TESTS='tests/…' MINUTES=10" >&2; exit 2; }
	@$(BIN)/python -m tools.mutate --minutes $(MINUTES) $(ARGS) $(MODULE) $(TESTS)

clean: ## remove .venv and everything built (out/ stays)
	@rm -rf $(V) $(V).log build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis \
	  .import_linter_cache docs/reference/api docs/reference/made
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
