"""Call AI models from asyncio: one :class:`Client`, one ``await``, every backend behind the same resilient stack."""

from typing import TYPE_CHECKING

from ipfs_accel_async._version import __version__
from ipfs_accel_async.answers import Answer, Delta, Embeddings, Event, ModelInfo, ModelList, NativeAnswer, Reply, Usage
from ipfs_accel_async.client import Client
from ipfs_accel_async.conversation import assistant, system, tool, user
from ipfs_accel_async.errors import (
    AccelError,
    AllKeysExhaustedError,
    AllTargetsFailedError,
    APIError,
    AuthenticationError,
    BadRequestError,
    CallError,
    CircuitOpenError,
    ClientClosedError,
    ConfigError,
    ConnectError,
    ContentFilteredError,
    ContextTooLongError,
    CostExceedsLimitError,
    DeadlineExceededError,
    DecodeError,
    DispatcherError,
    ForkedClientError,
    InterruptedCallError,
    InvalidRequestError,
    NotFoundError,
    OverloadedError,
    PermissionDeniedError,
    ProtocolError,
    QueueFullError,
    QuotaExhaustedError,
    RateLimitError,
    RejectedError,
    RequestTimeoutError,
    ResponseTooLargeError,
    ResponseValidationError,
    RoundsExceededError,
    ServerError,
    StreamIncompleteError,
    TLSError,
    TransportError,
    UnexpectedRedirectError,
)
from ipfs_accel_async.keys import Key, Keys, Secret
from ipfs_accel_async.stream import ByteStream, EventStream, Stream
from ipfs_accel_async.transport.mock import MockTransport
from ipfs_accel_async.types import Image, Message, NativePart, Priority, Target, Text, Thinking, Tool, ToolCall
from ipfs_accel_async.vectors import cosine_similarity, normalize
from ipfs_accel_async.wire.multipart import Upload

if TYPE_CHECKING:
    from ipfs_accel_async.cache.disk import DiskStore
    from ipfs_accel_async.cache.exact import Cache
    from ipfs_accel_async.cache.memory import MemoryStore
    from ipfs_accel_async.functions import Function
    from ipfs_accel_async.handler import Handler
    from ipfs_accel_async.native.openai import VoiceTurn
    from ipfs_accel_async.native.s3_kit import PartialFailureError
    from ipfs_accel_async.providers.s3_kit import S3Key
    from ipfs_accel_async.results import (
        Classification,
        Completions,
        Detokenized,
        Label,
        Moderation,
        Picture,
        Pictures,
        Ranked,
        Ranking,
        Similarities,
        Span,
        Speech,
        Tensors,
        TokenCount,
        Tokens,
        Transcript,
        Verdict,
    )
    from ipfs_accel_async.rounds import Conversation
    from ipfs_accel_async.semantic.similar import SemanticCache
    from ipfs_accel_async.shared import Redis

__all__ = [
    "APIError",
    "AccelError",
    "AllKeysExhaustedError",
    "AllTargetsFailedError",
    "Answer",
    "AuthenticationError",
    "BadRequestError",
    "ByteStream",
    "Cache",
    "CallError",
    "CircuitOpenError",
    "Classification",
    "Client",
    "ClientClosedError",
    "Completions",
    "ConfigError",
    "ConnectError",
    "ContentFilteredError",
    "ContextTooLongError",
    "Conversation",
    "CostExceedsLimitError",
    "DeadlineExceededError",
    "DecodeError",
    "Delta",
    "Detokenized",
    "DiskStore",
    "DispatcherError",
    "Embeddings",
    "Event",
    "EventStream",
    "ForkedClientError",
    "Function",
    "Handler",
    "Image",
    "InterruptedCallError",
    "InvalidRequestError",
    "Key",
    "Keys",
    "Label",
    "MemoryStore",
    "Message",
    "MockTransport",
    "ModelInfo",
    "ModelList",
    "Moderation",
    "NativeAnswer",
    "NativePart",
    "NotFoundError",
    "OverloadedError",
    "PartialFailureError",
    "PermissionDeniedError",
    "Picture",
    "Pictures",
    "Priority",
    "ProtocolError",
    "QueueFullError",
    "QuotaExhaustedError",
    "Ranked",
    "Ranking",
    "RateLimitError",
    "Redis",
    "RejectedError",
    "Reply",
    "RequestTimeoutError",
    "ResponseTooLargeError",
    "ResponseValidationError",
    "RoundsExceededError",
    "S3Key",
    "Secret",
    "SemanticCache",
    "ServerError",
    "Similarities",
    "Span",
    "Speech",
    "Stream",
    "StreamIncompleteError",
    "TLSError",
    "Target",
    "Tensors",
    "Text",
    "Thinking",
    "TokenCount",
    "Tokens",
    "Tool",
    "ToolCall",
    "Transcript",
    "TransportError",
    "UnexpectedRedirectError",
    "Upload",
    "Usage",
    "Verdict",
    "VoiceTurn",
    "__version__",
    "assistant",
    "cosine_similarity",
    "fetch_image",
    "normalize",
    "system",
    "tool",
    "user",
]


def __getattr__(name: str) -> object:
    """What few programs name, loaded on first use."""
    if name in __all__:
        from importlib import import_module

        return getattr(import_module(_LATER.get(name, "ipfs_accel_async.results")), name)
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)


_LATER = {
    "Cache": "ipfs_accel_async.cache.exact",
    "DiskStore": "ipfs_accel_async.cache.disk",
    "MemoryStore": "ipfs_accel_async.cache.memory",
    "SemanticCache": "ipfs_accel_async.semantic.similar",
    "Conversation": "ipfs_accel_async.rounds",
    "Function": "ipfs_accel_async.functions",
    "Handler": "ipfs_accel_async.handler",
    "PartialFailureError": "ipfs_accel_async.native.s3_kit",
    "Redis": "ipfs_accel_async.shared",
    "S3Key": "ipfs_accel_async.providers.s3_kit",
    "VoiceTurn": "ipfs_accel_async.native.openai",
    "fetch_image": "ipfs_accel_async.transport.fetch",
}
"""Names of other modules than results, and theirs."""
