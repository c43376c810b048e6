# advdim: from raw data to report. `make report` and `make test` are the only two commands that a newcomer needs.
#
#   CONFIG=config/test.yaml   another configuration than the one that params.yaml names
#   ONLY=tilting,width-sweep  only these studies or experiments
#   CORES=4                   cores to use, all of them by default
#   PROFILE=profiles/slurm    another Snakemake profile
#   TOPICS='spheres attacks'  only these pages of make bench
#   TORCH_PYTHON=...          an interpreter that has PyTorch, for make bench to compare with
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
CONFIG ?=
ONLY ?=
CORES ?=
TOPICS ?=
PROFILE ?=

export PATH := $(CURDIR)/.venv/bin:$(PATH)
export PYTHONNOUSERSITE := 1
# Where bytecode is not kept, as in many containers, every job compiles the modules of TensorFlow anew, for ten seconds.
unexport PYTHONDONTWRITEBYTECODE
ifneq ($(PROFILE),)
export SNAKEMAKE_PROFILE := $(PROFILE)
endif

ifneq ($(and $(ONLY),$(filter repro,$(MAKECMDGOALS))),)
$(error make repro takes no ONLY=: dvc.lock records whole stages; use make report, or a CONFIG= with fewer experiments)
endif

SNAKEMAKE := snakemake $(if $(CORES),--cores $(CORES)) $(if $(CONFIG)$(ONLY),--config $(if $(CONFIG),'advdim="$(CONFIG)"') $(if $(ONLY),'only="$(ONLY)"'))

.PHONY: help
help: ## Show this help
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /|/' | awk -F'|' '{printf "  make %-9s %s\n", $$1, $$2}'

.PHONY: report
report: .venv/installed ## The main job: from raw data to five reports in reports/
	$(SNAKEMAKE)

.PHONY: repro
repro: .venv/installed ## The same through DVC, which records data, models and reports; CONFIG= stays in params.yaml
	$(if $(CONFIG),sed -i 's|^config:.*|config: $(CONFIG)|' params.yaml)
	dvc repro

.PHONY: test
test: .venv/installed ## All tests, two files at a time: the small configuration end to end and a browser included
	python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

.PHONY: lint
lint: .venv/installed ## Formatters, linters, type checker, and the files that are generated from code
	ruff format --check src tests benchmarks workflow/notebooks
	ruff check src tests benchmarks workflow/notebooks
	snakefmt --check --compact-diff Snakefile workflow/rules
	mypy
	snakemake --lint
	advdim generate --check

.PHONY: bench
bench: .venv/installed ## Measure the parts that take the time, and write benchmarks/results/
	python benchmarks/run.py $(TOPICS)

.PHONY: format
format: .venv/installed ## Format code and workflow, and write the generated files
	ruff format src tests benchmarks workflow/notebooks
	ruff check --fix src tests benchmarks workflow/notebooks
	snakefmt Snakefile workflow/rules
	advdim generate

.PHONY: lock
lock: ## Solve the dependencies anew, into requirements.lock
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/pip install --quiet uv
	.venv-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --extra dev \
	  --no-annotate --custom-compile-command 'make lock' --output-file requirements.lock pyproject.toml
	rm -rf .venv-lock

.PHONY: clean
clean: ## Remove everything that was made, the environment included; data/sources and data/records stay
	rm -rf .venv .venv-lock .snakemake logs reports .mypy_cache .pytest_cache .ruff_cache
	find data -mindepth 1 -maxdepth 1 ! -name sources ! -name records -exec rm -rf {} +
	find src tests benchmarks -name __pycache__ -type d -exec rm -rf {} +

# Made once, and again when the lock or the project's own metadata change.
.venv/installed: requirements.lock pyproject.toml
	@echo 'Setting up .venv with the versions of requirements.lock (about two minutes, once).'
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13) and f"advdim needs Python 3.11 to 3.13, found {sys.version.split()[0]}: set PYTHON=")'
	@if [ -e .venv ] && [ ! -e .venv/made-by-make ]; then \
	  echo '.venv: was not made by this Makefile; expected none, or its own; move it away and run again' >&2; exit 1; fi
	@rm -rf .venv
	@$(PYTHON) -m venv .venv
	@touch .venv/made-by-make
	.venv/bin/pip install --quiet --no-compile --require-hashes --requirement requirements.lock
	.venv/bin/pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@
