"""Certificates that are wrong, made on the spot by an authority of our own."""

from __future__ import annotations

import datetime
import ssl
from typing import TYPE_CHECKING

import trustme

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = "127.0.0.1"


def context_of(certificate: trustme.LeafCert) -> ssl.SSLContext:
    """A server's context with a certificate."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(context)
    return context


def good(ca: trustme.CA) -> ssl.SSLContext:
    """A certificate that is right."""
    return context_of(ca.issue_cert(HERE))


def expired(ca: trustme.CA) -> ssl.SSLContext:
    """A certificate whose time is over."""
    return context_of(ca.issue_cert(HERE, not_after=datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)))


def wrong_host(ca: trustme.CA) -> ssl.SSLContext:
    """A certificate for somebody else."""
    return context_of(ca.issue_cert("other.invalid"))


def self_signed(ca: trustme.CA) -> ssl.SSLContext:
    """A certificate by an authority that nobody trusts."""
    return good(trustme.CA())


BAD: dict[str, Callable[[trustme.CA], ssl.SSLContext]] = {
    "expired": expired,
    "another host": wrong_host,
    "self-signed": self_signed,
}
