# make run     set up what is missing and start the dashboard (PORT=8501)
# make test    set up what is missing; check lint, format and types; run every test, the browser's included
#              (ARGS="-k name" for some of the tests)
# make test-fast   the tests without browser and slow ones
# make check   lint (JavaScript too, where Node.js is there), format, types, what each room may import
# make constraints   write down the versions that are installed, once all tests have passed with them

PYTHON ?= python3
PORT ?= 8501
ARGS ?=

VENV_PYTHON = .venv/bin/python
SETUP = command -v "$(PYTHON)" >/dev/null \
	|| { echo 'Python 3.11 or newer is needed, and there is no "$(PYTHON)": install it, or name one by PYTHON=...' >&2; exit 1; }; \
	exec "$(PYTHON)" setup/find_python.py
PYTEST = $(VENV_PYTHON) -m pytest
FAST = $(PYTEST) -m "not slow and not browser" --numprocesses auto
# Each file of browser tests has a server of its own, so that two files can run side by side. What kills trainers and
# supervisors wants the machine alone.
PAIRED = $(PYTEST) -m "(browser or slow) and not alone" --numprocesses 2 --dist loadfile
ALONE = $(PYTEST) -m alone

.PHONY: run test test-fast check developers constraints
.NOTPARALLEL:

run:
	@$(SETUP) start.py "$(PORT)"

test: check
	@$(SETUP) browser.py
	@$(VENV_PYTHON) -m jobs data
	@$(if $(ARGS),$(PYTEST) $(ARGS),$(FAST) && $(PAIRED) && $(ALONE))

test-fast: developers
	@$(VENV_PYTHON) -m jobs data
	@$(FAST) $(ARGS)

check: developers
	@$(VENV_PYTHON) -m ruff check .
	@$(VENV_PYTHON) -m ruff format --check .
	@$(VENV_PYTHON) -m mypy
	@$(SETUP) javascript.py
	@$(PYTEST) -q tests/test_architecture.py tests/test_rooms.py

developers:
	@$(SETUP) environment.py developers

constraints: developers
	@$(SETUP) constraints.py
