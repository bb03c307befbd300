# Everything a newcomer needs; `make help` prints the lines with two hashes.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# The tools that `make bench-detection` compares with are heavy, and no other work needs them.
RIVALS := .venv-detection
INSTALL := $(BIN)/python -m pip --disable-pip-version-check install --quiet --no-deps
# More than four workers wait for each other's database more than they gain.
WORKERS ?= -n auto --maxprocesses=4

.DEFAULT_GOAL := help

help: ## say what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | awk -F'\t' '{printf "  make %-8s %s\n", $$1, $$2}'

$(VENV)/run.stamp: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("atesaki needs Python 3.11 or newer, and this is " + sys.version.split()[0] + ": call make PYTHON=/path/to/python3.11") if sys.version_info < (3, 11) else None'
	@test -x $(BIN)/python || $(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "this Python makes no virtual environments: install its venv package (Debian: python3-venv)"; exit 1; }
	@test -x $(BIN)/python || { echo "making $(VENV)"; $(PYTHON) -m venv $(VENV); }
	@echo "installing what atesaki stands on, from requirements.lock (about a minute, once)"
	@$(INSTALL) --require-hashes -r requirements.lock
	@$(INSTALL) --no-build-isolation -e .
	@touch $@

$(VENV)/reference.stamp: $(VENV)/run.stamp requirements-reference.lock client/pyproject.toml
	@echo "installing what the shop and the ID service stand on, from requirements-reference.lock"
	@$(INSTALL) --require-hashes -r requirements-reference.lock
	@$(INSTALL) --no-build-isolation -e client
	@touch $@

$(VENV)/dev.stamp: $(VENV)/reference.stamp requirements-dev.lock
	@echo "installing the tools of the tests, from requirements-dev.lock"
	@$(INSTALL) --require-hashes -r requirements-dev.lock
	@touch $@

$(RIVALS)/stamp: requirements-benchmark.lock pyproject.toml
	@test -x $(RIVALS)/bin/python || { echo "making $(RIVALS)"; $(PYTHON) -m venv $(RIVALS); }
	@echo "installing Presidio, GiNZA and SudachiPy, from requirements-benchmark.lock (about 600 MB, once)"
	@$(subst $(BIN),$(RIVALS)/bin,$(INSTALL)) --require-hashes -r requirements-benchmark.lock
	@$(subst $(BIN),$(RIVALS)/bin,$(INSTALL)) --no-build-isolation -e .
	@touch $@

serve: $(VENV)/run.stamp $(if $(REFERENCE),$(VENV)/reference.stamp) ## run everything on loopback, state under ./var; Ctrl-C ends it; REFERENCE=1 adds a shop and an ID service
	@exec $(BIN)/atesaki serve $(if $(REFERENCE),--with-reference)

test: $(VENV)/dev.stamp ## run the whole suite; ARGS="-k gate" for a part of it, REQUIRE_ALL=1 forbids to skip
	@$(BIN)/python -m pytest $(WORKERS) $(ARGS)

lint: $(VENV)/dev.stamp ## look at style, types and who may import whom
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: $(VENV)/run.stamp ## measure the road beside Postfix, into benchmarks/results/; QUICK=1 only sees that it works
	@$(BIN)/python -m benchmarks $(if $(QUICK),--quick)

bench-detection: $(RIVALS)/stamp ## measure what finds personal data in mail, beside others, into benchmarks/results/; QUICK=1, ARGS="--only ours"
	@$(RIVALS)/bin/python -m benchmarks.detection $(if $(QUICK),--quick) $(ARGS)

fuzz: $(VENV)/dev.stamp ## fuzz each parser of foreign bytes, guided by coverage; SECONDS=20 for each, TARGETS="read wire" for some
	@$(BIN)/python -c 'import atheris' 2>/dev/null || { echo "atheris is missing: install it with $(BIN)/python -m pip install 'atheris>=3.0' (the group fuzz of pyproject.toml)"; exit 1; }
	@$(BIN)/python -m fuzz $(TARGETS) $(if $(SECONDS),--seconds $(SECONDS))

story: $(VENV)/dev.stamp ## play the story before and after in a real browser (Chromium), into docs/story/
	@$(BIN)/python -m reference.story

docs: $(VENV)/dev.stamp ## check that the documents' links and the files they name are there
	@$(BIN)/python -m pytest tests/test_architecture.py -k "flow or links or decision"

lock: ## write the lock files anew from pyproject.toml (needs uv)
	uv pip compile pyproject.toml --extra audit --group build --universal --generate-hashes --no-header --no-emit-index-url --python-version 3.11 -o requirements.lock -q
	uv pip compile pyproject.toml --extra audit --group build --group reference --universal --generate-hashes --no-header --no-emit-index-url --python-version 3.11 -c requirements.lock -o requirements-reference.lock -q
	uv pip compile pyproject.toml --extra audit --extra cluster --group build --group reference --group dev --universal --generate-hashes --no-header --no-emit-index-url --python-version 3.11 -c requirements-reference.lock -o requirements-dev.lock -q
	uv pip compile pyproject.toml --group build --group benchmark --universal --generate-hashes --no-header --no-emit-index-url --python-version 3.11 -c requirements.lock -o requirements-benchmark.lock -q

clean: ## remove what was built; ./var, where the data lives, stays
	rm -rf $(VENV) $(RIVALS) .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist

.PHONY: help serve test lint bench bench-detection fuzz story docs lock clean
