# Everything starts here: `make help`. Each target does its own set-up; nothing needs to be installed by hand.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
BIN := .venv/bin
ONCE ?=
STORE ?= timestream
UPGRADE ?=
WORKERS ?= 3
# Images like to set this; then each of the hundreds of programs that tests start would compile all that it imports.
unexport PYTHONDONTWRITEBYTECODE
PYTEST = $(BIN)/pytest -n $(WORKERS) --dist loadgroup --no-loadscope-reorder

.PHONY: help
help: ## Show what can be made
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: ## Install system packages and the locked .venv (quick when done already)
	@.ci/setup $(filter postgresql,$(STORE))

.PHONY: browser
browser:
	@.ci/setup browser

.PHONY: demo
demo: setup ## Start everything with sample traffic and stay up; ONCE=1 stops after the summary; STORE=postgresql
	@$(BIN)/signtally demo --store $(STORE) $(if $(ONCE),--once)

.PHONY: test
test: browser ## Format, lint, types, imports, and all tests, of which one runs the demo once
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=line lint wheel
	@$(PYTEST)

.PHONY: wheel
wheel: setup
	@.ci/step "wheel" .ci/wheel

.PHONY: coverage
coverage: browser ## All tests once more, measuring branches; half as long again, hence not in `make test`
	@$(PYTEST) --cov --cov-report=term

.PHONY: soak
soak: browser ## All tests at full size, laws with new examples and ten times deeper, for SOAK_MINUTES (60) at most
	@HYPOTHESIS_PROFILE=soak SOAK_MINUTES=$(or $(SOAK_MINUTES),60) $(PYTEST) --timeout 3600

.PHONY: soak-stack
soak-stack: browser ## The whole stack under traffic, faults and kills for MINUTES (20); prints what it did and what it held
	@$(BIN)/python -m tests.soak.soak_stack $(or $(MINUTES),20)

.PHONY: alarm-drill
alarm-drill: setup ## Cause each alarm on a stack of its own, follow docs/operations.md as it is written, take the minutes
	@$(BIN)/python -m tests.soak.alarm_drill

.PHONY: two-hosts
two-hosts: browser ## Two network namespaces with workers, one cut off in the middle of everything; as root, on Linux
	@$(BIN)/python -m tests.soak.two_hosts

.PHONY: year
year: setup ## A generated year of EVENTS (10 million unless given) through the whole chain; takes hours
	@YEAR_EVENTS=$(or $(EVENTS),10000000) $(BIN)/pytest -q --log-cli-level=INFO --log-cli-format="%(asctime)s %(message)s" tests/year

.PHONY: lint
lint: types rules ## Format, lint, types, import rules, languages, secrets, and whether the locks are current

.PHONY: types
types: setup
	@.ci/step "types" $(BIN)/mypy

.PHONY: rules
rules: setup
	@.ci/step "locks" .ci/lock --check
	@.ci/step "format" $(BIN)/ruff format --check .
	@.ci/step "lint" $(BIN)/ruff check .
	@.ci/step "imports" $(BIN)/lint-imports
	@.ci/step "languages" $(BIN)/python .ci/messages.py --check
	@.ci/step "secrets" $(BIN)/python .ci/find_secrets.py
	@.ci/step "bandit" $(BIN)/python .ci/bandit_findings.py

.PHONY: audit
audit: rules ## What lint looks for, and known vulnerabilities of all that is locked: asks PyPI, so it needs a network
	@.ci/step "advisories" $(BIN)/python .ci/advisories.py

.PHONY: check
check: setup ## Name every text that a language lacks
	@$(BIN)/python .ci/messages.py --check

.PHONY: messages
messages: setup ## Bring new texts into the translators' catalogues
	@$(BIN)/python .ci/messages.py

.PHONY: format
format: setup ## Format and fix what can be fixed
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

.PHONY: lock
lock: setup ## Resolve pyproject.toml into requirements/; UPGRADE=1 takes the newest versions
	@.ci/lock $(if $(UPGRADE),--upgrade)
