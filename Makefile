# What can be done here; `make` or `make help` lists it. Needs Python 3.11 or newer and nothing else.
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
PYTHON ?= python3.14 python3.13 python3.12 python3.11 python3 python
BIN := .venv/bin
WORKERS ?= auto
RUN := exec $(BIN)/python -m
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1

.PHONY: help up demo token test check bench kafka kafka-stop up-kafka docs lock clean venv run-env dev-env

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: run-env ## everything in one process on one port, with its own PostgreSQL; ctrl-C stops it
	@$(RUN) services up $(ARGS)

demo: run-env ## a day of work against the running services; TICKETS=file feeds JSON lines through intake
	@$(RUN) services demo $(if $(TICKETS),--tickets "$(TICKETS)") $(ARGS)

token: run-env ## a bearer token of the development issuer; ROLE=branch_staff (office and subject in ARGS)
	@$(RUN) services token $(ROLE) $(ARGS)

test: dev-env ## the whole suite, a process per core; ARGS="-k word" for a part, WORKERS=0 for one process
	@$(RUN) pytest -n $(WORKERS) --maxprocesses 4 --dist worksteal $(ARGS)

check: dev-env ## lint, format, types, import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: dev-env ## what one machine does: POSTs beside pgbench, clocks armed, deadlines computed and fired in time
	@$(RUN) tests.benchmarks $(ARGS)

kafka: run-env ## fetches and starts Apache Kafka on this machine (Java 17 and Maven)
	@$(RUN) shared.messaging.local_kafka start

kafka-stop: run-env ## stops that Kafka
	@$(RUN) shared.messaging.local_kafka stop

up-kafka: run-env ## a process per service, Kafka and PostgreSQL on this machine; ctrl-C stops them
	@$(RUN) services up --kafka $(ARGS)

docs: dev-env ## writes docs/events.md and docs/asyncapi.yaml anew from the contracts
	@$(RUN) shared.contracts.docs

lock: dev-env ## resolves the dependencies of pyproject.toml anew into requirements/
	@$(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 --no-emit-index-url --no-emit-find-links \
		--generate-hashes --no-header pyproject.toml -o requirements/run.txt
	@$(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 --no-emit-index-url --no-emit-find-links \
		--generate-hashes --no-header -c requirements/run.txt --extra dev pyproject.toml -o requirements/dev.txt

clean: ## removes the environment and all caches; data stay in .data/
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The environment is made once; a lock is installed when it differs from the copy kept beside what it installed.
run-env: venv
	@cmp -s requirements/run.txt .venv/run.lock || $(call install,run)

dev-env: venv
	@cmp -s requirements/dev.txt .venv/dev.lock || { $(call install,dev) && cp requirements/run.txt .venv/run.lock; }

define install
{ echo "installing requirements/$(1).txt ..." >&2 && rm -f .venv/run.lock .venv/dev.lock \
  && $(BIN)/python -m pip install --quiet --require-hashes --only-binary :all: -r requirements/$(1).txt \
  && cp requirements/$(1).txt .venv/$(1).lock; }
endef

# activate is the last file that venv writes; a Python that went away with an upgrade leaves it behind
venv: # a Python that is new enough and can make environments, else one sentence on what is missing
	@test -e $(BIN)/activate && $(BIN)/python -c '' 2>/dev/null && exit 0; \
	for python in $(PYTHON); do \
	  $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
	  enough=$$python; \
	  $$python -c 'import ensurepip, venv' 2>/dev/null || continue; \
	  echo "making .venv with $$($$python --version)" >&2; \
	  $$python -m venv --clear .venv; exit $$?; \
	done; \
	if [ -n "$$enough" ]; then \
	  echo "$$enough cannot make virtual environments: install its venv package (Debian: apt-get install python3-venv)"; \
	else \
	  echo "no Python 3.11 or newer found (tried: $(PYTHON)): install one, or name it: make up PYTHON=/path/to/python3"; \
	fi >&2; exit 1
