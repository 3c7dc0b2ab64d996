# make help says what there is. Each target sets up what it needs.

SHELL := /bin/bash
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
BUILD := build

# Without MNIST and without a network the pages are built with stand-in digits, and say so.
export MNIST_TUT_STAND_IN ?= allow

.PHONY: html html-en html-zh test mutants lint linkcheck bench serve clean help

help: ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 14

$(INSTALLED): constraints.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed; say which with: make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { \
	  echo "No venv module: installing Debian's package for it."; rm -rf $(VENV); \
	  apt-get update -q && apt-get install -y -q python3-venv && $(PYTHON) -m venv $(VENV); } \
	  || { echo "Please install it as root: apt-get install python3-venv"; exit 1; }
	$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e '.[docs,test]'
	@touch $@

html: $(INSTALLED) ## build both languages into build/html, running every page
	@echo "Building the English and the Chinese pages side by side ..."
	@$(BIN)/python docs/build_site.py
	@cp docs/index.html docs/404.html docs/front.css $(BUILD)/html/
	@echo "Open $(BUILD)/html/index.html, or run: make serve"

html-en html-zh: html-%: $(INSTALLED)
	@$(BIN)/python docs/build_site.py $*

test: html ## build, then run all tests
	@$(BIN)/python tests/site/browser.py
	$(BIN)/python -m pytest -n 2 --dist loadfile --cov

mutants: $(INSTALLED) ## plant faults in what the pages teach and see whether the tests notice
	$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e '.[mutants]'
	@rm -rf mutants
	$(BIN)/mutmut run --max-children 2
	@! $(BIN)/mutmut results | grep -v ': timeout'

lint: $(INSTALLED) ## check style, docstrings and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

linkcheck: $(INSTALLED) ## ask the network whether the links that lead outside still answer
	@for language in en zh; do \
	  $(BIN)/python -m sphinx -q -b linkcheck -c . -t $$language -d $(BUILD)/doctrees/$$language \
	    docs/$$language $(BUILD)/links/$$language || exit 1; done

bench: $(INSTALLED) ## time builds from nothing, without a change and after an edit
	@$(BIN)/python benchmarks/builds.py

serve: ## show the built pages at http://localhost:8000
	@test -f $(BUILD)/html/index.html || $(MAKE) html
	$(PYTHON) -m http.server --directory $(BUILD)/html 8000

clean: ## remove what was built (not the .venv, not the data)
	rm -rf $(BUILD) mutants docs/*/tutorials docs/*/tests .pytest_cache .ruff_cache .mypy_cache .hypothesis .coverage
