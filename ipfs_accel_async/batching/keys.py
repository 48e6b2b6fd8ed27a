"""Objects that are deleted together (Amazon S3 API reference, DeleteObjects)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipfs_accel_async.batching.forms import Form
from ipfs_accel_async.providers._s3_errors import s3_error
from ipfs_accel_async.types import NativeRequest
from ipfs_accel_async.wire.http import Headers, Response

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from ipfs_accel_async.answers import NativeAnswer
    from ipfs_accel_async.batching.forms import Share
    from ipfs_accel_async.batching.members import Member

_NAMES = ("Key", "VersionId")
_STATUS = {"AccessDenied": 403, "InternalError": 500, "NoSuchBucket": 404, "NoSuchVersion": 404, "SlowDown": 503}


class Keys(Form):
    """Deletions of one object each, in one request; the service tells one by one which failed."""

    operation = "delete_many"

    def key(self, payload: NativeRequest) -> Hashable | None:
        """The bucket; a deletion with conditions or other parameters stays apart."""
        sent = payload.json
        return sent["Bucket"] if set(sent) <= {"Bucket", *_NAMES} and "Key" in sent else None

    def items(self, payload: NativeRequest) -> Sequence[str]:
        """The one key."""
        return (payload.json["Key"],)

    def merged(self, payloads: Sequence[NativeRequest]) -> NativeRequest:
        """All keys."""
        objects = [{name: one.json[name] for name in _NAMES if name in one.json} for one in payloads]
        return NativeRequest(json={"Bucket": payloads[0].json["Bucket"], "Delete": {"Objects": objects}})

    def shares(self, answer: NativeAnswer, members: Sequence[Member]) -> Sequence[Share]:
        """What became of each; one that the answer does not name at all is nobody's success.

        Raises:
            ValueError: The answer leaves one out.
        """
        gone = {_name(one): one for one in answer.get("Deleted") or ()}
        kept = {_name(one): one for one in answer.get("Errors") or ()}
        made: list[Share] = []
        for member in members:
            name = _name(member.payload.json)
            if name in kept:
                said = kept[name]
                status = _STATUS.get(str(said.get("Code")), 400)
                made.append(s3_error(member.call, Response(status, Headers([]), b""), said=said))
                continue
            if name not in gone:
                raise ValueError(f"it says nothing of the key {name[0]!r}")
            told = gone[name]
            raw = {ours: told[theirs] for ours, theirs in _RAW.items() if theirs in told}
            made.append({"status": 204, "raw": raw})
        return made


_RAW = {"DeleteMarker": "DeleteMarker", "VersionId": "DeleteMarkerVersionId"}


def _name(one: Any) -> tuple[str, str]:
    return one["Key"], one.get("VersionId") or ""
