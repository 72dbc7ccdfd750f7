# Every target sets up what it needs: a virtual environment with the locked packages, once.
PYTHON ?= python3
STUDY ?= smartcity
VENV := .venv
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
else
BIN := $(VENV)/bin
endif
READY := $(VENV)/ready
DATA_OPTION := $(if $(DATA),--data "$(DATA)")

.PHONY: reproduce test verify lint bench simulate clean

reproduce: $(READY)
	$(BIN)/smartcity reproduce $(STUDY) $(DATA_OPTION)

verify: $(READY)
	$(BIN)/smartcity verify $(STUDY) $(DATA_OPTION)

test: $(READY)
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(READY)
	$(BIN)/python -m tests.benchmarks

simulate: $(READY)
	$(BIN)/smartcity simulate $(STUDY)

clean:
	rm -rf $(VENV) .cache

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	$(BIN)/python -c "open('$@', 'w').close()"
