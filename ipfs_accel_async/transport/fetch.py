"""Images by address, fetched for a caller who may not be trusted: nothing inside is reached, no secret goes along."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from ipfs_accel_async.errors import (
    AccelError,
    ConnectError,
    DecodeError,
    InvalidRequestError,
    ProtocolError,
    RequestTimeoutError,
    ResponseTooLargeError,
    UnexpectedRedirectError,
)
from ipfs_accel_async.transport._aiohttp import HEADER_LIMITS, OPEN, _as_httpx, ssl_context
from ipfs_accel_async.transport._faults import typed
from ipfs_accel_async.types import Image
from ipfs_accel_async.wire.addresses import is_public, public_host
from ipfs_accel_async.wire.images import media_type

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable, Callable, Sequence

    Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

_HEADERS = {"Accept": "image/*", "Accept-Encoding": "identity", "User-Agent": "ipfs-accel-async"}


async def fetch_image(
    url: str, *, max_bytes: int = 20 * 2**20, timeout: float = 10.0, allow_http: bool = False
) -> Image:
    """The image at an address, with its bytes, for services that fetch none themselves.

    Safe for addresses that others chose: the host's addresses are looked up once, all must be public, and the
    connection goes to one of these; no redirect is followed; no key, cookie or proxy is used.

    Args:
        url: ``https://...``.
        max_bytes: Largest image.
        timeout: Seconds for all of it.
        allow_http: Take ``http://`` too.

    Raises:
        InvalidRequestError: The URL is none, or leads to an address that is not public; nothing was sent.
        UnexpectedRedirectError: The server wants to send us elsewhere.
        ProtocolError: It answered with another status than 200.
        ResponseTooLargeError: The image is larger than `max_bytes`.
        DecodeError: What came is no PNG, JPEG, GIF, WebP, AVIF, HEIC, BMP or TIFF.
        TransportError: It could not be reached, or took longer than `timeout`.
    """
    schemes = frozenset({"https", "http"} if allow_http else {"https"})
    return await _fetch(url, schemes, max_bytes, timeout)


async def _fetch(
    url: str,
    schemes: frozenset[str],
    max_bytes: int,
    timeout: float,
    *,
    resolve: Resolve | None = None,
    allowed: Callable[[str], bool] = is_public,
    tls: ssl.SSLContext | None = None,
) -> Image:
    found = public_host(url, schemes)
    if isinstance(found, str):
        raise InvalidRequestError(f"the image's URL {found}")
    try:
        async with asyncio.timeout(timeout):
            addresses = await (resolve or _resolve)(*found)
            if not addresses or not all(map(allowed, addresses)):
                raise InvalidRequestError("the image's URL leads to an address that is not public: pass its bytes")
            return await _get(url, Pinned(addresses), max_bytes, tls)
    except AccelError:
        raise
    except TimeoutError:
        failure: Exception = RequestTimeoutError(f"the image did not come within {timeout:g} s", phase="body")
    except socket.gaierror:
        failure = ConnectError("the image's host is not known", phase="connect")
    except (aiohttp.ClientError, OSError, ValueError) as error:
        broken = _as_httpx(error)
        broken.__cause__ = error  # where TLS failures are told from others
        failure = typed(broken, phase="first byte")
    raise failure  # outside: the original has the URL in it, which may be signed


async def _resolve(host: str, port: int) -> Sequence[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


class Pinned(AbstractResolver):
    """Knows the addresses that were checked, and asks nobody again: a name may change its address meanwhile.

    Args:
        addresses: Of the one host that is connected to.
    """

    def __init__(self, addresses: Sequence[str]) -> None:
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses, whatever the name."""
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in self._addresses
        ]

    async def close(self) -> None:
        """Nothing is open."""


async def _get(url: str, pinned: Pinned, max_bytes: int, tls: ssl.SSLContext | None) -> Image:
    options: Any = {"cookie_jar": aiohttp.DummyCookieJar(), "auto_decompress": False, "trust_env": False}
    connector = aiohttp.TCPConnector(resolver=pinned, use_dns_cache=False, force_close=True, ssl=tls or ssl_context())
    async with aiohttp.ClientSession(connector=connector, **options, **HEADER_LIMITS) as session:
        OPEN.add(session)
        async with session.get(URL(url, encoded=True), headers=_HEADERS, allow_redirects=False) as response:
            status, length = response.status, response.content_length or 0
            if 300 <= status < 400:
                raise UnexpectedRedirectError(f"HTTP {status}: redirects of images are not followed", status=status)
            if status != 200:
                raise ProtocolError(f"HTTP {status} where an image was expected", status=status)
            data = bytearray()
            while length <= max_bytes and (chunk := await response.content.readany()):
                data += chunk
                length = max(length, len(data))
            if length > max_bytes:
                raise ResponseTooLargeError(f"the image is larger than {max_bytes} bytes (max_bytes)")
            said = response.content_type
    kind = media_type(bytes(data[:16]))
    if kind is None or not said.startswith("image/") or said == "image/svg+xml":
        raise DecodeError("what came is no image, by its content type or by its first bytes", retryable=False)
    return Image(data=bytes(data), media_type=kind)
