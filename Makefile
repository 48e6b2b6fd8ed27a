# Each target is what .ci/run does; PYTHON may name another interpreter.
PYTHON ?= python

.PHONY: check test bench docs faults mutate twenty

check:  ## lint, format, types
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy

test:
	$(PYTHON) -m pytest

faults:  ## the catalogue of faults, group by group; some minutes
	$(PYTHON) -m tests.faults

mutate:  ## which deliberate mistakes the tests find, file by file; some twenty minutes
	$(PYTHON) -m tests.mutation

twenty:  ## the suite twenty times, without what is marked long or real; stops at the first failure
	@log=$$(mktemp); trap 'rm -f "$$log"' EXIT; for run in $$(seq 20); do \
	  $(PYTHON) -m pytest -q -m "not long and not real" -p no:cacheprovider >"$$log" 2>&1 || { cat "$$log"; exit 1; }; \
	  echo "run $$run: $$(tail -n 1 "$$log")"; \
	done

BENCHMARKS = imports calls grant fairness adaptive cache semantic limits embeddings streams batch overhead

bench:  ## some twenty minutes; prints tables and JSON lines
	for name in $(BENCHMARKS); do $(PYTHON) -m benchmarks.$$name || exit 1; done

docs:  ## the pages that are made from the code
	$(PYTHON) -m docs.generate
