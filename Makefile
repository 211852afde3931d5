.DEFAULT_GOAL := help
UV := $(shell command -v uv || echo .tools/bin/uv)
PYTHON := .venv/bin/python
PACKAGES := shared gateway services infra tests

help: ## this list
	@grep -E '^[a-z%-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z%-]+):.*## /  make \1\t/' | expand -t 24

.tools/bin/uv:
	python3 -m pip install --quiet --target .tools uv

setup: $(UV) ## the environment in .venv
	@$(UV) sync --quiet --locked

lint: setup ## ruff and import-linter
	.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/lint-imports

types: setup ## mypy, strict
	.venv/bin/mypy $(PACKAGES)

fmt: setup ## format the code
	.venv/bin/ruff format . && .venv/bin/ruff check --fix .

.PHONY: help setup lint types fmt
