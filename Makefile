# The environment is .venv in this folder. Everything is fetched on first use; nothing is installed outside of it but
# the browser's system packages, and those only by `make test` and `make bench` where that is allowed.

PYTHON ?= python3
BIN := .venv/bin
UV := .venv/bin/uv
READY := .venv/.ready
# What starts here starts many processes of Python; where the environment forbids it to keep what it compiled, each of
# them would compile every library again, for seconds.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help demo up test browser check bench soak clean

help: ## What can be done here
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

demo: $(READY) ## Sync, classify and analyse the demo ad account, and print the analysis
	@$(BIN)/viraltracker demo

up: $(READY) ## Run the app, the worker and the embedded database until Ctrl-C
	@$(BIN)/viraltracker up || [ $$? -eq 130 ]

test: $(READY) browser ## Run all tests on the real stack
	@$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder

# A browser for tests and benchmarks: the one that is there, else the system's package where that may be installed, else
# Playwright's own. Set VIRALTRACKER_CHROMIUM to use another.
browser: $(READY)
	@if [ -n "$$VIRALTRACKER_CHROMIUM" ] || [ -x /usr/bin/chromium ]; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null; \
	else $(BIN)/playwright install chromium; fi

check: $(READY) ## Lint, types, direction of imports
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: $(READY) browser ## Measure what has to be fast, beside a reference in the same run
	@$(BIN)/python -m benchmarks

soak: $(READY) ## Run 10,000 jobs under kills, freezes, database crashes and lost answers (SOAK=--quick: a minute)
	@$(BIN)/python -m benchmarks.soak $(SOAK)

clean: ## Remove the environment (data stays; `viraltracker reset` deletes that)
	rm -rf .venv

$(READY): pyproject.toml uv.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; set PYTHON=/path/to/it.")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || { echo "Python cannot make a virtual environment: install its venv module (Debian: python3-venv)."; exit 1; }
	@test -x $(UV) || $(BIN)/python -m pip install --quiet --disable-pip-version-check "uv>=0.9,<1"
	@VIRTUAL_ENV= UV_PROJECT_ENVIRONMENT=.venv $(UV) sync --quiet --locked --all-extras --inexact
	@touch $@
