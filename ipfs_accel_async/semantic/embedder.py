"""Where vectors come from: a provider's ``embed`` through the client's own stack, or a model in this process."""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING, Any, Protocol

from ipfs_accel_async.call import Call
from ipfs_accel_async.errors import ConfigError
from ipfs_accel_async.types import EmbedRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy import float32
    from numpy.typing import NDArray

    from ipfs_accel_async.core import Handler
    from ipfs_accel_async.types import Target

LOCAL = "sentence-transformers"


class Encoder(Protocol):
    """A model in this process, as of sentence-transformers."""

    def encode(self, sentences: list[str], /) -> Any:
        """One vector a text, in their order."""


class Embedder(Protocol):
    """Embeds the texts of one call."""

    async def __call__(self, texts: Sequence[str], call: Call, deadline: float) -> NDArray[float32]:
        """One vector a text, in their order.

        Args:
            texts: What to embed.
            call: The call that it is for: its tenant and its priority are those of the request.
            deadline: In the loop's time.
        """


def checked(embedder: object) -> str:
    """The name of an embedder, which says whose vectors they are.

    Raises:
        ConfigError: It is none.
    """
    if isinstance(embedder, str) and all(embedder.partition(":")):
        return embedder
    if not isinstance(embedder, str) and callable(getattr(embedder, "encode", None)):
        kind = type(embedder)
        return f"{kind.__module__}.{kind.__qualname__}"
    raise ConfigError(
        "a semantic cache needs a real embedder: embedder='openai:text-embedding-3-small', a sentence-transformers"
        f" model on this machine as '{LOCAL}:/path/to/it', or an object with encode(); for equal requests alone use"
        " cache=Cache()"
    )


class Asked:
    """Asks a provider, as a call like others: queued, batched, retried, cached and counted.

    Args:
        handle: The client's stack.
        target: Provider and model.
    """

    def __init__(self, handle: Handler, target: Target) -> None:
        self._handle = handle
        self._target = target

    async def __call__(self, texts: Sequence[str], call: Call, deadline: float) -> NDArray[float32]:
        """One vector a text. Raises: as :meth:`Client.embed`."""
        own = Call(
            operation="embed",
            target=self._target,
            payload=EmbedRequest(tuple(texts)),
            priority=call.priority,
            deadline=deadline,
            submitted=asyncio.get_running_loop().time(),
            request_id=str(uuid.uuid4()),
            tags=call.tags,
        )
        answer = await self._handle(own)
        return answer.vectors  # type: ignore[no-any-return]


class InProcess:
    """Encodes in a worker thread, one text list at a time: such models use all cores by themselves.

    Args:
        load: Gives the model, on first use and in the thread.
    """

    def __init__(self, load: Callable[[], Encoder]) -> None:
        self._load = load
        self._model: Encoder | None = None
        self._turn = asyncio.Lock()

    async def __call__(self, texts: Sequence[str], call: Call, deadline: float) -> NDArray[float32]:
        """One vector a text.

        Raises:
            TimeoutError: They were not there by the deadline.
        """
        async with asyncio.timeout_at(deadline), self._turn:
            return await asyncio.to_thread(self._encode, list(texts))

    def _encode(self, texts: list[str]) -> NDArray[float32]:
        import numpy as np

        if self._model is None:
            self._model = self._load()
        return np.asarray(self._model.encode(texts), np.float32)


def sentence_transformer(name: str) -> Encoder:
    """A sentence-transformers model that is on this machine; nothing is downloaded.

    Args:
        name: Its folder, or its name if it was downloaded before.

    Raises:
        ConfigError: The library or the model is not here.
    """
    try:
        from sentence_transformers import SentenceTransformer  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        raise ConfigError("pip install 'ipfs-accel-async[semantic]' to embed in this process") from None
    try:
        return SentenceTransformer(name, local_files_only=True)  # type: ignore[no-any-return]
    except OSError:
        raise ConfigError(
            f"there is no sentence-transformers model {name[:80]!r} on this machine: name its folder"
        ) from None


def embedder(given: str | Encoder, handle: Handler, target: Callable[[str, str], Target]) -> Embedder:
    """What embeds for one runtime.

    Args:
        given: As :class:`~ipfs_accel_async.semantic.cache.SemanticCache` was given it.
        handle: The runtime's stack.
        target: Of a provider's name and a model.
    """
    if not isinstance(given, str):
        return InProcess(lambda: given)
    provider, _, model = given.partition(":")
    if provider == LOCAL:
        return InProcess(lambda: sentence_transformer(model))
    return Asked(handle, target(provider, model))
