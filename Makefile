# Everything runs in .venv, made on first use from requirements/*.txt (hashed). Needed: Python >= 3.11, git >= 2.38, make.

VENV := .venv
BIN := $(VENV)/bin
DIR ?=

FIND_PYTHON = for each in python3.13 python3.12 python3.11 python3; do \
	if $$each -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo $$each; break; fi; done

# $(call install,FILE): what the lock names, with uv where it is present, then orch itself from this folder.
define install
	@if command -v uv >/dev/null; then pip="uv pip --quiet"; to="--python $(BIN)/python"; \
	else pip="$(BIN)/python -m pip --quiet --disable-pip-version-check"; to=""; \
		$$pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null; fi; \
	echo "installing $(1) into $(VENV)"; \
	$$pip install $$to --require-hashes -r $(1) && $$pip install $$to --no-deps --no-build-isolation -e .
endef

.PHONY: demo test adversaries browser quick check format docs lock clean

demo: $(VENV)/base.stamp  ## the real engine on a sample repository, without a key (DIR=folder keeps it there)
	@$(BIN)/orch demo $(if $(DIR),--dir $(DIR))

test: $(VENV)/dev.stamp  ## all tests, slow ones too
	@$(BIN)/python -m pytest -q -n 2 --dist worksteal

adversaries: $(VENV)/dev.stamp  ## forty workers that cheat, flood and die, in each way to call tools: none may ever be complete
	@$(BIN)/python -m tests.campaigns.adversaries

browser: $(VENV)/browser.stamp  ## the console in a real Chromium, which has to be installed (Debian: apt install chromium)
	npm ci --silent && npm run --silent check
	@$(BIN)/python -m pytest -q -rs tests/adapters/web/console

quick: $(VENV)/dev.stamp  ## the inner loop: what takes milliseconds
	@$(BIN)/python -m pytest -q -n 2 -m "not slow" tests/engine tests/golden tests/bot tests/test_shape.py

check: $(VENV)/dev.stamp  ## linters, formatter, types, layers, generated documents
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m cogapp --check README.md WHY.md docs/*.md

format: $(VENV)/dev.stamp  ## write what the formatter writes
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

docs: $(VENV)/dev.stamp  ## renew what is generated in the documents
	@$(BIN)/python -m cogapp -r README.md WHY.md docs/*.md

lock:  ## write requirements/*.txt anew from pyproject.toml; needs uv
	@command -v uv >/dev/null || { echo "make lock needs uv: https://docs.astral.sh/uv" >&2; exit 2; }
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
		pyproject.toml --group build -o requirements/base.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
		pyproject.toml --group dev -o requirements/dev.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
		pyproject.toml --group dev --group bench -o requirements/bench.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
		pyproject.toml --group dev --group browser -o requirements/browser.txt

clean:  ## remove the environment and every cache
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

$(VENV)/base.stamp: requirements/base.txt pyproject.toml | $(BIN)/python
	$(call install,requirements/base.txt)
	@touch $@

$(VENV)/dev.stamp: requirements/dev.txt pyproject.toml | $(BIN)/python
	$(call install,requirements/dev.txt)
	@touch $@ $(VENV)/base.stamp

$(VENV)/browser.stamp: requirements/browser.txt pyproject.toml | $(BIN)/python
	$(call install,requirements/browser.txt)
	@touch $@ $(VENV)/dev.stamp $(VENV)/base.stamp

$(BIN)/python:
	@python=$$($(FIND_PYTHON)); \
	if [ -z "$$python" ]; then \
		echo "orch needs Python 3.11 or newer, and none of python3.13, python3.12, python3.11, python3 is one:" \
			"install it (https://www.python.org) and run make again" >&2; exit 2; fi; \
	if command -v uv >/dev/null; then uv venv --quiet --python "$$python" $(VENV); \
	else "$$python" -m venv $(VENV) || { rm -rf $(VENV); \
		echo "$$python can't make virtual environments; on Debian and Ubuntu: apt install python3-venv" >&2; exit 2; }; fi
