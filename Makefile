# Two lines matter: `make demo` shows the product at work, `make test` passes its tests.
# Both set up what they need on a machine that has git, make and Python 3.11 or newer with venv.
PYTHON ?= python3
BIN := .venv/bin
LOCK := requirements.lock
DEV_LOCK := requirements-dev.lock
WORKERS ?= auto

.PHONY: demo test test-all check format bench lock clean

demo: .venv/runtime
	$(BIN)/rosterdrop demo

test: .venv/dev
	$(BIN)/python -m pytest -n $(WORKERS) -m "not system"

test-all: test .venv/system
	$(BIN)/python -m pytest -n $(WORKERS) -m system

check: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: .venv/dev
	$(BIN)/python -m benchmarks

.venv/runtime: $(LOCK) pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement $(LOCK)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	touch $@

.venv/dev: .venv/runtime $(DEV_LOCK)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement $(DEV_LOCK)
	touch $@

# The SFTP clients that vendors use, from the system's own packages.
.venv/system: .venv/dev tests/system-packages.txt
	apt-get update --quiet
	xargs apt-get install --yes --quiet --no-install-recommends < tests/system-packages.txt
	touch $@

# Pins are compiled with uv and install with plain pip; no index address is written.
lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
		--no-annotate --custom-compile-command "make lock" --output-file $(LOCK) pyproject.toml --extra build
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
		--no-annotate --custom-compile-command "make lock" --output-file $(DEV_LOCK) --constraints $(LOCK) pyproject.toml --extra dev

clean:
	rm -rf .venv
