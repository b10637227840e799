# Everything starts here: `make help` lists the targets.

.DEFAULT_GOAL := help
SHELL := /bin/sh

VENV ?= .venv
BIN := $(VENV)/bin
# The first of these that is a Python 3.10 to 3.13; `make PYTHON=… test` names another.
PYTHON ?= $(shell for p in python3 python3.12 python3.11 python3.13 python3.10 python; do \
	$$p -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && { echo $$p; break; }; done)
# The upstream data beside the checkout, where it is: lessons and tests then use real pictures.
ifneq ($(wildcard ../shared/data),)
export CVLIB_MIRROR ?= $(abspath ../shared/data)
endif
export TF_CPP_MIN_LOG_LEVEL ?= 3
export PIP_DISABLE_PIP_VERSION_CHECK := 1
OUT ?= out
WORKERS ?= $(shell getconf _NPROCESSORS_ONLN)
# A kernel for each worker, a core for each kernel: TensorFlow would take them all.
ONE_CORE := OMP_NUM_THREADS=1 TF_NUM_INTRAOP_THREADS=1 TF_NUM_INTEROP_THREADS=1

.PHONY: help install demo test test-quick test-colab lab notebooks assignments report-card attack bench bench-scale badges student-bundle lint constraints clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(VENV)/.installed ## make .venv with everything that the other targets need

$(VENV)/.installed: pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "No Python 3.10 to 3.13 was found. Install one, or name it: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)"; exit 1; }
	@test -x $(BIN)/python || { echo "Making $(VENV) with $$($(PYTHON) --version)"; $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	  echo "Python's venv module does not work here. On Debian or Ubuntu: sudo apt-get install -y python3-venv"; exit 1; }; }
	@echo "Installing (TensorFlow is large: the first time takes a few minutes)"
	@$(BIN)/python -m pip install -q -c constraints.txt pip setuptools wheel
	@$(BIN)/python -m pip install --progress-bar on -q -c constraints.txt -e '.[dev]'
	@$(BIN)/python -c "import cvlib._opencv" || exit 1
	@touch $@

demo: install ## data, lesson 11 to HTML, a small class graded, feedback and marks: a few minutes
	@$(BIN)/cvlib doctor
	@echo; echo "1 of 3  The face-mask data"
	@$(BIN)/cvlib data get face_mask
	@echo; echo "2 of 3  Lesson 11, top to bottom, to HTML"
	@$(BIN)/python notebooks/build.py --html $(OUT)/lessons 11
	@echo; echo "3 of 3  Assignment mp1_face_masks: release, sample submissions, grades, feedback"
	@$(BIN)/cvgrade demo mp1_face_masks --out $(OUT)/demo
	@echo; echo "The lesson:  $(OUT)/lessons/11_project_face_masks.html"

test: install ## every test: the packages, the lessons, the assignments
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python notebooks/build.py --check
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile tests
	$(ONE_CORE) CVLIB_DATA=synthetic $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --nbval-lax --nbval-cell-timeout=600 \
	  -p no:cacheprovider notebooks

test-quick: install ## the tests that take seconds
	$(BIN)/python -m pytest -n $(WORKERS) -m "not slow and not notebook" tests

test-colab: ## cvlib on Colab's own stack (needs Python 3.13; says so if it is not there)
	@sh tests/colab/run.sh

lab: install ## JupyterLab on the lessons, with nbgrader's extensions
	@cd $(CURDIR) && $(BIN)/jupyter server extension enable --sys-prefix --py nbgrader >/dev/null 2>&1; \
	  $(BIN)/jupyter lab --notebook-dir=. notebooks/00_start_here.ipynb

notebooks: install ## rebuild and execute the lessons from notebooks/src
	@$(BIN)/python notebooks/build.py $(LESSONS)

assignments: install ## rebuild the assignments from assignments/src
	@$(BIN)/cvgrade build

report-card: install ## grade every right, wrong and empty answer, and mutants of the solutions; a false one fails
	@$(BIN)/cvgrade report-card --mutants

attack: install ## run every attack; print what stock nbgrader gives for it and what ours gives
	@$(BIN)/python tests/cvgrade/attacks/table.py

bench: install ## measure against the peers; writes bench/results.json
	@$(BIN)/python -m pip install -q --no-deps -r bench/peers.txt
	@$(BIN)/python bench/run.py $(BENCH)

bench-scale: install ## grade a simulated class of 10,000 one-cell submissions; writes bench/results.json
	@CVGRADE_SCALE=10000 $(BIN)/python bench/run.py scale

badges: install ## point badges and install cells at a repository: make badges REPO=owner/name
	@$(BIN)/python notebooks/badges.py $(REPO)

student-bundle: install ## what you publish, in dist/: lessons, assignments, the package, no answer (REPO=owner/name)
	@$(BIN)/cvgrade student-bundle $(if $(REPO),--repo $(REPO))

lint: install ## ruff: check and format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

constraints: install ## pin every package anew in constraints.txt
	$(BIN)/python -m pip install -q uv
	$(BIN)/uv pip compile -q --universal --python-version 3.10 --all-extras --no-annotate --no-header --upgrade \
	  pyproject.toml -o constraints.txt

clean: ## remove what the other targets made, not .venv
	rm -rf $(OUT) build dist *.egg-info .pytest_cache .ruff_cache .hypothesis
