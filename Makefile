# Two commands on a fresh machine: `make run` and `make test`. `make help` lists the rest.
SHELL := /bin/bash
PYTHON := .venv/bin/python
# Files to try the real input with, if they lie beside the clone.
MINGLU_SAMPLES ?= $(abspath $(wildcard ../shared/data))
export MINGLU_SAMPLES
# What to test: make test T=tests/gis; further words for pytest: make test A="-k tiles -x"
T ?=
A ?=
# Which figure to measure; all without it: make bench FIGURE=tile
FIGURE ?=

.DEFAULT_GOAL := help
.PHONY: help install run test check format lint types contracts rules browser bench lock demo clean

help: ## list these commands
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 10

install: ## install what is missing, nothing else
	@.ci/install run

run: ## install, start everything, print addresses and logins; Ctrl-C stops
	@.ci/install run
	@exec $(PYTHON) -m app run

test: ## install, then all tests on a throw-away database (T=path A="more words")
	@.ci/install test
	@$(PYTHON) -m pytest -n 2 $(T) $(A)

check: install format lint types contracts rules browser ## everything that can be checked without running the program

format lint types contracts rules browser: install

format:
	$(PYTHON) -m ruff format --check .

lint:
	$(PYTHON) -m ruff check .

types:
	$(PYTHON) -m mypy

contracts:
	.venv/bin/lint-imports

rules: # templates, and models = migrations
	$(PYTHON) -m app check

browser: # TypeScript
	@if [ -e package.json ]; then npm run --silent --if-present check; fi

bench: ## JSON lines: figure, value, unit, against (FIGURE=one by name)
	@.ci/install run >&2
	@$(PYTHON) -m tests.benchmarks $(FIGURE)

lock: ## resolve the Python packages anew and write their hashes
	@.ci/install run
	.venv/bin/uv pip compile -q --upgrade --universal --generate-hashes --extra dev --no-emit-index-url pyproject.toml -o requirements.lock
	echo uv | .venv/bin/uv pip compile -q --upgrade --universal --generate-hashes --no-emit-index-url --no-header - -o .ci/uv.txt

demo: ## load the demonstration of the whole city into the running database
	@.ci/install run
	@$(PYTHON) -m app demo load --all

clean: ## remove what was built or installed here; the database in .minglu stays
	rm -rf .venv node_modules app/web/static/dist build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find app gis signs migrations tests -name __pycache__ -prune -exec rm -rf {} +
