# Two lines matter: `make demo` shows the product at work, `make test` passes its tests.
# Both set up what they need on a machine that has git, make and Python 3.11 or newer with venv.
PYTHON ?= python3
# Where the environment forbids bytecode, collecting the tests takes ten seconds a worker instead of three.
unexport PYTHONDONTWRITEBYTECODE
BIN := .venv/bin
LOCK := requirements.lock
DEV_LOCK := requirements-dev.lock
CLIENTS_LOCK := requirements-clients.lock
NODE_LOCK := tests/clients/node/package-lock.json
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
APT_INSTALL := DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --no-install-recommends
WORKERS ?= auto

.PHONY: demo test test-all soak check format docs bench lock clean

demo: .venv/runtime
	$(BIN)/rosterdrop demo

test: .venv/dev
	$(BIN)/python -m pytest -n $(WORKERS) -m "not system and not soak"

# What takes minutes: thousands of packets, cut-offs, kills, files of gigabytes, and half an hour of hostile bytes (or as
# many minutes as ROSTERDROP_FUZZ_MINUTES says).
soak: .venv/dev
	$(BIN)/python -m pytest -n 0 -m soak --durations=0

# The whole client matrix is run in one go, so that its table tells of one machine at one time.
test-all: test .venv/system
	$(BIN)/python -m pytest -n $(WORKERS) -m "(system or clients) and not soak" --junit-xml=.venv/clients/results.xml
	$(BIN)/python -m pytest -n $(WORKERS) -m "not system and not soak" --store postgresql tests/stories
	$(BIN)/python -m tests.clients.table .venv/clients/results.xml

check: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: .venv/dev
	$(BIN)/python -m rosterdrop.rule_pages docs

bench: .venv/dev
	$(BIN)/python -m benchmarks

.venv/runtime: $(LOCK) pyproject.toml
	$(PYTHON) -m venv .venv
	$(PIP_INSTALL) --require-hashes --requirement $(LOCK)
	$(PIP_INSTALL) --no-build-isolation --no-deps --editable .
	touch $@

.venv/dev: .venv/runtime $(DEV_LOCK)
	$(PIP_INSTALL) --require-hashes --requirement $(DEV_LOCK)
	touch $@

# The SFTP clients that vendors use and the suites of our peers, from the system's own packages, PyPI and npm. npm comes
# with some machines' nodejs.
.venv/system: .venv/dev tests/system-packages.txt $(CLIENTS_LOCK) $(NODE_LOCK) tests/clients/scripts/Push.java tests/peers/sources.txt
	apt-get update --quiet
	$(APT_INSTALL) $$(cat tests/system-packages.txt)
	command -v npm || $(APT_INSTALL) nodejs npm
	$(PIP_INSTALL) --require-hashes --requirement $(CLIENTS_LOCK)
	$(BIN)/python -m pip download --quiet --disable-pip-version-check --no-deps --no-binary :all: \
		--require-hashes --requirement tests/peers/sources.txt --dest .venv/peers
	mkdir -p .venv/clients
	cp $(NODE_LOCK) $(dir $(NODE_LOCK))package.json .venv/clients
	npm ci --prefix .venv/clients --omit=optional --ignore-scripts --no-audit --no-fund
	javac -cp /usr/share/java/jsch.jar -d .venv/clients tests/clients/scripts/Push.java
	touch $@

# Pins are compiled with uv and install with plain pip; no index address is written.
lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
		--no-annotate --custom-compile-command "make lock" --output-file $(LOCK) pyproject.toml --extra build
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
		--no-annotate --custom-compile-command "make lock" --output-file $(DEV_LOCK) --constraints $(LOCK) pyproject.toml --extra dev
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
		--no-annotate --custom-compile-command "make lock" --output-file $(CLIENTS_LOCK) --constraints $(DEV_LOCK) --group clients

clean:
	rm -rf .venv
