"""The handle of OPEA: its megaservices by name, its microservices, and what they say of themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipfs_accel_async.native._handle import given
from ipfs_accel_async.native.opea._guards import Guards
from ipfs_accel_async.native.opea._megaservices import Megaservices
from ipfs_accel_async.native.opea._stores import ChatHistory, Dataprep, Feedback, PromptRegistry

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ipfs_accel_async.answers import NativeAnswer


class OPEAHandle(Megaservices):
    """OPEA's own. Each service is asked at the address that its option gives, else at the provider's.

    `with_options(base_url=...)` sends all calls to one address.
    """

    @property
    def guards(self) -> Guards:
        """What checks texts: personal data, toxicity, bias, injection, factuality."""
        return Guards(self._bound)

    @property
    def dataprep(self) -> Dataprep:
        """What the retriever searches in: documents and pages."""
        return Dataprep(self._bound)

    @property
    def chathistory(self) -> ChatHistory:
        """Conversations that the service keeps."""
        return ChatHistory(self._bound)

    @property
    def prompt(self) -> PromptRegistry:
        """Prompts that the service keeps."""
        return PromptRegistry(self._bound)

    @property
    def feedback(self) -> Feedback:
        """What users thought of answers."""
        return Feedback(self._bound)

    async def retrieval(
        self,
        text: str,
        embedding: Iterable[float],
        *,
        k: int | None = None,
        search_type: str | None = None,
        score_threshold: float | None = None,
        **params: Any,
    ) -> NativeAnswer:
        """Find the stored documents that are nearest to an embedding: ``answer["retrieved_docs"]``, best first.

        `text` is what was embedded, `k` how many to find (4 if not said), `search_type` ``similarity``,
        ``similarity_distance_threshold``, ``similarity_score_threshold`` or ``mmr``.
        """
        body = {"input": text, "embedding": [float(value) for value in embedding]}
        more = given(k=k, search_type=search_type, score_threshold=score_threshold)
        return await self._call("retrieval", json={**body, **more, **params})

    async def web_retrieval(
        self, text: str, embedding: Iterable[float], *, k: int | None = None, **params: Any
    ) -> NativeAnswer:
        """The same on the web: ``answer["retrieved_docs"]``."""
        body = {"text": text, "embedding": [float(value) for value in embedding]}
        return await self._call("web_retrieval", json={**body, **given(k=k), **params})

    async def lvm(
        self, image: bytes | str, prompt: str, *, max_new_tokens: int | None = None, **params: Any
    ) -> NativeAnswer:
        """Ask the vision model about an image (its bytes, or base64 text): ``answer["text"]``."""
        body = {"image": _base64(image), "prompt": prompt, "stream": False}
        return await self._call("lvm", json={**body, **given(max_new_tokens=max_new_tokens), **params})

    async def health_check(self, service: str = "") -> NativeAnswer:
        """Name, version and description of a service, such as ``embedding``; of the one in the options if not said."""
        return await self._call("health_check", model=service)

    async def statistics(self, service: str = "") -> NativeAnswer:
        """Latencies of a service's endpoints, as it measures them."""
        return await self._call("statistics", model=service)

    async def metrics(self, service: str = "") -> str:
        """Prometheus' text of a service."""
        return (await self._call("metrics", model=service)).text

    async def list_service(self, service: str = "") -> NativeAnswer:
        """The microservices of a megaservice; releases up to 1.1 have this."""
        return await self._call("list_service", model=service)

    async def list_parameters(self, service: str = "") -> NativeAnswer:
        """The parameters of a megaservice; releases up to 1.1 have this."""
        return await self._call("list_parameters", model=service)


def _base64(image: bytes | str) -> str:
    from base64 import b64encode

    return image if isinstance(image, str) else b64encode(image).decode("ascii")


handle = OPEAHandle
