# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Requires git, make and Python 3.11 or newer. Everything else is installed into .venv, .venv-legs and .cache, which git
# ignores. Nothing is written elsewhere, except the package caches of uv and pip.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

PYTHON ?= python3
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
CHECK := $(BIN)/python tools/check.py
UV := UV_PYTHON_DOWNLOADS=never UV_PYTHON_INSTALL_DIR=.cache/uv $(BIN)/uv
INSTALL := $(UV) pip install --quiet --python $(BIN)/python --requirement
COMPILE := $(UV) pip compile --quiet --universal --no-annotate --custom-compile-command 'make lock'

# The environment of programs that make starts: Ansible finds the collection, and writes nothing to the user's home.
RUN := env PATH="$(CURDIR)/$(BIN):$$PATH" PYTHONPATH=tests \
	ANSIBLE_COLLECTIONS_PATH="$(CURDIR)/$(VENV)/collections" \
	ANSIBLE_HOME="$(CURDIR)/.cache/ansible" ANSIBLE_REMOTE_TEMP="$(CURDIR)/.cache/ansible/tmp"

##@ Try it

.PHONY: demo
demo: $(VENV)/.demo ## Run a complete rotation against a fake manager on this machine
	@$(RUN) $(BIN)/python -m demo $(ARGS)

.PHONY: manager
manager: $(VENV)/.demo ## Start the fake manager (ARGS="--help" lists its options)
	@exec $(RUN) $(BIN)/python -m manager $(ARGS)

##@ Check it

.PHONY: test
test: $(VENV)/.test ## Run all checks below, several at a time, and print a summary
	@$(CHECK)

# Each target is a part of tools/check.py, which contains the commands.
PARTS := lint changelog-lint docs-lint docs unit sanity build ee importer integration oldest newest preview
MEASURED := unit integration coverage
.PHONY: $(PARTS)

lint: ## ruff, mypy, ansible-lint, yamllint, shellcheck, license headers
changelog-lint: ## The changelog fragments, with antsibull-changelog
docs-lint: ## The documentation of the plugins, with antsibull-docs
docs: ## Build the documentation site in .cache/docs/html, and check all links
unit: ## Unit tests (ARGS="PATH" or ARGS="-k NAME" goes to pytest)
sanity: ## ansible-test sanity, on every Python of this machine, without ignores
build: ## Build the artifact for Galaxy in dist
ee: ## Check the execution and the decision environment with ansible-builder
importer: ## Check the artifact with galaxy-importer
integration: ## Integration tests against the fake manager (ARGS goes to pytest)
oldest: ## Unit and integration tests with the oldest supported versions
newest: ## Unit and integration tests with the newest supported versions
preview: ## The same with the newest pre-release of ansible-core; not part of test, because it may fail

$(PARTS): $(VENV)/.test
	@$(CHECK) $@ -- $(ARGS)

.PHONY: coverage
coverage: $(VENV)/.test ## Unit and integration tests, with the coverage of plugins/
	@$(CHECK) $(MEASURED) -- $(ARGS)

.PHONY: legs
legs: $(VENV)/.test ## Run oldest and newest
	@$(CHECK) oldest newest -- $(ARGS)

.PHONY: fuzz
fuzz: $(VENV)/.test ## Random faults and mutated responses (ARGS="--count 10000", or "--help" for more)
	@$(RUN) PYTHONPATH=tests:$(VENV)/collections $(BIN)/python -m fuzz $(ARGS)

.PHONY: fleet
fleet: $(VENV)/.test ## Rotate on many managers in sliced jobs, as AWX does (ARGS="--speed-up", or "--help" for more)
	@$(RUN) $(BIN)/python -m fleet $(ARGS)

##@ Measure it

.PHONY: bench
bench: $(VENV)/.demo ## Compare the speed with other methods (ARGS="--quick", or "--help" for more)
	@$(RUN) $(BIN)/python -m bench $(ARGS)

##@ Work on it

.PHONY: venv
venv: $(VENV)/.test ## Create or update .venv with all tools

.PHONY: format
format: $(VENV)/.test ## Format the Python code and apply the fixes of ruff
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

.PHONY: lock
lock: $(VENV)/.uv ## Update the locks in requirements/ to the newest versions
	$(COMPILE) --upgrade --python-version 3.11 --output-file requirements/test.txt requirements/test.in
	$(COMPILE) --constraint requirements/test.txt --python-version 3.11 --output-file requirements/demo.txt requirements/demo.in
	$(COMPILE) --constraint requirements/test.txt --python-version 3.11 --output-file requirements/uv.txt requirements/uv.in
	$(COMPILE) --upgrade --python-version 3.9 --output-file requirements/module-host.txt requirements/module-host.in
	$(COMPILE) --upgrade --python-version 3.10 --output-file requirements/oldest.txt requirements/oldest.in
	$(COMPILE) --upgrade --python-version 3.12 --output-file requirements/newest.txt requirements/newest.in
	$(COMPILE) --upgrade --python-version 3.13 --output-file requirements/preview.txt requirements/preview.in

.PHONY: release
release: $(VENV)/.test ## Generate the changelog of the version in galaxy.yml from the fragments
	$(RUN) $(BIN)/antsibull-changelog release

.PHONY: clean
clean: ## Remove everything that make created
	rm -rf $(VENV) .venv-legs .cache dist

.PHONY: help
help: ## Show this list
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z][a-z-]*:.*## / { printf "  %-15s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

# The environment is created in steps. Each has a stamp file, and runs again when its lock is newer.

$(VENV)/.uv: requirements/uv.txt tools/make_venv.py
	@echo "Creating $(VENV) with $(PYTHON)"
	@$(PYTHON) tools/make_venv.py $(VENV)
	@touch $@

$(VENV)/.demo: $(VENV)/.uv requirements/demo.txt
	@$(INSTALL) requirements/demo.txt
	@mkdir -p $(VENV)/collections/ansible_collections/apinizer
	@ln -sfn "$(CURDIR)" $(VENV)/collections/ansible_collections/apinizer/apiops
	@touch $@

$(VENV)/.test: $(VENV)/.demo requirements/test.txt
	@$(UV) pip sync --quiet --python $(BIN)/python requirements/test.txt
	@touch $@
