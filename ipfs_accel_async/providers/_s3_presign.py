"""Presigned URLs, signature version 4 (Amazon S3 API reference, authenticating requests with query parameters)."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from ipfs_accel_async.errors import InvalidRequestError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from ipfs_accel_async.wire.s3 import Credentials

LONGEST = 7 * 24 * 3600


def presigned(
    method: str,
    endpoint: str,
    bucket: str,
    key: str,
    *,
    credentials: Credentials,
    region: str,
    virtual: bool,
    now: datetime,
    expires: int,
    query: Mapping[str, str],
    headers: Mapping[str, str],
) -> str:
    """A URL that lets whoever has it carry out one request, until it expires. Nothing is sent.

    Args:
        method: ``GET``, ``PUT``, ``HEAD`` or ``DELETE``.
        endpoint: Base URL of the service.
        bucket: The bucket.
        key: The object's key.
        credentials: What it is signed with.
        region: The bucket's.
        virtual: Put the bucket into the host name instead of the path.
        now: The time of signing, UTC.
        expires: Seconds from `now` on, at most a week.
        query: Further query parameters, signed.
        headers: Headers that the request must carry exactly so.

    Raises:
        InvalidRequestError: `expires` is out of range.
    """
    if isinstance(expires, bool) or not isinstance(expires, int) or not 1 <= expires <= LONGEST:
        raise InvalidRequestError(f"expires is a number of seconds from 1 to {LONGEST}, not {expires!r}")
    parts = urlsplit(endpoint)
    host = f"{bucket}.{parts.netloc}" if virtual else parts.netloc
    path = f"{parts.path}/" if virtual else f"{parts.path}/{quote(bucket, safe='')}/"
    path += quote(key, safe="/~")
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    scope = f"{stamp[:8]}/{region}/s3/aws4_request"
    signed = {"host": host, **{name.lower(): " ".join(value.split()) for name, value in headers.items()}}
    names = ";".join(sorted(signed))
    fields = {
        **query,
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": f"{credentials.access}/{scope}",
        "X-Amz-Date": stamp,
        "X-Amz-Expires": str(expires),
        "X-Amz-SignedHeaders": names,
    }
    if credentials.session:
        fields["X-Amz-Security-Token"] = credentials.session
    asked = "&".join(f"{_quoted(name)}={_quoted(fields[name])}" for name in sorted(fields))
    lines = "".join(f"{name}:{signed[name]}\n" for name in sorted(signed))
    canonical = f"{method}\n{path}\n{asked}\n{lines}\n{names}\nUNSIGNED-PAYLOAD"
    text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key_bytes = f"AWS4{credentials.secret}".encode()
    for step in (stamp[:8], region, "s3", "aws4_request"):
        key_bytes = hmac.digest(key_bytes, step.encode(), "sha256")
    signature = hmac.digest(key_bytes, text.encode(), "sha256").hex()
    return f"{parts.scheme}://{host}{path}?{asked}&X-Amz-Signature={signature}"


def _quoted(text: str) -> str:
    return quote(text, safe="-_.~")
