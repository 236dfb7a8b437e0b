# What there is to do here; `make` alone lists it. Plain make: nothing that 3.81 does not know.

PY = .venv/bin/python
ARGS =
# Of `make reproduce`: how long its runs are, and where they and their report go.
BUDGET = reproduce
RUNS = runs/reproduce
REPORT =
# Tests go to as many processes as there are cores; SPREAD= runs them in one, in order.
SPREAD = --numprocesses auto --maxprocesses 8 --dist worksteal
SETUP = setup.cfg pyproject.toml constraints.txt tools/setup.sh

help:
	@echo 'make run    set up .venv if need be, then oversee, train and hand over, on Pong'
	@echo 'make reproduce   the three conditions on Pong, 25,000 agent steps each, and their tables'
	@echo 'make test   set up .venv if need be, then run the tests'
	@echo 'make check  format, lint and types as well: what CI runs'
	@echo 'make bench  run every script in benchmarks/'
	@echo 'make setup  only set up .venv, with what development needs'
	@echo 'make clean  remove what was built and cached; keeps .venv and runs/'
	@echo
	@echo 'ARGS="..." goes to the command: make run ARGS="--quick", make test ARGS="-k gate"'
	@echo 'PYTHON=... names the Python to set up with: 3.11, 3.12 or 3.13'

setup: .venv/.dev

run: .venv/.runtime
	@$(PY) -m experiments demo $(ARGS)

# Stopped or killed, it goes on where it stood. The report renews docs/results.md.
reproduce: .venv/.runtime
	@$(PY) -m experiments sweep --games pong --seeds 0 --budget $(BUDGET) --out $(RUNS) $(ARGS)
	@$(PY) -m experiments report $(RUNS) $(REPORT)

test: .venv/.dev
	@$(PY) -m pytest $(SPREAD) $(ARGS)

# Three steps, so that `make --keep-going check` shows all that is wrong. The tests come last.
check: lint types test

lint: .venv/.dev
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .

types: .venv/.dev
	$(PY) -m mypy

bench: .venv/.dev
	@found=no; \
	for script in benchmarks/*.py; do \
	    [ -f "$$script" ] || continue; \
	    found=yes; echo "== $$script"; $(PY) "$$script" $(ARGS) || exit 1; \
	done; \
	[ $$found = yes ] || echo 'benchmarks/ holds no script'

clean:
	rm -rf build dist hirl.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis .benchmarks
	find . -name __pycache__ -type d ! -path './.venv/*' -prune -exec rm -rf {} +

.venv/.runtime: $(SETUP)
	@sh tools/setup.sh runtime

.venv/.dev: $(SETUP)
	@sh tools/setup.sh dev

.PHONY: help setup run reproduce test check lint types bench clean
