"""One aioboto3 client: nothing of this machine's AWS set-up in it, no retries, no redirects, no probing."""

from __future__ import annotations

import hashlib
import logging
import os
import re
import ssl
from base64 import b64encode
from contextlib import AsyncExitStack
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from anyio import to_thread

from ipfs_accel_async.errors import ConfigError, InvalidRequestError

if TYPE_CHECKING:
    from ipfs_accel_async.wire.s3 import Credentials

DEFAULT_REGION = "us-east-1"
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_UNSENDABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


@dataclass(slots=True)
class Sending:
    """The request that a task is sending: its own headers, and whether it is on its way."""

    headers: tuple[tuple[str, str], ...]
    sent: bool = False


SENDING: ContextVar[Sending] = ContextVar("s3_sending")
"""Of the current task: botocore's events know the client only."""


class ClientKey(NamedTuple):
    """What makes two requests share a client."""

    endpoint: str
    credentials: Credentials | None
    region: str
    addressing: str
    signature: str
    checksums: str
    profile: str
    ca_bundle: str


class OpenClient(NamedTuple):
    """A client and what closes it."""

    client: Any
    closing: AsyncExitStack
    operations: frozenset[str]


async def open_client(key: ClientKey, *, connect_timeout: float) -> OpenClient:
    """A client of aioboto3. What it loads from disk it loads in a thread.

    Raises:
        ConfigError: aioboto3 is not installed, the profile is not there, or the certificates cannot be read.
    """
    if key.ca_bundle:
        await to_thread.run_sync(_check_bundle, key.ca_bundle)
    session = await to_thread.run_sync(_session, key.profile)
    from aiobotocore.config import AioConfig  # type: ignore[import-untyped]
    from botocore import UNSIGNED  # type: ignore[import-untyped]

    from ipfs_accel_async.transport._s3_session import Session

    config = AioConfig(
        connect_timeout=connect_timeout,
        read_timeout=None,  # the call's deadline rules
        max_pool_connections=0,  # no limit: who admits calls is the dispatcher
        signature_version=UNSIGNED if key.signature == "unsigned" else key.signature,
        s3={"addressing_style": key.addressing},
        request_checksum_calculation=key.checksums,
        response_checksum_validation=key.checksums,
        retries={"mode": "standard", "total_max_attempts": 1},
        proxies={},
        defaults_mode="legacy",  # "auto" asks the instance's metadata for its region
        ignore_configured_endpoint_urls=True,
        connector_args={"keepalive_timeout": 15.0},
        http_session_cls=Session,
    )
    credentials: dict[str, str | None] = {}
    if key.credentials is not None:
        access, secret, token = key.credentials
        credentials = {
            "aws_access_key_id": access,
            "aws_secret_access_key": secret,
            "aws_session_token": token or None,
        }
        _unlogged.add(token)
    closing = AsyncExitStack()
    client = await closing.enter_async_context(
        session.client(
            "s3",
            endpoint_url=key.endpoint,
            region_name=key.region or (session.region_name if key.profile else None) or DEFAULT_REGION,
            verify=key.ca_bundle or True,
            config=config,
            **credentials,
        )
    )
    client.meta.events.register_last("before-call.s3", _prepare)
    client.meta.events.register("before-send.s3", _note)
    return OpenClient(client, closing, frozenset(client.meta.service_model.operation_names))


def _check_bundle(path: str) -> None:
    """Read it once: botocore would do so with each connection, as if the connection were broken."""
    try:
        ssl.create_default_context(cafile=path)
    except OSError as error:  # an SSLError is one
        why = error.strerror or "there is no certificate in it"
        raise ConfigError(f"the file that the option 'ca_bundle' names cannot be read: {why}") from None


def _prepare(model: Any, params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
    """Add this call's own headers, and mark it as redirected: botocore would ask for the region and send it again.

    Without ``Expect: 100-continue``: aiohttp waits for the word without end, and not every server gives it. With the
    MD5 that servers older than botocore's CRC32 want of the one operation that must have a checksum.

    Raises:
        InvalidRequestError: A parameter that goes into a header has a character that no header may carry.
    """
    for name, value in params["headers"].items():
        if not _HEADER_NAME.fullmatch(name) or _UNSENDABLE.search(str(value)):
            raise InvalidRequestError(f"{model.name}: a line break or another control character in {name[:40]!r}")
    if model.name == "DeleteObjects":
        digest = hashlib.md5(params["body"], usedforsecurity=False).digest()
        params["headers"].setdefault("Content-MD5", b64encode(digest).decode())
    params["headers"].pop("Expect", None)
    params["headers"].update(SENDING.get().headers)
    context.setdefault("s3_redirect", {})["redirected"] = True


def _note(**_: Any) -> None:
    SENDING.get().sent = True


def _session(profile: str) -> Any:
    """A session with the data of S3 loaded: 0.8 s that would stop the loop."""
    try:
        import aioboto3  # type: ignore[import-untyped]
        from aiobotocore.session import AioSession  # type: ignore[import-untyped]
    except ModuleNotFoundError as error:
        missing = error.name
    else:
        missing = None
    if missing is not None:
        raise ConfigError(f"S3 needs {missing}: pip install 'ipfs-accel-async[s3]'", provider="s3_kit")
    session = AioSession() if profile else AioSession(session_vars=_NO_FILES)
    session.register_component("data_loader", _loader())
    if profile:
        session.set_config_variable("profile", profile)
        session.get_component("credential_provider").remove("iam-role")  # which asks 169.254.169.254
    made = aioboto3.Session(botocore_session=session)
    paths = _loader().search_paths
    paths[:] = dict.fromkeys(paths)  # every session of boto3 adds its own
    return made


@lru_cache(maxsize=1)
def _loader() -> Any:
    """The data of S3, one copy a process: reading it takes a quarter of a second."""
    from botocore.loaders import create_loader  # type: ignore[import-untyped]

    loader = create_loader()
    for name in ("service-2", "endpoint-rule-set-1", "paginators-1"):
        loader.load_service_model("s3", name)
    for name in ("partitions", "endpoints", "sdk-default-configuration", "_retry"):
        loader.load_data(name)
    return loader


_NO_FILES = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}


class _Unlogged(logging.Filter):
    """Cuts session tokens out of what botocore logs at its debug level: signed headers, which have them in full."""

    def __init__(self) -> None:
        super().__init__()
        self._tokens: set[str] = set()

    def add(self, token: str) -> None:
        """Begin to cut out a token."""
        if not token:
            return
        self._tokens.add(token)
        for name in ("botocore.auth", "botocore.endpoint", "aiobotocore.endpoint"):
            logging.getLogger(name).addFilter(self)

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass, cleaned."""
        text = record.getMessage()
        for token in self._tokens:
            if token in text:
                text = text.replace(token, "...")
                record.msg, record.args = text, ()
        return True


_unlogged = _Unlogged()
