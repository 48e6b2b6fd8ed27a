"""Whole loads of any seed: the ledger, the metrics and the order of events (invariants 2, 18 and 20).

Where each of the invariants of a resilient client is proved:

1. slots are conserved: test_dispatcher_machine; tests/soak at every burst
2. each call is resolved exactly once: here; tests/soak
3. no call is lost: test_dispatcher_machine
4. no slot is idle while somebody waits: test_dispatcher_machine, whose model starts calls greedily
5. order inside a priority, aging across them: test_order; test_dispatcher_machine
6. token buckets: tests/policy/test_bucket_oracle.py
7. the breaker equals a replay: tests/policy/test_breaker_oracle.py; its failure rate: tests/policy/test_failures.py
8. retries: test_retrying; the budget alone: tests/policy/test_budget.py; waits alone: tests/policy/test_backoff.py
9. deadlines: test_retrying
10. decoders: tests/wire/test_sse.py, test_ndjson.py, test_bare_json.py, test_inflate.py and test_kserve.py; streams of
    every provider in any cut: tests/providers/test_contract_streams.py
11. Retry-After: tests/wire/test_retry_after.py
12. paths: test_text; arguments of native operations: tests/providers/test_contract_native.py
13. redaction: test_text
14. batches: test_batching; tests/policy/test_batch.py
15. caches: tests/policy/test_lru.py; partitions: tests/faults/test_caching.py
16. the adaptive limit: tests/policy/test_limit.py
17. keys that are lent equal calls in flight: test_dispatcher_machine; the ring alone: tests/policy/test_keyring.py
18. metrics equal the ledger: here; tests/soak
19. closing: test_closing
20. the same seed gives the same events: here; with other hash seeds: tests/soak
21. what changes nothing: test_metamorphic
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.soak.__main__ import figures
from tests.soak.ledger import ENDINGS
from tests.soak.load import simulate


@given(st.integers(0, 2**32), st.integers(100, 260))
@settings(max_examples=12)
def test_a_load_of_any_seed_adds_up(seed: int, calls: int) -> None:
    """Each job ends once for its caller and once in the metrics, with as many attempts as the service saw requests."""
    result = simulate(calls, seed)
    assert result.wrong == [], figures(result, 0.0)
    assert sum(result.ledger.endings[ending] for ending in ENDINGS) == calls == result.ledger.submitted
    assert +result.ledger.counted == +result.ledger.told


@given(st.integers(0, 2**32))
@settings(max_examples=8)
def test_a_seed_decides_every_event(seed: int) -> None:
    """Two loads of one seed are the same to the last event; those of two seeds are not."""
    first, again, other = (simulate(120, one).ledger for one in (seed, seed, seed + 1))
    assert first.digest == again.digest != other.digest
    assert first.endings == again.endings
