"""The S3 handle against moto's server, which is nobody's here: everything that the twin is held to, for real."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.real.s3_checks import everything

if TYPE_CHECKING:
    from tests.real.conftest import Peers

pytestmark = [pytest.mark.real, pytest.mark.sockets]


@pytest.fixture(scope="module")
def moto(peers: Peers) -> str:
    """Its address."""
    command = ["{bin}/moto_server", "-H", "127.0.0.1", "-p", "{port}"]
    return peers.start("moto", ["moto[server,s3]>=5,<6"], command, health="/moto-api/").url


async def test_everything_that_the_handle_does(moto: str, tmp_path: Path) -> None:
    """Objects, ranges, listings, parts, copies, presigned URLs, directories, models: the same as with the twin."""
    await everything(moto, "test:testing", tmp_path, os.urandom(12 * 2**20))
