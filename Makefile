# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Needs git, make and a Python 3.11 or newer. Everything else comes into .venv, .venv-legs and .cache,
# which git ignores; nothing is written elsewhere, but for uv's and pip's own package caches.

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

# For what runs straight from make: Ansible finds the collection, and writes nothing to the user's home.
RUN := env PATH="$(CURDIR)/$(BIN):$$PATH" PYTHONPATH=tests \
	ANSIBLE_COLLECTIONS_PATH="$(CURDIR)/$(VENV)/collections" \
	ANSIBLE_HOME="$(CURDIR)/.cache/ansible" ANSIBLE_REMOTE_TEMP="$(CURDIR)/.cache/ansible/tmp"

##@ Try it

.PHONY: demo
demo: $(VENV)/.demo ## A rotation from start to end against a stand-in manager on this machine
	@$(RUN) $(BIN)/python -m demo $(ARGS)

.PHONY: manager
manager: $(VENV)/.demo ## Start the stand-in manager (ARGS="--help" lists its options)
	@$(RUN) $(BIN)/python -m manager $(ARGS)

##@ Check it

.PHONY: test
test: $(VENV)/.test ## Everything below, with a summary at the end
	@$(CHECK)

# Each is a part of tools/check.py, which holds the commands.
PARTS := lint changelog-lint docs-lint docs unit sanity build ee importer integration oldest newest
.PHONY: $(PARTS)

lint: ## ruff, mypy, ansible-lint, yamllint, shellcheck, licence headers
changelog-lint: ## The changelog fragments, with antsibull-changelog
docs-lint: ## The documentation of the plugins, with antsibull-docs
docs: ## The documentation site, into .cache/docs/html, and all links
unit: ## Unit tests (ARGS="-k name" goes to pytest)
sanity: ## ansible-test sanity, on every Python found, without exceptions
build: ## The artifact for Galaxy, into dist
ee: ## The execution environment, through ansible-builder
importer: ## The artifact, through galaxy-importer
integration: ## Real playbook runs against the stand-in manager (ARGS goes to pytest)
oldest: ## Unit and integration tests with the oldest supported versions
newest: ## Unit and integration tests with the newest supported versions

$(PARTS): $(VENV)/.test
	@$(CHECK) $@ -- $(ARGS)

.PHONY: legs
legs: $(VENV)/.test ## oldest and newest together
	@$(CHECK) oldest newest -- $(ARGS)

##@ Measure it

.PHONY: bench
bench: $(VENV)/.demo ## How fast the collection is, next to other ways (ARGS="--quick", or "--help" for more)
	@$(RUN) $(BIN)/python -m bench $(ARGS)

##@ Work on it

.PHONY: venv
venv: $(VENV)/.test ## Make or refresh .venv, with all tools

.PHONY: format
format: $(VENV)/.test ## Format the Python code and mend what ruff can mend
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

.PHONY: lock
lock: $(VENV)/.uv ## Bring the locks in requirements/ up to the newest versions
	$(COMPILE) --upgrade --python-version 3.11 --output-file requirements/test.txt requirements/test.in
	$(COMPILE) --constraint requirements/test.txt --python-version 3.11 --output-file requirements/demo.txt requirements/demo.in
	$(COMPILE) --constraint requirements/test.txt --python-version 3.11 --output-file requirements/uv.txt requirements/uv.in
	$(COMPILE) --upgrade --python-version 3.10 --output-file requirements/oldest.txt requirements/oldest.in
	$(COMPILE) --upgrade --python-version 3.12 --output-file requirements/newest.txt requirements/newest.in

.PHONY: release
release: $(VENV)/.test ## Turn the changelog fragments into the changelog of the version in galaxy.yml
	$(RUN) $(BIN)/antsibull-changelog release

.PHONY: clean
clean: ## Remove everything that make made
	rm -rf $(VENV) .venv-legs .cache dist

.PHONY: help
help: ## This list
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z][a-z-]*:.*## / { printf "  %-15s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

# The environment: a stamp a step, each made again when its lock is newer.

$(VENV)/.uv: requirements/uv.txt tools/make_venv.py
	@echo "Making $(VENV) with $(PYTHON)"
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
