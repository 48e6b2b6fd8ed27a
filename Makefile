# Each target is what .ci/run does; PYTHON may name another interpreter.
PYTHON ?= python

.PHONY: check test bench docs faults

check:  ## lint, format, types
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy

test:
	$(PYTHON) -m pytest

faults:  ## the catalogue of faults, group by group; some minutes
	$(PYTHON) -m tests.faults

bench:  ## a few minutes; prints tables and JSON lines
	$(PYTHON) -m benchmarks.imports
	$(PYTHON) -m benchmarks.calls
	$(PYTHON) -m benchmarks.embeddings
	$(PYTHON) -m benchmarks.streams
	$(PYTHON) -m benchmarks.overhead

docs:  ## the pages that are made from the code
	$(PYTHON) -m docs.generate
