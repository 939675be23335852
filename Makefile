# Two targets matter: `make demo` and `make test`. Both make their own environment.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
READY_DEV := $(VENV)/.ready-dev
# The build of torch that tests run with. PyPI's for Linux carries CUDA; TORCH_FROM="--index-url
# https://download.pytorch.org/whl/cpu" takes the one for processors, a tenth of the size.
TORCH := torch==2.13.0
TORCH_FROM ?=
# Tests run in so many processes.
JOBS ?= 2

.PHONY: demo test check lint format types layers unit coverage test-slow bench sbom clean

demo: $(READY)  ## install, score a simulated study, say where the report is
	$(BIN)/vascal demo --out demo

test: check unit  ## everything that main must pass

check: lint types layers

lint: $(READY_DEV)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(READY_DEV)
	$(BIN)/mypy

layers: $(READY_DEV)
	$(BIN)/lint-imports --no-logo

unit: $(READY_DEV)
	$(BIN)/pytest -m "not slow" -n $(JOBS) --dist loadfile
	$(BIN)/pytest -q extras/vascal-qrisk3/tests

coverage: $(READY_DEV)  ## the same tests, and which lines they reach; a third slower
	$(BIN)/pytest -m "not slow" --cov --cov-report=term

test-slow: $(READY_DEV)  ## long tests, kept out of `make test`
	$(BIN)/pytest -m slow

bench: $(READY_DEV)  ## speed, memory and accuracy; writes bench/results
	$(BIN)/python -m bench

sbom: $(READY_DEV)  ## what comes along at run time: dist/sbom.cdx.json and dist/licences.csv; fails on copyleft
	$(BIN)/python -m tools.licences --csv dist/licences.csv
	$(BIN)/python -m tools.sbom --out dist/sbom.cdx.json

format: $(READY_DEV)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[simulate]'
	touch $@

$(READY_DEV): $(READY) pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(TORCH) $(TORCH_FROM)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[simulate,pdf,evaluate,data,fhir,fusion,train]' --group dev
	touch $@

clean:
	rm -rf $(VENV) demo .mypy_cache .ruff_cache .pytest_cache .coverage .hypothesis
