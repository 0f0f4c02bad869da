# `make help` says what there is. PYTHON names another Python, PORT another port; ARGS goes to pytest.

PYTHON ?= python3
PORT ?= 8501
ARGS ?=

VENV_PYTHON = .venv/bin/python
SETUP = command -v "$(PYTHON)" >/dev/null \
	|| { echo 'Python 3.11 or newer is needed, and there is no "$(PYTHON)": install it, or name one by PYTHON=...' >&2; exit 1; }; \
	exec "$(PYTHON)" setup/find_python.py
PYTEST = $(VENV_PYTHON) -m pytest
FAST = $(PYTEST) -m "not slow and not browser and not postgres" --numprocesses auto
# The same tests, and more, of stores in Postgres: each process has a server of its own.
POSTGRES = $(PYTEST) -m "postgres and not slow" --numprocesses auto
# Each file of browser tests has a server of its own, so that two files can run side by side; three are quicker, and on
# two cores too slow for some clicks. What kills and suspends processes by the clock has a stage of its own.
SLOW = $(PYTEST) -m "(browser or slow) and not chaos and not cluster" --numprocesses 2 --dist loadfile
CHAOS = $(PYTEST) -m chaos --numprocesses 2 --dist load
# A cluster of two machines takes both cores.
CLUSTER = $(PYTEST) -m cluster

.PHONY: help run test test-fast check developers constraints
.NOTPARALLEL:

help: ## say what make can do
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/make \1\t\2/p' Makefile | expand -t 20

run: ## set up what is missing and start the dashboard (PORT=8501)
	@$(SETUP) start.py "$(PORT)"

test: check ## set up what is missing, check, and run every test, those in a browser included (ARGS="-k name" for some)
	@$(SETUP) browser.py
	@$(SETUP) postgres.py
	@$(SETUP) cluster.py
	@$(VENV_PYTHON) -m jobs data
	@$(if $(ARGS),$(PYTEST) $(ARGS),$(FAST) && $(POSTGRES) && $(SLOW) && $(CHAOS) && $(CLUSTER))

test-fast: developers ## run the tests that need no browser and take no more than seconds
	@$(VENV_PYTHON) -m jobs data
	@$(FAST) $(ARGS)

check: developers ## lint (JavaScript too, where Node.js is), format, types, and what each room may import
	@$(VENV_PYTHON) -m ruff check .
	@$(VENV_PYTHON) -m ruff format --check .
	@$(VENV_PYTHON) -m mypy
	@$(SETUP) javascript.py
	@$(PYTEST) -q tests/test_architecture.py tests/test_rooms.py

developers: ## set up what tests need, and run nothing
	@$(SETUP) environment.py developers

constraints: developers ## write down the versions that are installed, once all tests have passed with them
	@$(SETUP) constraints.py
