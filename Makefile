# make help says what there is. Each target sets up what it needs.

SHELL := /bin/bash
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
DOCS := $(VENV)/.docs-installed
TEST := $(VENV)/.test-installed
LIVE := $(VENV)/.live-installed
BUILD := build
NEWEST := .venv-newest
MORE := .venv-more

# Without MNIST and without a network the pages are built with stand-in digits, and say so.
export MNIST_TUT_STAND_IN ?= allow

# In China: make MIRROR=cn html. The first address that has PyTorch for this Python is taken.
ifeq ($(MIRROR),cn)
export PIP_INDEX_URL ?= https://pypi.tuna.tsinghua.edu.cn/simple
export MNIST_TUT_TORCH_INDEX ?= https://mirror.sjtu.edu.cn/pytorch-wheels/cpu \
  https://mirrors.nju.edu.cn/pytorch/whl/cpu https://mirrors.aliyun.com/pytorch-wheels/cpu
else ifneq ($(MIRROR),)
$(error MIRROR can only be cn; any other mirror is named by PIP_INDEX_URL)
endif
PORT ?= 8000

# make html PAGE=nn_tutorial builds that page alone, in build/nn_tutorial.
ifneq ($(PAGE),)
export MNIST_TUT_PAGE := $(if $(wildcard gallery/en/$(PAGE).py),$(PAGE),$(error \
  there is no page $(PAGE), but these: $(basename $(notdir $(wildcard gallery/en/*.py)))))
endif

.PHONY: html html-en html-zh test test-package coverage mutants lint linkcheck bench notebooks read class live try-live webkit pins version release newest more serve clean help

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

# Building needs less than testing: each group of packages is installed when it is needed first.
$(DOCS): constraints.txt hashes.txt pyproject.toml
	@$(PYTHON) tools/set_up.py $(VENV) docs
	@touch $@

$(TEST): $(DOCS)
	@$(PYTHON) tools/set_up.py $(VENV) docs test
	@touch $@

$(LIVE): $(DOCS)
	@$(PYTHON) tools/set_up.py $(VENV) docs live
	@touch $@

html: $(DOCS) ## build both languages into build/html, running every page
	@echo "Building the English and the Chinese pages (minutes at first, then less than one) ..."
	@$(BIN)/python docs/build_site.py && echo "  took $$SECONDS s"
ifeq ($(PAGE),)
	@$(BIN)/python tools/finish.py $(BUILD)/html
	@echo "Open $(BUILD)/html/index.html, or run: make serve"
else
	@echo "Open $(BUILD)/$(PAGE)/html/en/tutorials/$(PAGE).html, or the same under zh"
endif

html-en html-zh: html-%: $(DOCS)
	@$(BIN)/python docs/build_site.py $*

test: html $(TEST) ## build, then run all tests
	@$(BIN)/python tools/browser.py
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder || \
	  { echo "What failed is tried once more, alone, for browsers may be late on a busy machine:"; \
	  $(BIN)/python -m pytest --last-failed --last-failed-no-failures none; }

test-package: $(TEST) ## run the tests of the package mnist_tut alone, without a build or a browser
	$(BIN)/python -m pytest tests/test_*.py tests/mnist tests/exercises \
	  -n 2 --dist worksteal --cov=mnist_tut --cov-report=
	@$(BIN)/coverage report --include='mnist_tut/*' --fail-under=100

coverage: html $(TEST) ## see how much of mnist_tut, of docs/ext and of the pages' scripts the tests run
	@rm -rf $(BUILD)/scripts-run
	MNIST_TUT_SCRIPTS_RUN=$(BUILD)/scripts-run $(BIN)/python -m pytest tests \
	  --ignore=tests/pages --ignore=tests/tools --ignore=tests/site/test_downloads.py \
	  -k 'not printing' `# whoever counts turns the page away from paper` \
	  -n 3 --dist loadfile --no-loadscope-reorder --cov --cov-report=
	@$(BIN)/coverage report --include='mnist_tut/*' --fail-under=100
	@$(BIN)/coverage report --include='docs/ext/*' --fail-under=90
	@$(BIN)/python tests/support/script_coverage.py $(BUILD)/scripts-run

mutants: $(TEST) ## plant faults in what the pages teach and see whether the tests notice
	@$(PYTHON) tools/set_up.py $(VENV) docs test mutants
	@rm -rf mutants
	$(BIN)/mutmut run --max-children 2
	@! $(BIN)/mutmut results | grep -v ': timeout'

lint: $(TEST) ## check style, docstrings, types and budgets
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python tools/budgets.py

linkcheck: $(TEST) ## ask the network whether the links that lead outside still answer
	@status=0; for language in $(notdir $(wildcard gallery/*)); do \
	  $(BIN)/python -m sphinx -q -b linkcheck -c . -t $$language -d $(BUILD)/doctrees/$$language \
	    docs/$$language $(BUILD)/links/$$language || status=1; done; exit $$status

bench: $(DOCS) ## time builds from nothing, without a change and after an edit
	@$(BIN)/python benchmarks/builds.py

notebooks: html ## put notebooks and scripts into build/notebooks, for a branch of that name
	@$(BIN)/python tools/notebooks.py $(BUILD)

live: html $(LIVE) ## serve the pages so that their cells run, with a kernel of .venv
	@$(BIN)/python tools/live.py

try-live: html $(TEST) ## run every cell as make live would, and compare what it prints with its page
	@$(BIN)/python tools/try_live.py

webkit: html ## open the built site in Safari's engine, where Debian's webkit2gtk-driver is
	@$(PYTHON) tools/set_up.py $(VENV) docs webkit
	@$(BIN)/python tools/try_webkit.py

read: $(TEST) ## say that what was changed has been read in both languages, side by side
	@$(BIN)/python tools/read_together.py

class: html $(TEST) ## put notebooks without solutions, and the solutions apart, into build/class
	@$(BIN)/python tools/class_notebooks.py $(BUILD)

pins: $(TEST) ## write constraints.txt and hashes.txt anew, after a change of pyproject.toml
	@$(BIN)/python tools/pins.py

version: ## see that tag, version and changelog agree
	@$(PYTHON) tools/version.py

release: html $(TEST) ## put what a release consists of into build/release
	@$(BIN)/python tools/browser.py
	@$(BIN)/python tools/release.py $(BUILD)

more: ## run what the pages show of TensorBoard, ONNX, Accelerate and Lightning
	@$(PYTHON) tools/set_up.py $(MORE) docs test
	@$(MORE)/bin/python -m pip install --quiet --editable '.[more]'
	@$(MORE)/bin/python benchmarks/more.py

newest: ## build and test with the newest PyTorch
	@$(PYTHON) tools/set_up.py $(NEWEST) docs test --newest
	@touch $(NEWEST)/.docs-installed $(NEWEST)/.test-installed
	@make VENV=$(NEWEST) test

serve: ## show the built pages at http://localhost:8000, or at another PORT
	@test -f $(BUILD)/html/index.html || $(MAKE) html
	@$(PYTHON) tools/serve.py $(BUILD)/html $(PORT)

clean: ## remove what was built (not the .venv, not the data)
	rm -rf $(BUILD) mutants docs/*/tutorials docs/*/tests .pytest_cache .ruff_cache .mypy_cache .hypothesis .coverage
