# Every target sets up what is missing first: a fresh machine needs only make, git and Python's venv.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
PY := .venv/bin/python
STAMP := .venv/.ready
# Kept bytecode: without it every worker compiles all tests again, 6 s of CPU time each.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help setup demo quick test check lint types layers format simulate bench soak mutants lock audit sbom env image e2e clients peers same-tape dashboard clean
.DEFAULT_GOAL := help

help:            ## this list
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## */\t/' | expand -t 12

$(STAMP): requirements-dev.lock pyproject.toml .python-version deploy/dev/setup.sh deploy/dev/prometheus.sh
	@deploy/dev/setup.sh

setup: $(STAMP)  ## the virtual environment, with bytecode compiled

demo: setup      ## sandbox exchange + daemon for a minute, live in this terminal
	@.venv/bin/quoter demo $(ARGS)

# The folders of tests, and which one a new test belongs to: .github/CONTRIBUTING.md
# `make quick` runs unit, golden and tidy without what is marked slow; `make test` runs everything.
# One test or one folder: .venv/bin/python -m pytest tests/unit/risk -k headroom
quick: lint types layers  ## the inner loop, about a minute: lint, types, layers, unit, golden and tidy tests without slow ones
	@$(PY) -m pytest -n $(or $(JOBS),auto) --dist worksteal -m "not slow" tests/tidy tests/unit tests/golden $(ARGS)

test: setup      ## every test, in three lanes (python -m tests.lanes --help); ARGS= for pytest, JOBS= workers
	@$(PY) -m tests.lanes $(if $(JOBS),--jobs $(JOBS)) $(ARGS)

check: lint types layers test  ## what .ci/run runs

lint: setup      ## style and format
	@.venv/bin/ruff check . && .venv/bin/ruff format --check .

types: setup     ## mypy --strict
	@.venv/bin/mypy

layers: setup    ## who may import whom
	@.venv/bin/lint-imports

format: setup    ## format and fix what can be fixed
	@.venv/bin/ruff format . && .venv/bin/ruff check --fix . && .venv/bin/ruff format .

simulate: setup  ## faults from SEEDS seeds of SECONDS virtual seconds each
	@$(PY) -m tests.simulation --seeds $(or $(SEEDS),1000) --seconds $(or $(SECONDS),200) $(ARGS)

bench: setup     ## the budgets, as ratios in one run
	@$(PY) -m tests.bench $(ARGS)

soak: setup      ## sandbox and daemon for MINUTES (120), sampled into FOLDER/soak.csv; ARGS= for settings, ARGS=--summary: so far
	@$(PY) -m deploy.dev.soak --minutes $(or $(MINUTES),120) --folder $(FOLDER) $(ARGS)

mutants: setup   ## plant known bugs, one at a time: the tests must find every one (ONLY=, JOBS=)
	@$(PY) -m tests.mutants --only "$(ONLY)" --jobs $(or $(JOBS),2)

lock: setup      ## resolve the lock files anew
	@deploy/dev/lock.sh

audit: setup     ## known vulnerabilities of the locked packages (asks the network; exit 3: no answer)
	@deploy/dev/audit.sh audit

sbom: setup      ## write sbom.json, the list of the locked packages (CycloneDX)
	@deploy/dev/audit.sh sbom

env: setup       ## write .env.example, deploy/docs/settings.md and the order table of ARCHITECTURE.md
	@.venv/bin/quoter env-example > .env.example && $(PY) -m deploy.dev.settings_page && $(PY) -m deploy.dev.order_table

image:           ## the container image
	@docker build -t quoter:local .

e2e: setup       ## build, run and stop the whole stack on a real Docker Engine (root, Debian)
	@$(PY) -m deploy.e2e.run

clients: setup   ## let other people's Binance clients trade with the sandbox (asks the registries; ARGS= names)
	@$(PY) -m deploy.clients.run $(ARGS)

peers: setup     ## compare fills on TAPE="FILES" with hftbacktest, and speed with NautilusTrader too (asks the registries once; ARGS= --seconds, --period, --offset)
	@test -x .venv-peers/bin/python || { $(PY) -m venv .venv-peers && .venv-peers/bin/pip install -q hftbacktest==2.4.4 msgspec; }
	@test -x .venv-nautilus/bin/python || { $(PY) -m venv .venv-nautilus && .venv-nautilus/bin/pip install -q nautilus_trader==1.231.0; } || rm -rf .venv-nautilus
	@$(PY) deploy/peers/speed.py $(TAPE)
	@PYTHONPATH=. .venv-peers/bin/python deploy/peers/hftbacktest_fills.py $(TAPE) $(ARGS)

same-tape: setup ## compare fills on TAPE="FILES" over the sandbox's sockets, on paper and in the backtest (ARGS= --seconds, --speed)
	@$(PY) deploy/peers/same_tape.py $(TAPE) $(ARGS)

dashboard: setup ## write the Grafana dashboard anew
	@$(PY) -m deploy.grafana.generate

clean:           ## remove what setup and the tools made
	@rm -rf .venv .uv .tools .audit sbom.json .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
