# Deployr: `make help` lists what there is.
SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip --disable-pip-version-check --quiet
SCRIPTS := install-runner.sh $(wildcard tools/*.sh runner/installer/*.sh)
APP ?= static
export PYTHONDONTWRITEBYTECODE = 1

.PHONY: help demo test test-system soak check format bench bench-deploy bench-upload dist lock clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.demo ## deploy an example app end to end: APP=static|nextjs|laravel, ONCE=1 to check and leave
	@$(BIN)/python -m tools.demo "$(APP)"

test: $(VENV)/.dev ## set up what the tests need (as root: Debian packages too) and run them all
	@tools/setup-machine.sh
	@PATH="$$($(BIN)/python tools/ensure_node.py $(BIN)/python):$$PATH" $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

test-system: $(VENV)/.dev ## test the backend as it is hosted: Passenger, a firewall, a cluster; sets up likewise
	@tools/setup-machine.sh system
	@$(BIN)/python -m pytest tests/system $(ARGS)

soak: $(VENV)/.dev ## run the long random tests (see docs/reliability.md)
	@tools/setup-machine.sh
	@$(BIN)/python -m pytest -m soak --timeout=0 -v --hypothesis-show-statistics $(ARGS)

check: $(VENV)/.dev ## style, types, imports, templates, shell scripts, Dockerfile, advisories of packages
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PYTHONPATH=. $(BIN)/lint-imports
	$(BIN)/djlint --quiet --lint --check app/templates
	$(BIN)/hadolint Dockerfile
	$(BIN)/shellcheck --enable=all --severity=style $(SCRIPTS) .ci/run tests/contract/*.sh
	$(BIN)/python -m tools.audit

format: $(VENV)/.dev ## rewrite the code in the house style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.dev ## measure and print BENCH lines (about a quarter of an hour)
	@$(BIN)/python -m bench.redact
	@$(BIN)/python -m bench.logs
	@$(BIN)/python -m bench.claims
	@$(BIN)/python -m bench.galera
	@$(BIN)/python -m bench.fleet
	@$(BIN)/python -m bench.twin
	@$(BIN)/python -m bench.imports
	@$(BIN)/python -m bench.pickup
	@$(BIN)/python -m bench.push

bench-deploy: $(VENV)/.dev ## measure deployments beside scripts, Capistrano and package managers
	@tools/setup-machine.sh bench
	@$(BIN)/python -m bench.deploy
	@$(BIN)/python -m bench.deploy_caches

bench-upload: $(VENV)/.dev ## measure uploads by SSH beside rsync, scp and paramiko (as root)
	@tools/setup-machine.sh bench
	@$(BIN)/python -m bench.upload
	@$(BIN)/python -m bench.upload_push

dist: $(VENV)/.demo ## build what the backend serves to servers that become runners
	@PYTHON=$(BIN)/python tools/build-dist.sh dist

lock: $(VENV)/.dev ## resolve all dependencies anew and write the hashed lock files
	@UV=$(BIN)/uv tools/lock.sh

clean: ## remove everything that make made
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(VENV)/bin/python:
	@tools/venv.sh $(VENV)

$(VENV)/.demo: requirements.txt requirements/runner.txt requirements/cli.txt pyproject.toml | $(VENV)/bin/python
	@echo "Installing Deployr into $(VENV) (first time only) ..."
	@for lock in requirements.txt requirements/runner.txt requirements/cli.txt; do \
		$(PIP) install --require-hashes -r $$lock || exit 1; done
	@$(PIP) install --no-deps --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.txt pyproject.toml | $(VENV)/bin/python
	@echo "Installing the development tools into $(VENV) ..."
	@$(PIP) install --require-hashes -r requirements/dev.txt
	@$(PIP) install --no-deps --editable .
	@touch $@
