"""Which addresses are public: what may be fetched for somebody else without reaching what only we can reach."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

# global by the registries, yet inside: relays and translators that carry an IPv4 address, and Azure's host
_NOT_PUBLIC = tuple(
    map(
        ipaddress.ip_network,
        ("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32", "2002::/16", "2001::/23", "3fff::/20", "5f00::/16"),
    )
)
_UNICAST = ipaddress.ip_network("2000::/3")
_NAME = re.compile(r"(?=.{1,253}\Z)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)*[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?\.?")
_URL = re.compile(r"[\x21-\x5b\x5d-\x7e]+")
MAX_URL = 8_000


def is_public(address: str) -> bool:
    """Whether an IP address is one that everybody reaches.

    Not so are loopback, private, link-local (the clouds' metadata), shared, documentation, multicast and reserved
    ranges, an IPv6 address that has an IPv4 one in it (mapped, compatible, translated, tunnelled), one with a scope,
    and whatever is no address in its usual notation.
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address) and (parsed.scope_id or parsed not in _UNICAST):
        return False
    return parsed.is_global and not parsed.is_multicast and not any(parsed in net for net in _NOT_PUBLIC)


def public_host(url: str, schemes: frozenset[str]) -> tuple[str, int] | str:
    """Host and port of a URL, or what is wrong with it.

    A host is a name of ASCII letters, or a public address in its usual notation: resolvers take ``127.1``,
    ``0x7f000001``, ``2130706433`` and digits of other alphabets for addresses.

    Args:
        url: As somebody gave it.
        schemes: Those that are allowed.
    """
    if not isinstance(url, str) or not _URL.fullmatch(url) or len(url) > MAX_URL:
        return f"is no URL of at most {MAX_URL} ASCII characters without spaces or backslashes"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "is no URL"
    if parts.scheme not in schemes:
        return f"must start with {' or '.join(f'{scheme}://' for scheme in sorted(schemes))}"
    if "@" in parts.netloc:
        return "has credentials in it"
    if port == 0 or parts.netloc.endswith(":"):
        return "has no port after its colon"
    if not _NAME.fullmatch(host) and not is_public(host):
        return "has a host that is neither a name nor a public address in its usual notation"
    return host, port or (443 if parts.scheme == "https" else 80)
