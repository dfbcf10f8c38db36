# What this repository can do. `make` alone lists it. Needs Python 3.11 or newer, pip, make and git.

PYTHON ?= python3
KEEP ?=

VENV := .venv
BIN := $(VENV)/bin
ENV := build/env
PIP := -m pip --disable-pip-version-check --quiet

# The layer for AWS: resolved for its system, not for this one.
LAYER_PYTHON ?= 3.12
ARTIFACTS_DIR ?= build/layer/deploy

.DEFAULT_GOAL := help
.PHONY: help demo up down test check lint types template layer build-SharedLayer environments \
	deploy bench clean

help: ## List what can be made
	@grep -hE '^[a-zA-Z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 20

demo: $(BIN)/.demo $(ENV)/emulator/.installed $(ENV)/lambda/.installed layer ## Show the whole product at work on this machine (KEEP=1 leaves it up)
	@$(BIN)/python -m underbutler.local demo $(if $(KEEP),--keep)

up: $(BIN)/.demo $(ENV)/emulator/.installed $(ENV)/lambda/.installed layer ## Start the local stack
	@$(BIN)/python -m underbutler.local up

down: ## Stop the local stack
	@test ! -x $(BIN)/python || $(BIN)/python -m underbutler.local down

test: environments layer build-SharedLayer ## Run all tests
	@$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile $(PYTEST)

check: test lint types template ## Run all tests and all checks: what .ci/run calls

lint: $(BIN)/.test ## Check style
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: $(BIN)/.test ## Check types
	@$(BIN)/mypy

template: $(BIN)/.test $(ENV)/sam/.installed ## Check the templates
	@$(BIN)/cfn-lint template.yaml infra/aws/*.yaml
	@SAM_CLI_TELEMETRY=0 $(ENV)/sam/bin/sam validate --lint --region us-east-1

layer: $(BIN)/.demo ## Build the layer for this machine's interpreter, for the local stack
	@$(BIN)/python infra/layer/build_layer.py build/layer/local

build-SharedLayer: ## Build the layer for AWS (LAYER_PYTHON=3.12); sam build calls it
	@$(if $(wildcard $(BIN)/python),$(BIN)/python,$(PYTHON)) infra/layer/build_layer.py "$(ARTIFACTS_DIR)" --python $(LAYER_PYTHON)

environments: $(BIN)/.test $(ENV)/emulator/.installed $(ENV)/lambda/.installed ## Install what tests need

deploy: $(ENV)/sam/.installed ## Deploy to AWS with sam (ARGS="--guided" the first time)
	SAM_CLI_TELEMETRY=0 $(ENV)/sam/bin/sam build --build-in-source
	SAM_CLI_TELEMETRY=0 $(ENV)/sam/bin/sam deploy --capabilities CAPABILITY_IAM $(ARGS)

bench: environments layer ## Measure headers and ingest on this machine
	@$(BIN)/python benchmarks/headers.py
	@$(BIN)/python benchmarks/ingest.py

clean: down ## Delete whatever was built or installed
	rm -rf $(VENV) build .aws-sam .mypy_cache .ruff_cache .pytest_cache .hypothesis

# An environment is made once and again when what it is made of changes.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12 ...")'
	@echo "Making $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python $(PIP) install --upgrade "pip>=25.1"

$(BIN)/.demo: pyproject.toml | $(BIN)/python
	@echo "Installing underbutler ..."
	@$(BIN)/python $(PIP) install --editable ".[client,aws,lambda,local]"
	@touch $@

$(BIN)/.test: $(BIN)/.demo
	@echo "Installing what tests and checks need ..."
	@$(BIN)/python $(PIP) install --group dev
	@touch $@

$(ENV)/emulator/.installed: infra/localstack/requirements.lock infra/localstack/pyproject.toml $(wildcard infra/localstack/lambda_subprocess/*.py)
	@echo "Installing the AWS emulator ..."
	@test -x $(ENV)/emulator/bin/python || $(PYTHON) -m venv $(ENV)/emulator
	@$(ENV)/emulator/bin/python $(PIP) install --requirement infra/localstack/requirements.lock
	@$(ENV)/emulator/bin/python $(PIP) install --no-deps --force-reinstall ./infra/localstack
	@touch $@

$(ENV)/lambda/.installed: infra/localstack/lambda-requirements.txt
	@echo "Installing the Lambda runtime ..."
	@$(PYTHON) -m venv --clear $(ENV)/lambda
	@$(ENV)/lambda/bin/python $(PIP) install --requirement infra/localstack/lambda-requirements.txt
	@touch $@

$(ENV)/sam/.installed: infra/sam-requirements.txt
	@echo "Installing the SAM command line ..."
	@$(PYTHON) -m venv --clear $(ENV)/sam
	@$(ENV)/sam/bin/python $(PIP) install --requirement infra/sam-requirements.txt
	@touch $@
