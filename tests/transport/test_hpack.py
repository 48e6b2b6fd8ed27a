"""Headers stay out of hpack's debug log once a client of the caller's is in use."""

from __future__ import annotations

import logging

import httpx
import pytest

from ipfs_accel_async.transport._hpack import LOGGERS
from ipfs_accel_async.transport.http import HttpTransport
from tests.canary import CANARY, shows


@pytest.mark.sockets
async def test_a_header_that_is_compressed_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Encoding, decoding and evicting one with the key in it: nothing of it is logged; other lines are."""
    hpack = pytest.importorskip("hpack", reason="HTTP/2 needs h2, of the development extra")
    async with httpx.AsyncClient() as own:
        HttpTransport(own, connect_timeout=1.0, max_response_bytes=1024)
        HttpTransport(own, connect_timeout=1.0, max_response_bytes=1024)
    for name in LOGGERS:
        caplog.set_level(logging.DEBUG, logger=name)
        assert len(logging.getLogger(name).filters) == 1  # however many clients there are
    encoder, decoder = hpack.Encoder(), hpack.Decoder()
    block = encoder.encode([("authorization", f"Bearer {CANARY}"), ("x-one", "1")])
    assert dict(decoder.decode(block))["authorization"] == f"Bearer {CANARY}"
    encoder.header_table_size = 0
    assert caplog.records
    assert not shows(caplog.text + "".join(repr(vars(record)) for record in caplog.records))
