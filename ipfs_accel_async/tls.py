"""How a connection is secured beyond the defaults: authorities of one's own, and a certificate to show (mTLS)."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import TYPE_CHECKING

from ipfs_accel_async.errors import ConfigError

if TYPE_CHECKING:
    import os
    from collections.abc import Callable


class TLS:
    """Certificates of a client: read and checked when it is made, so a renewed one takes a new value.

    The repr names no file: the place of a private key is nobody's business.

    Args:
        ca_file: Authorities to trust, PEM; instead of the usual ones, not beside them.
        cert_file: The certificate to show to a server that asks for one, PEM, with those between it and its authority.
        key_file: Its private key, PEM; default: it is in `cert_file`.
        password: Of the private key, where it is encrypted.
        context: An ``ssl.SSLContext`` to use as given, instead of all these.

    Raises:
        ConfigError: A file cannot be read, or certificate and key do not belong together.
    """

    __slots__ = ("_ca", "_context", "_shown")

    def __init__(
        self,
        *,
        ca_file: str | os.PathLike[str] | None = None,
        cert_file: str | os.PathLike[str] | None = None,
        key_file: str | os.PathLike[str] | None = None,
        password: str | None = None,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._context = context
        self._ca: Path | None = None
        self._shown: _Shown | None = None
        files = {"ca_file": ca_file, "cert_file": cert_file, "key_file": key_file}
        fault = _unreadable(files)
        if context is not None and any(files.values()):
            fault = "pass a context or files, not both"
        elif cert_file is None and (key_file is not None or password is not None):
            fault = "key_file and password go with cert_file, which has the certificate"
        elif not fault:
            self._ca = None if ca_file is None else Path(ca_file).expanduser()
            self._shown = None if cert_file is None else _Shown(cert_file, key_file, password)
            fault = self._mismatch()
        del ca_file, cert_file, key_file, password, files  # a traceback that captures locals would show them
        if fault:
            raise ConfigError(f"tls: {fault}")

    def context(self, usual: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
        """The context, always the same one: connections are kept by it.

        Args:
            usual: Makes one that trusts the usual authorities.
        """
        if self._context is None:
            made = usual() if self._ca is None else ssl.create_default_context(cafile=self._ca)
            if self._shown is not None:
                self._shown.into(made)
            self._context = made
        return self._context

    def _mismatch(self) -> str:
        """What is wrong inside the files, in words of ours: those of OpenSSL are for who knows it."""
        probe = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        try:
            if self._ca is not None:
                probe.load_verify_locations(self._ca)
        except OSError:  # an SSLError is one
            return "ca_file has no certificate in PEM"
        try:
            if self._shown is not None:
                self._shown.into(probe)
        except (OSError, ValueError):
            return "cert_file and key_file are no certificate and its own private key in PEM, or the password is wrong"
        return ""

    def __repr__(self) -> str:
        return "TLS(...)"


class _Shown:
    """A certificate and its key, for contexts to load."""

    __slots__ = ("_cert", "_key", "_password")

    def __init__(self, cert: str | os.PathLike[str], key: str | os.PathLike[str] | None, password: str | None) -> None:
        self._cert = Path(cert).expanduser()
        self._key = None if key is None else Path(key).expanduser()
        self._password = password or ""

    def into(self, context: ssl.SSLContext) -> None:
        """Let a context show it. The password is never asked of the terminal, as OpenSSL would."""
        context.load_cert_chain(self._cert, self._key, lambda: self._password)

    def __repr__(self) -> str:
        return "..."


def _unreadable(files: dict[str, str | os.PathLike[str] | None]) -> str:
    for name, path in files.items():
        if path is None:
            continue
        try:
            with Path(path).expanduser().open("rb"):
                pass
        except TypeError:
            return f"{name} is a path, not {type(path).__name__}"
        except (OSError, ValueError) as error:
            return f"the file that {name} names cannot be read: {type(error).__name__}"
    return ""
