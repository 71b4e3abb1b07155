# Two commands on a fresh Debian 12 or 13 (root, python3 >= 3.11, make, git):
#
#   make demo          the main job for real, against a private Asterisk; KEEP=1 leaves it running
#   make test          all tests that this machine can run
#
# make check: what one runs all day (lint, types, contracts, unit and replay tests). make bench: the speed table.

PYTHON ?= python3
BIN := .venv/bin
SANDBOX := .sandbox
ASTERISK := $(SANDBOX)/asterisk22
PYTEST := $(BIN)/python -m pytest
SIDE_BY_SIDE := --numprocesses auto --dist worksteal
RULES := differences guards holds reconciling records retagging rules ruleset terms
EMPTY :=
COMMA := ,
PURE := callguard/call/*$(subst $(EMPTY) $(EMPTY),,$(RULES:%=$(COMMA)callguard/retention/%.py))

.PHONY: demo test check bench packages asterisk lock clean

demo: .venv/ready asterisk
	CALLGUARD_ASTERISK_ROOT=$(ASTERISK) $(BIN)/python -m tests.demo $(if $(KEEP),--keep)

# A live call wants the machine for itself, and so does a test with a bound in seconds, untraced too: what has neither runs before, on all processors.
test: .venv/ready asterisk lint
	$(PYTEST) $(SIDE_BY_SIDE) -m "not alone" --cov --cov-report= tests/unit tests/replay tests/integration
	$(PYTEST) -m alone tests/unit tests/integration
	CALLGUARD_ASTERISK_ROOT=$(ASTERISK) $(PYTEST) --cov --cov-append --cov-report= tests/live
	$(BIN)/coverage report --fail-under=95
	$(BIN)/coverage report --include='$(PURE)' --fail-under=100

check: .venv/ready lint
	$(PYTEST) -q $(SIDE_BY_SIDE) -m "not alone" tests/unit tests/replay
	$(PYTEST) -q -m alone tests/unit

.PHONY: lint
lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/ready asterisk
	CALLGUARD_ASTERISK_ROOT=$(ASTERISK) $(BIN)/python -m tests.bench

# The Python packages, exactly as locked.
.venv/ready: .ci/requirements.txt pyproject.toml | packages
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --require-hashes -r .ci/requirements.txt
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

# Debian packages that tests and demo need: speech, a PostgreSQL to start privately, SIPp for load.
packages:
	tests/rig/install-packages

asterisk: packages
	tests/rig/unpack-asterisk $(ASTERISK)

lock:
	$(BIN)/pip-compile --quiet --extra dev --generate-hashes --allow-unsafe --strip-extras --no-emit-index-url --no-emit-find-links \
	  --no-emit-trusted-host --output-file .ci/requirements.txt pyproject.toml

clean:
	rm -rf .venv $(SANDBOX) .coverage* .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
