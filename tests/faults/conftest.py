"""What scenarios share: their marker, and the fault server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.faults.server import FaultServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", "scenario(id, ...): the rows of the catalogue that a test proves")


@pytest.fixture
async def server() -> AsyncIterator[Any]:
    """A fault server on loopback, gone when the test ends."""
    async with FaultServer() as running:
        yield running
