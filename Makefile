# Everything goes into .venv, once; `make demo` alone needs no torch. Another Python: make demo PYTHON=python3.12
PYTHON ?= python3
# Versions that the tests passed with; `make test CONSTRAINTS=` in a fresh .venv takes the newest of everything.
CONSTRAINTS ?= constraints.txt
PIP_INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check $(addprefix -c ,$(CONSTRAINTS))
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help demo test lint figures mutants bench constraints clean

help:
	@echo "make demo        build the sample dataset into build/default (installs augbuild, without torch)"
	@echo "make test        run the tests (installs all that they use, torch too: about 5 GB)"
	@echo "make lint        ruff and mypy (types are those of all that is imported: installs the same)"
	@echo "make figures     print how the code reads, in numbers, with their limits"
	@echo "make mutants     break modules in many places and count what their tests notice:"
	@echo "                 make mutants MODULES=trainer/statistics/verdict/judge.py"
	@echo "make bench       measure builds beside what others write in their place: make bench PHOTOS=FOLDER"
	@echo "make constraints write constraints.txt: the versions that .venv has"
	@echo "make clean       remove .venv and what was built"

demo: $(VENV)/base
	$(BIN)/augbuild make recipes/default.toml

# Files stay whole (loadfile), for the fixtures that their tests share.
test: $(VENV)/everything
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile -m 'not slow and not alone'
	$(BIN)/python -m pytest -m 'alone and not slow'

lint: $(VENV)/everything
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

figures: $(BIN)/python
	$(BIN)/python benchmarks/figures.py $(MODULES)

mutants: $(VENV)/everything
	$(BIN)/python benchmarks/mutants.py $(MODULES) $(if $(TESTS),--tests $(TESTS))

bench: $(VENV)/everything
	$(BIN)/python -m benchmarks.build $(PHOTOS) --json bench.json
	$(BIN)/python -m benchmarks.parent

constraints: $(VENV)/everything
	grep '^#' constraints.txt > $(VENV)/constraints.txt
	$(BIN)/python -m pip freeze --exclude-editable | grep -ivE '^(torch|torchvision|triton|setuptools|nvidia-.*|cuda-.*)==' >> $(VENV)/constraints.txt
	mv $(VENV)/constraints.txt constraints.txt

clean:
	rm -rf $(VENV) build dist

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "augbuild needs Python 3.11 or later: make PYTHON=...")'
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

# A file stands for each set of packages, and is older than what names them when that set has to be looked at again.
$(VENV)/base: pyproject.toml $(CONSTRAINTS) | $(BIN)/python
	$(PIP_INSTALL) -e .
	touch $@

$(VENV)/everything: pyproject.toml $(CONSTRAINTS) | $(BIN)/python
	$(PIP_INSTALL) -e '.[dev,train,fast,hf,onnx,heif]'
	touch $@
