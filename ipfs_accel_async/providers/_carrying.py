"""How the key travels, where that is not the service's own way: a gateway before it may want another one."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from ipfs_accel_async.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ipfs_accel_async.keys import Secret
    from ipfs_accel_async.tls import TLS


class Carrying:
    """Base of :class:`Codec`.

    Attributes:
        tls: How connections to the service are secured; None: as usual.
    """

    name: ClassVar[str]
    login_host: ClassVar[str] = ""
    """The one host that may get the token of the vendor's own login on this machine."""
    fixed_key_header: ClassVar[bool] = False
    """Whether the key is no header on the wire, but what a library signs with."""
    tls: TLS | None = None
    _own_way: bool = False

    if TYPE_CHECKING:
        auth_headers: Callable[[Secret], Iterable[tuple[bytes, bytes]]]

    def carry(self, header: str | None, scheme: str | None) -> None:
        """Send the key in another header, or behind another word.

        Args:
            header: Name of the header; None: ``Authorization``.
            scheme: The word before the key; None: ``Bearer`` in ``Authorization``, else none.

        Raises:
            ConfigError: This service has no header for its key.
        """
        if header is None and scheme is None:
            return
        if self.fixed_key_header:
            raise ConfigError(f"{self.name} signs with its key: key_header and key_scheme are not for it")
        name = (header or "authorization").lower()
        word = ("Bearer" if name == "authorization" else "") if scheme is None else scheme
        self._own_way = True
        self.auth_headers = partial(_carried, name.encode("ascii"), word)

    def token_headers(self, key: Secret) -> Iterable[tuple[bytes, bytes]]:
        """A token's header, on a service that has another one for keys."""
        return self.auth_headers(key) if self._own_way else ((b"authorization", key.header("Bearer")),)


def _carried(name: bytes, word: str, key: Secret) -> Iterable[tuple[bytes, bytes]]:
    return ((name, key.header(word)),)
