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

test: $(VENV)/dev.stamp ## run the tests but the slow ones; ALL=1 for all, ARGS="-k gate" for a part and all of it, REQUIRE_ALL=1 for all and forbids to skip
	@$(BIN)/python -m pytest $(WORKERS) $(if $(ALL)$(REQUIRE_ALL)$(ARGS),,-m "not slow") $(ARGS)

check: lint test ## before a commit: lint, and the tests but the slow ones

lint: $(VENV)/dev.stamp ## look at style, types and who may import whom
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: $(VENV)/dev.stamp ## measure it beside Postfix and others, into benchmarks/results/; QUICK=1 only sees that it works, ARGS="road"
	@$(BIN)/python -m benchmarks $(if $(QUICK),--quick) $(ARGS)

haraka: ## fetch Haraka with npm into .haraka/, so that `make bench` measures it too
	@npm install --no-audit --no-fund --ignore-scripts --loglevel=error --prefix .haraka Haraka@3

bench-detection: $(RIVALS)/stamp ## measure what finds personal data in mail, beside others, into benchmarks/results/; QUICK=1, ARGS="--only ours"
	@$(RIVALS)/bin/python -m benchmarks.detection $(if $(QUICK),--quick) $(ARGS)

fuzz: $(VENV)/dev.stamp ## fuzz each parser of foreign bytes, guided by coverage; SECONDS=20 for each, TARGETS="read wire" for some
	@$(BIN)/python -c 'import atheris' 2>/dev/null || { echo "atheris is missing: install it with $(BIN)/python -m pip install 'atheris>=3.0' (the group fuzz of pyproject.toml)"; exit 1; }
	@$(BIN)/python -m fuzz $(TARGETS) $(if $(SECONDS),--seconds $(SECONDS))

faults: $(VENV)/dev.stamp ## kill, cut, stall and fill real processes under load, and judge every mail; MAILS= FAULTS= SECONDS= SEED=, QUICK=1, DOCUMENT=1
	@$(BIN)/python -m faults $(if $(QUICK),--quick) $(if $(MAILS),--mails $(MAILS)) $(if $(FAULTS),--faults $(FAULTS)) $(if $(SECONDS),--seconds $(SECONDS)) $(if $(SEED),--seed $(SEED)) $(if $(DOCUMENT),--document) $(ARGS)

story: $(VENV)/dev.stamp ## play the story before and after in a real browser (Chromium), into docs/story/
	@$(BIN)/python -m reference.story

dist: $(VENV)/run.stamp ## build both packages as wheels, into dist/
	@rm -f dist/*.whl
	@$(BIN)/python -m pip --disable-pip-version-check wheel --quiet --no-deps --no-build-isolation --wheel-dir dist . ./client
	@ls dist/*.whl

site: $(VENV)/dev.stamp ## build the documentation into build/site, a warning being an error
	@$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going --jobs auto -d build/doctrees docs build/site
	@echo "build/site/index.html"

reference: $(VENV)/dev.stamp ## write the pages of docs/ that are made from the code (docs/make)
	@$(BIN)/python -m docs.make

docs: $(VENV)/dev.stamp ## check that the documents' links and the files they name are there
	@$(BIN)/python -m pytest tests/test_architecture.py -k "flow or links or decision"

dependencies: $(VENV)/dev.stamp ## write docs/dependencies.md from requirements.lock: who wants what, under which licence
	@$(BIN)/python -m deploy.dependencies

sbom: $(VENV)/dev.stamp ## write a bill of materials (CycloneDX) of requirements.lock into dist/
	@test -x $(BIN)/cyclonedx-py || { echo "cyclonedx-py is missing: install it with $(BIN)/python -m pip install 'cyclonedx-bom~=7.0' (the group dev of pyproject.toml)"; exit 1; }
	@mkdir -p dist
	@$(BIN)/python -W ignore -m cyclonedx_py requirements requirements.lock --pyproject pyproject.toml --output-reproducible --of JSON -o dist/atesaki.cdx.json
	@echo "dist/atesaki.cdx.json is written"

audit-deps: $(VENV)/run.stamp ## ask whether what requirements.lock names has known vulnerabilities (needs an advisory service)
	@$(BIN)/python -c 'import pip_audit' 2>/dev/null || { echo "pip-audit is missing: install it with $(BIN)/python -m pip install 'pip-audit~=2.9' (the group audit of pyproject.toml)"; exit 1; }
	@$(BIN)/python -m deploy.advisories

lock: ## write the lock files anew from pyproject.toml (needs uv)
	uv pip compile pyproject.toml --extra audit --group build --universal --generate-hashes --no-header --no-emit-index-url --python-version 3.11 -o requirements.lock -q
	uv pip compile pyproject.toml --extra audit --group build --group reference --universal --generate-hashes --no-header --no-emit-index-url --python-version 3.11 -c requirements.lock -o requirements-reference.lock -q
	uv pip compile pyproject.toml --extra audit --extra cluster --extra otel --group build --group reference --group docs --group dev --universal --generate-hashes --no-header --no-emit-index-url --python-version 3.11 -c requirements-reference.lock -o requirements-dev.lock -q
	uv pip compile pyproject.toml --group build --group benchmark --universal --generate-hashes --no-header --no-emit-index-url --python-version 3.11 -c requirements.lock -o requirements-benchmark.lock -q

clean: ## remove what was built; ./var, where the data lives, stays
	rm -rf $(VENV) $(RIVALS) .haraka .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist

.PHONY: help serve test check lint bench haraka bench-detection fuzz faults story dist site reference docs lock clean
