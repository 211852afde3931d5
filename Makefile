.DEFAULT_GOAL := help
.PHONY: help setup run test lint types fmt bench faults openapi dashboard events coverage-page clean-data up down logs

UV := $(shell command -v uv || echo .tools/bin/uv)
PYTHON := .venv/bin/python
CODE := shared gateway services infra tests $(wildcard benchmarks)
SERVICES := auth academic billing exports

help: ## this list
	@grep -hE '^[a-z%-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z%-]+):.*## /  make \1\t/' | expand -t 24

.tools/bin/uv:
	@python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --target .tools uv

setup: $(UV) ## the environment in .venv
	@$(UV) sync --quiet --locked --compile-bytecode

run: setup ## the whole product with a demo school; ARGS="--once" tells the story and ends, ARGS="--port 9000" moves it
	@exec $(PYTHON) -m infra.native.launcher $(ARGS)

test: setup ## all tests on a real PostgreSQL and Kafka of their own; ARGS chooses some
	@$(PYTHON) -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

test-%: setup ## the tests of one service: test-academic
	@$(PYTHON) -m pytest tests/$* $(ARGS)

lint: setup ## ruff and import-linter
	@$(PYTHON) -m ruff check . && $(PYTHON) -m ruff format --check . && .venv/bin/lint-imports

types: setup ## mypy, strict
	@$(PYTHON) -m mypy $(CODE)

fmt: setup ## format the code
	@$(PYTHON) -m ruff format . && $(PYTHON) -m ruff check --fix .

bench: setup ## figures against limits measured in the same run; ONLY= a row, SIZE=S|M
	@$(PYTHON) -m benchmarks $(ARGS)

faults: setup ## the fault harness; N= trials, RUN= a run key, ONLY=G2,T4 some rows, PLAN= a saved plan
	@$(PYTHON) -m tests.faults $(if $(N),--trials $(N)) $(if $(RUN),--run $(RUN)) $(if $(ONLY),--only $(ONLY)) \
		$(if $(PLAN),--plan $(PLAN)) $(ARGS)

openapi: setup ## gateway/openapi.json from the code
	@$(PYTHON) -m infra.openapi $(ARGS)

events: setup ## AsyncAPI and JSON Schemas from the code
	@$(PYTHON) -m infra.events $(ARGS)

dashboard: setup ## infra/grafana/dashboards/rollbook.json from the code
	@$(PYTHON) -m infra.dashboard $(ARGS)

coverage-page: setup ## docs/coverage.md: each feature with the tests that show it
	@$(PYTHON) -m infra.coverage_page $(ARGS)

clean-data: setup ## forget all local data
	@$(PYTHON) -m infra.native.launcher --forget

up: ## the same product by docker compose
	docker compose up --build --detach

down: ## stop docker compose
	docker compose down

logs: ## follow docker compose
	docker compose logs --follow
