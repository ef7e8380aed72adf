# Everything sets itself up in .venv; nothing is assumed but python3 with venv, make and git.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
SQL_LINTED := .venv/.sql-linted

# a Python that writes no bytecode compiles every import again, in every process
unexport PYTHONDONTWRITEBYTECODE

# recordings and public bills for the tests lie beside the checkout where they exist; no copy is kept here
ifneq ($(wildcard ../shared/fixtures),)
export FINOPS_REFERENCE_DATA ?= $(abspath ../shared)
endif

.PHONY: help
help: ## List what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

.PHONY: setup
setup: $(READY) ## Set up .venv from the lock file

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed: make PYTHON=python3.12 …")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@awk '/^[^ #]/ { wanted = /^uv==/ } wanted' requirements.lock > .venv/uv.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r .venv/uv.lock
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock \
		|| $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	@$(BIN)/python -m compileall -q -j 0 .venv/lib > /dev/null || true
	@touch $(READY)

# half a gigabyte for what one machine cannot hold: only where its tests can run, and in a folder of its own, since
# Great Expectations loads a Spark that it finds, and every command with it
SPARK_PACKAGES := .venv/spark
SPARK := $(SPARK_PACKAGES)/.ready
$(SPARK): requirements-spark.lock $(READY)
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --target $(SPARK_PACKAGES) --no-deps --require-hashes \
		-r requirements-spark.lock
	@touch $@

.PHONY: demo
demo: $(READY) ## The whole main job on a simulated organisation: no account, no network, no key
	@$(BIN)/finops demo

.PHONY: test
test: $(READY) $(if $(shell command -v java),$(SPARK)) ## All that CI checks: format, lint, types, import contracts, tests
	@$(MAKE) --no-print-directory --jobs=3 --output-sync lint types contracts
	@$(BIN)/python -m pytest -n 2 --dist loadscope --no-loadscope-reorder -m "not long"

.PHONY: lint
lint: $(READY) $(SQL_LINTED) ## Format and lint of Python and SQL
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .

# sqlfluff keeps no cache of its own and takes a minute: SQL that passed as it is now is not linted again
$(SQL_LINTED): $(READY) pyproject.toml sql $(wildcard sql/*) $(wildcard sql/*/*.sql)
	@touch $@.begun
	@$(BIN)/sqlfluff lint --nocolor --processes 2 sql > .venv/sqlfluff.log || { cat .venv/sqlfluff.log; exit 1; }
	@mv $@.begun $@

.PHONY: types
types: $(READY) ## Static types, strict
	@$(BIN)/mypy

.PHONY: contracts
contracts: $(READY) ## Who may import whom
	@$(BIN)/lint-imports --no-logo > .venv/contracts.log || { cat .venv/contracts.log; exit 1; }

.PHONY: format
format: $(READY) ## Format Python and SQL
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --fix --quiet .
	@$(BIN)/sqlfluff fix --quiet sql

.PHONY: docs
docs: $(READY) ## Write the lists in docs/ and the settings' schema anew
	@$(BIN)/python -m finops.documentation

.PHONY: focus-check
focus-check: $(READY) ## Check FOCUS exports of the demo: 1.2 by the official validator, 1.4 by our rule table
	@$(BIN)/python -m benchmarks.focus_check_demo

.PHONY: bench
bench: $(READY) ## Measure what is promised in seconds and memory; writes docs/performance.md
	@$(BIN)/python -m benchmarks.forecast $(FORECAST_DATA) --held-out 2 --origins 12
	@$(BIN)/python -m benchmarks.bench

.PHONY: bench-kill
bench-kill: $(READY) ## Kill the making of every asset, 500 times in all, and compare what is left; an hour or two
	@$(BIN)/python -m benchmarks.kill_runs --kills 500 --wholes 20 --demos 20 --seed 1 --write

.PHONY: bench-engines
bench-engines: $(SPARK) ## Every model on DuckDB and on Spark, row by row; LAKE=… is the lake
	@PYTHONPATH=$(SPARK_PACKAGES) $(BIN)/python -m benchmarks.two_engines --lake $(LAKE)

.PHONY: bench-reliability
bench-reliability: $(READY) ## Writers at once, faults of the storage, flipped bits, the same again; writes docs/reliability.md
	@$(BIN)/python -m benchmarks.writers --writers 8 --rounds 200 --write
	@$(BIN)/python -m benchmarks.storage_faults --cases 200 --seed 1 --write
	@$(BIN)/python -m benchmarks.flipped_bits --cases 1000 --seed 1 --write
	@$(BIN)/python -m benchmarks.idempotence --times 5 --orders 2 --seed 1 --write

.PHONY: bench-faults
bench-faults: $(READY) ## Read 200 times with 30 % of all calls failing and compare the tables
	@$(BIN)/python -m benchmarks.fault_runs --runs 200 --share 0.3 --processes 2

.PHONY: lock
lock: $(READY) ## Resolve the dependencies anew; names, versions and hashes only
	@$(BIN)/uv pip compile --quiet pyproject.toml --universal --generate-hashes \
		--extra dev --extra shared --extra notebooks -o requirements.lock
	@sed -n 's/^spark = \["\(.*\)"\]/\1/p' pyproject.toml \
		| $(BIN)/uv pip compile --quiet - --universal --generate-hashes --no-header -o requirements-spark.lock

.PHONY: clean
clean: ## Remove the environment and everything made
	@rm -rf .venv .lake reports focus parquet dist build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
