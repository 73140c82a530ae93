# Python 3.11+ and make are all that has to be there. `make run` starts everything.
.PHONY: run test check venv dev lock clean help

PYTHON := .venv/bin/python
# The first Python on this machine that is new enough.
FIND_PYTHON := for name in python3.13 python3.12 python3.11 python3 python; do \
	found=$$(command -v $$name) && $$found -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& { echo $$found; break; }; done
BASE_STAMP := .venv/base-$(firstword $(shell cksum requirements/base.txt)).stamp
DEV_STAMP := .venv/dev-$(firstword $(shell cksum requirements/dev.txt)).stamp

run: $(BASE_STAMP) ## start the product: database, web server, workers, demo world
	@$(PYTHON) manage.py run

test: dev ## run every test
	@$(PYTHON) -m pytest -n 2 --durations=5

check: dev ## lint, types, layers, deployment checks, migrations, then the tests
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/lint-imports
	.venv/bin/mypy
	WAYMARK_HTTPS=1 $(PYTHON) manage.py check --deploy --fail-level WARNING
	$(PYTHON) manage.py makemigrations --check --dry-run
	@# The tests, and red below the coverage that pyproject.toml asks for.
	$(PYTHON) -m pytest -n 2 --durations=5 --cov --cov-report=term:skip-covered

venv: $(BASE_STAMP) ## only set up what the product runs on
dev: $(DEV_STAMP) ## set up what checks and tests need as well

$(PYTHON):
	@echo "1/5 creating .venv"
	@python=$$($(FIND_PYTHON)); \
	test -n "$$python" || { echo "waymark: Python 3.11 or newer with venv is needed"; exit 2; }; \
	"$$python" -m venv .venv

# What is installed is named by a checksum of the lock file: nothing to do, nothing asked of the network.
# A development setup holds all that the product runs on, so it satisfies both.
$(BASE_STAMP): requirements/base.txt | $(PYTHON)
	@test -e $(DEV_STAMP) || $(MAKE) --no-print-directory install LOCK=requirements/base.txt
	@touch $@

$(DEV_STAMP): requirements/dev.txt | $(PYTHON)
	@$(MAKE) --no-print-directory install LOCK=requirements/dev.txt
	@touch $@

# uv is many times faster; without it pip does the same.
.PHONY: install
install:
	@echo "2/5 installing $(LOCK)"
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check uv || echo "    without uv, this takes longer"
	@if $(PYTHON) -m uv --version >/dev/null 2>&1; \
	then UV_SYSTEM_CERTS=1 $(PYTHON) -m uv pip install --quiet --python $(PYTHON) --require-hashes --compile-bytecode -r $(LOCK); \
	else $(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes -r $(LOCK); fi

lock: dev ## resolve requirements/*.in anew
	.venv/bin/uv pip compile --universal --generate-hashes --no-emit-index-url --python-version 3.11 \
		--no-header --upgrade requirements/base.in -o requirements/base.txt
	.venv/bin/uv pip compile --universal --generate-hashes --no-emit-index-url --python-version 3.11 \
		--no-header --upgrade requirements/dev.in -c requirements/base.txt -o requirements/dev.txt

clean: ## remove caches; keeps .venv and var
	rm -rf .mypy_cache .pytest_cache .ruff_cache .import_linter_cache build
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

help:
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12
