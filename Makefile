# Everything here works without root, Docker or a server. The virtual environment is made on first use.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
export AIRFLOW_HOME := $(CURDIR)
export PATH := $(CURDIR)/$(BIN):$(PATH)

.DEFAULT_GOAL := help

.PHONY: help
help: ## Show the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; found $$($(PYTHON) --version 2>&1). Say which: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv 2>/dev/null || $(PYTHON) -m venv --without-pip --clear .venv \
		|| { echo "$(PYTHON) cannot make virtual environments. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 && $(BIN)/python -m pip install --quiet uv \
		|| $(PYTHON) -m pip --python $(BIN)/python install --quiet uv \
		|| { echo "pip is missing or PyPI cannot be reached. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	$(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode -c constraints.txt -e '.[dev]'
	@touch $(READY)

.PHONY: install
install: $(READY) ## Make .venv and install everything, with the versions and hashes of constraints.txt

.PHONY: demo
demo: $(READY) ## A city of 20,000 persons through every room, by a real local Airflow; ends with a table
	$(BIN)/python -m sitong.demo

.PHONY: airflow
airflow: $(READY) ## A local Airflow on your own drops (SITONG_DROPS, default var/drops), until Ctrl-C
	$(BIN)/python -m sitong.demo.stay

.PHONY: test
test: $(READY) ## Run the whole test suite
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder

.PHONY: check
check: $(READY) ## Lint, format, types and import directions
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: format
format: $(READY) ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: docs
docs: $(READY) ## Write docs/data-dictionary.md anew from the contracts, docs/rules from the rules
	$(BIN)/python -m schemas.rendering.dictionary
	$(BIN)/python -m mismatches.rule_pages

.PHONY: golden
golden: $(READY) ## Write the golden run's expected export anew; read the diff before you commit it
	$(BIN)/python -m pytest tests/golden --refresh-golden

.PHONY: lock
lock: $(READY) ## Resolve the dependencies anew into constraints.txt
	$(BIN)/uv pip compile --universal --upgrade --generate-hashes --no-emit-index-url --no-annotate --no-header --extra dev pyproject.toml -o constraints.txt

.PHONY: bench
bench: $(READY) ## Measure matching beside Splink and plain joins, up to a million persons; writes docs/benchmarks.md
	$(BIN)/python -m benchmarks table

.PHONY: clean
clean: ## Remove .venv and caches; var/ (your data) stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
