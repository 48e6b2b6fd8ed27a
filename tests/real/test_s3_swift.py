"""The S3 handle against OpenStack Swift's S3 front end, which verifies every signature."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from ipfs_accel_async import AuthenticationError, Client
from ipfs_accel_async.providers.s3_kit import S3Key
from tests.real.peers import SCRIPTS, Peer
from tests.real.s3_checks import everything

pytestmark = [pytest.mark.real, pytest.mark.sockets]
COMMANDS = ("memcached", "swift-ring-builder", "swift-proxy-server", "swift-object-server")


def five_free_ports() -> int:
    """The first of five ports in a row, below those that the system gives out meanwhile."""
    for first in range(20_000, 30_000, 5):
        try:
            for port in range(first, first + 5):
                socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return first
    pytest.skip("there are no five free ports in a row")


@pytest.fixture(scope="module")
def swift(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Its address; it comes from the distribution's packages, not from pip."""
    missing = [name for name in COMMANDS if shutil.which(name) is None]
    if missing or os.geteuid() != 0:
        pytest.skip(f"Swift needs root and its packages (see servers/swift_s3.sh): {', '.join(missing) or 'not root'}")
    folder = tmp_path_factory.mktemp("swift")
    command = ["bash", str(SCRIPTS / "swift_s3.sh"), str(folder), "{port}"]
    with Peer(command, folder / "swift.log", health="/healthcheck", port=five_free_ports()) as peer:
        yield peer.url


async def test_everything_that_the_handle_does(swift: str, tmp_path: Path) -> None:
    """Signed and verified, checksums, presigned URLs and parts included."""
    await everything(swift, S3Key("test:tester", "testing").reveal(), tmp_path, os.urandom(12 * 2**20))


async def test_a_secret_that_is_wrong(swift: str) -> None:
    """SignatureDoesNotMatch is an AuthenticationError, sent once."""
    async with Client(keys={"s3_kit": S3Key("test:tester", "wrong")}, base_urls={"s3_kit": swift}) as ai:
        with pytest.raises(AuthenticationError) as caught:
            await ai.s3_kit.buckets.list()
    assert (caught.value.code, caught.value.attempts) == ("SignatureDoesNotMatch", 1)
