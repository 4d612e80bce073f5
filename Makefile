# Fanwire. `make` alone lists the targets; each does all of its own set-up and may be repeated.
SHELL := /bin/bash
.DEFAULT_GOAL := help
READY := .venv/.ready
FANWIRE := .venv/bin/fanwire
# Many tests wait, so more processes than cores pay; tests/support/side_by_side.py forks them.
# The stacks among them start dozens of Python processes, which without bytecode on disk would compile everything anew.
TEST := PYTHONDONTWRITEBYTECODE= .venv/bin/python -m pytest -q --processes 8
SPHINX := .venv/bin/python -m sphinx -q -W --keep-going -n -c docs . build/docs

.PHONY: help demo test coverage mutate docs check bench fuzz soak brokers up format pins release clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): pyproject.toml constraints.txt deploy/setup.sh
	@bash deploy/setup.sh
	@touch $@

demo: $(READY) ## One release to 6,500 simulated outlets, with proof (the main job)
	@.venv/bin/python deploy/demo/demo.py

test: $(READY) ## All tests, with a real broker, real workers and a real PostgreSQL
	@bash deploy/browser.sh
	@.venv/bin/python deploy/helm/fetch.py
	@$(TEST)

coverage: $(READY) ## All tests, and the lines and branches that they reach; build/coverage/html shows the others
	@rm -rf build/coverage
	@status=0; $(subst -m pytest,-m coverage run -m pytest,$(TEST)) || status=$$?; cd "$(CURDIR)"; \
	.venv/bin/coverage combine -q && .venv/bin/coverage html -q -d build/coverage/html && \
	.venv/bin/coverage report --include='workers/*' && \
	.venv/bin/coverage report --include='tasks/*' --fail-under=90 && exit $$status

mutate: $(READY) ## Mutation testing of what decides on deliveries; MODULES="backoff breaker" tries only these
	@MODULES="$(MODULES)" .venv/bin/python -m tests.mutation.run

docs: $(READY) ## Write the generated manuals, and build all documents into build/docs
	@.venv/bin/python docs/references.py
	@$(SPHINX)

check: $(READY) ## Lint, format, types, import rules and documents
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports
	@.venv/bin/python docs/references.py --check
	@.venv/bin/python docs/named_files.py
	@$(SPHINX)

bench: $(READY) ## Measure, and print the figures
	@.venv/bin/python tests/bench/run.py

fuzz: $(READY) ## Spoiled documents for every parser, for MINUTES=1, with SEED=…; what fails is kept in build/fuzz
	@MINUTES="$(MINUTES)" SEED="$(SEED)" .venv/bin/python -m tests.fuzz.run

soak: $(READY) ## Random faults for MINUTES=5, with OUTLETS=1500 and SEED=…, and a table of what came of it
	@MINUTES="$(MINUTES)" OUTLETS="$(OUTLETS)" SEED="$(SEED)" PYTHONPATH="$(CURDIR)/deploy/demo" .venv/bin/python -m tests.faults.soak

brokers: $(READY) ## The main job at each broker and ledger, with a fault in the middle; some need packages of Debian
	@PYTHONDONTWRITEBYTECODE= .venv/bin/python -m pytest -q --timeout 1200 tests/brokers/at_*.py

up: $(READY) ## The whole stack in the foreground, here; SIGTERM ends it
	@exec $(FANWIRE) up

format: $(READY) ## Put the code into the project's format
	@.venv/bin/ruff check --fix-only -q . ; .venv/bin/ruff format .

pins: $(READY) ## Write constraints.txt with the newest versions that pyproject.toml allows, and their hashes
	@.venv/bin/python deploy/pins.py

release: $(READY) ## A signed release of the last commit in build/release: KEY=release.pem, and IMAGE=… for the image
	@.venv/bin/python deploy/release.py make $(if $(KEY),--key "$(KEY)") $(if $(IMAGE),--image "$(IMAGE)")

clean: ## Remove what was built and run here
	rm -rf .venv var build *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
