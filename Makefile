# Everything goes into .venv, once; `make demo` alone needs no torch. Another Python: make demo PYTHON=python3.12
PYTHON ?= python3
PIP_INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help demo test lint figures mutants clean

help:
	@echo "make demo   build the sample dataset into build/default (installs augbuild, without torch)"
	@echo "make test   run the tests (installs all that they use, torch too: about 5 GB)"
	@echo "make lint   ruff and mypy (types are those of all that is imported: installs the same)"
	@echo "make figures   print how the code reads, in numbers, with their limits"
	@echo "make mutants MODULES=trainer/statistics/verdict.py   break a module in many places, count what its tests notice"
	@echo "make clean  remove .venv and what was built"

demo: $(VENV)/base
	$(BIN)/augbuild make recipes/default.toml

test: $(VENV)/everything
	$(BIN)/python -m pytest

lint: $(VENV)/everything
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

figures: $(BIN)/python
	$(BIN)/python benchmarks/figures.py $(MODULES)

mutants: $(VENV)/everything
	$(BIN)/python benchmarks/mutants.py $(MODULES) $(if $(TESTS),--tests $(TESTS))

clean:
	rm -rf $(VENV) build dist

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "augbuild needs Python 3.11 or later: make PYTHON=...")'
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

# A file stands for each set of packages, and is older than pyproject.toml when that set has to be looked at again.
$(VENV)/base: pyproject.toml | $(BIN)/python
	$(PIP_INSTALL) -e .
	touch $@

$(VENV)/everything: pyproject.toml | $(BIN)/python
	$(PIP_INSTALL) -e '.[dev,train,hf,onnx]'
	touch $@
