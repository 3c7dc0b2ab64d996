# make help says what there is. Each target sets up what it needs.

SHELL := /bin/bash
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
DOCS := $(VENV)/.docs-installed
TEST := $(VENV)/.test-installed
BUILD := build
NEWEST := .venv-newest

# Without MNIST and without a network the pages are built with stand-in digits, and say so.
export MNIST_TUT_STAND_IN ?= allow

.PHONY: html html-en html-zh test mutants lint linkcheck bench notebooks release newest serve clean help

help: ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 14

# Building needs less than testing: each group of packages is installed when it is needed first.
$(DOCS): constraints.txt pyproject.toml
	@$(PYTHON) tools/set_up.py $(VENV) docs
	@touch $@

$(TEST): $(DOCS)
	@$(PYTHON) tools/set_up.py $(VENV) docs test
	@touch $@

html: $(DOCS) ## build both languages into build/html, running every page
	@echo "Building the English and the Chinese pages side by side ..."
	@$(BIN)/python docs/build_site.py && echo "  took $$SECONDS s"
	@cp docs/index.html docs/404.html docs/front.css $(BUILD)/html/
	@$(BIN)/python tools/sitemap.py $(BUILD)/html
	@echo "Open $(BUILD)/html/index.html, or run: make serve"

html-en html-zh: html-%: $(DOCS)
	@$(BIN)/python docs/build_site.py $*

test: html $(TEST) ## build, then run all tests
	@$(BIN)/python tools/browser.py
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder --cov --cov-report=
	@$(BIN)/coverage report --include='mnist_tut/*' --fail-under=100
	@$(BIN)/coverage report --include='docs/ext/*' --fail-under=90

mutants: $(TEST) ## plant faults in what the pages teach and see whether the tests notice
	@$(PYTHON) tools/set_up.py $(VENV) docs test mutants
	@rm -rf mutants
	$(BIN)/mutmut run --max-children 2
	@! $(BIN)/mutmut results | grep -v ': timeout'

lint: $(TEST) ## check style, docstrings and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

linkcheck: $(TEST) ## ask the network whether the links that lead outside still answer
	@for language in $(notdir $(wildcard gallery/*)); do \
	  $(BIN)/python -m sphinx -q -b linkcheck -c . -t $$language -d $(BUILD)/doctrees/$$language \
	    docs/$$language $(BUILD)/links/$$language || exit 1; done

bench: $(DOCS) ## time builds from nothing, without a change and after an edit
	@$(BIN)/python benchmarks/builds.py

notebooks: html ## put notebooks and scripts into build/notebooks, for a branch of that name
	@$(BIN)/python tools/notebooks.py $(BUILD)

release: html $(TEST) ## put what a release consists of into build/release
	@$(BIN)/python tools/browser.py
	@$(BIN)/python tools/release.py $(BUILD)

newest: ## build and test with the newest PyTorch, and write down how that went
	@$(PYTHON) tools/set_up.py $(NEWEST) docs test --newest
	@touch $(NEWEST)/.docs-installed $(NEWEST)/.test-installed
	@if make VENV=$(NEWEST) test; then outcome=passed; else outcome=failed; fi; \
	  $(NEWEST)/bin/python tools/record_newest.py $$outcome

serve: ## show the built pages at http://localhost:8000
	@test -f $(BUILD)/html/index.html || $(MAKE) html
	$(PYTHON) -m http.server --directory $(BUILD)/html 8000

clean: ## remove what was built (not the .venv, not the data)
	rm -rf $(BUILD) mutants docs/*/tutorials docs/*/tests .pytest_cache .ruff_cache .mypy_cache .hypothesis .coverage
