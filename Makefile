# The common commands. `make` alone lists them.

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin
PORT ?= 8000
WORKERS ?= 2
DATA ?=
export OPENBLAS_NUM_THREADS ?= 1

.DEFAULT_GOAL := help
.PHONY: help demo test check tests proof servers format bench transcript decision frontier hindsight retrain generated lock clean

help: ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: $(VENV)/.run ## data, a model and the service on this machine (DATA=folder, PORT=8000, WORKERS=2)
	@exec $(RUN)/recsvc demo --port $(PORT) --workers $(WORKERS) $(if $(DATA),--data "$(DATA)")

test: check tests ## format, lint, types, import floors and all tests

check: $(VENV)/.test ## format, lint, types and import floors
	$(RUN)/ruff format --check .
	$(RUN)/ruff check .
	$(RUN)/mypy
	$(RUN)/lint-imports

tests: $(VENV)/.test servers ## all tests (the real-data ones where the data lies beside the project)
	$(RUN)/python -m pytest

proof: $(VENV)/.test servers ## races, poison and a lost Redis in full numbers, about twenty minutes
	RECSVC_TEST_FULL=1 $(RUN)/python -m pytest -s tests/recsvc/stores/test_tabs.py \
	  tests/recsvc/stores/test_poison.py tests/recsvc/stores/test_redis_lost.py \
	  tests/e2e/test_outage.py

format: $(VENV)/.test ## write the format that check asks for
	$(RUN)/ruff format .
	$(RUN)/ruff check --fix .

bench: $(VENV)/.test ## CPU per decision beside plain top-k, per request beside a bare Flask view, decisions a second in the simulator, candidates by size of the catalogue
	$(RUN)/python -m tests.bench.decision
	$(RUN)/python -m tests.bench
	$(RUN)/python -m tests.bench.simulator
	$(RUN)/python -m tests.bench.candidates

transcript: $(VENV)/.test ## one session of twenty purchases and forty reloads, printed (DATA=folder)
	$(RUN)/python tests/e2e/transcript.py $(if $(DATA),"$(DATA)")

decision: $(VENV)/.test ## what the exact decision is worth, measured again, and the pictures of docs/decision.md
	$(RUN)/python -m tests.bench.value docs/decision

# The logs of the studies `retail` and `movietweetings`; the shop makes up its own.
LOGS = $(or $(DATA),../shared/data)
RETAIL = $(LOGS)/online-retail-ii-2009
FILMS = $(LOGS)/movietweetings-140k
STUDIES := retail movietweetings shop

hindsight: $(VENV)/.test ## how much of what hindsight could gain the policies get (DATA=folder of both logs)
	$(RUN)/python -m tests.bench.hindsight $(LOGS)

retrain: $(VENV)/.test ## what a retrain changes for whom, cold, warm and averaged, about half an hour (DATA=folder of both logs)
	$(RUN)/python -m tests.bench.retrain $(RETAIL)

frontier: $(VENV)/.test ## three studies, about ten minutes, and their picture in docs (DATA=folder of both logs)
	rm -rf var/frontier
	$(RUN)/recsvc simulate studies/retail.toml --interactions $(RETAIL) --out var/frontier/retail
	$(RUN)/recsvc simulate studies/movietweetings.toml --interactions $(FILMS) --out var/frontier/movietweetings
	$(RUN)/recsvc simulate studies/shop.toml --out var/frontier/shop
	$(RUN)/python -m simulations.report docs/frontier $(STUDIES:%=var/frontier/%/results.json)

generated: $(VENV)/.test ## 2,000 made-up requests, good and bad, against the real application and its description
	RECSVC_GENERATED=2000 $(RUN)/python -m pytest -s tests/e2e/test_generated.py

lock: $(VENV)/.test ## resolve the locked versions anew
	@for set in run test; do $(RUN)/pip-compile --quiet --generate-hashes --allow-unsafe \
	  --strip-extras --no-annotate --no-header --no-emit-index-url --no-emit-trusted-host \
	  --no-emit-find-links $$([ $$set = test ] && echo --extra test) --all-build-deps \
	  --output-file requirements/$$set.txt setup.cfg; done

clean: ## remove the environment and what the demo made
	rm -rf $(VENV) var build dist *.egg-info

# A Redis server for the tests, from the system's packages where it is missing.
servers:
	@requirements/servers

# The environment, from locked versions with hashes; made again when they change.
$(VENV)/.run: requirements/run.txt setup.cfg pyproject.toml
	@PYTHON="$(PYTHON)" requirements/install $(VENV) run

$(VENV)/.test: requirements/test.txt setup.cfg pyproject.toml
	@PYTHON="$(PYTHON)" requirements/install $(VENV) test
