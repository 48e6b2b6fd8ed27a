"""What tests of real peers get: ``peers.start(...)``, which installs, starts and finally stops them.

A peer's module has a fixture as::

    @pytest.fixture(scope="module")
    def moto(peers: Peers) -> str:
        command = ["{bin}/moto_server", "-H", "127.0.0.1", "-p", "{port}"]
        return peers.start("moto", ["moto[server,s3]>=5,<6"], command, health="/moto-api/").url

and ``pytestmark = [pytest.mark.real, pytest.mark.sockets]``. With REAL_SERVERS_INSTALL=1 pip installs what is absent;
without, its tests are skipped, with the reason.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.real.peers import SCRIPTS, Peer, environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path


class Peers:
    """Starts peers and keeps them until the tests of a module are done.

    Args:
        stack: Ends them.
        folder: For what they write.
    """

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self._stack = stack
        self.folder = folder

    def start(
        self,
        name: str,
        requirements: Sequence[str],
        command: Sequence[str],
        *,
        health: str = "/",
        env: Mapping[str, str] | None = None,
        port: int = 0,
        seconds: float = 120.0,
    ) -> Peer:
        """Start a peer and wait until it serves; the test is skipped, with the reason, where it is not installed.

        Args:
            name: Of its virtual environment; peers of one name share it.
            requirements: As pip takes them.
            command: ``{python}`` and ``{bin}`` are its environment's, ``{scripts}`` is ``tests/real/servers``,
                ``{port}`` its port, ``{folder}`` where it may write.
            health: Path that answers with 2xx as soon as it serves.
            env: Further environment variables, with the same names in braces.
            port: Where it listens; a free one if 0.
            seconds: How long it may take to start.
        """
        made = environment(name, requirements)
        places = {"python": made.python, "bin": str(made.bin), "scripts": str(SCRIPTS), "folder": str(self.folder)}
        peer = Peer(
            [_filled(part, places) for part in command],
            self.folder / f"{name}-{len(list(self.folder.iterdir()))}.log",
            health=health,
            port=port,
            env={key: _filled(value, places) for key, value in (env or {}).items()},
            seconds=seconds,
        )
        return self._stack.enter_context(peer)


def _filled(text: str, places: Mapping[str, str]) -> str:
    for name, place in places.items():
        text = text.replace(f"{{{name}}}", place)
    return text


@pytest.fixture(scope="module")
def peers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peers]:
    """Starts real servers; they are stopped when the module's tests are done."""
    with ExitStack() as stack:
        yield Peers(stack, tmp_path_factory.mktemp("peers"))
