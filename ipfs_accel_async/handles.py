"""The client's handles: ``client.openai.files.upload(...)``; each loads on first use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipfs_accel_async import registry

if TYPE_CHECKING:
    from ipfs_accel_async.engine import Engine
    from ipfs_accel_async.handler import Handler
    from ipfs_accel_async.jobs import Batches
    from ipfs_accel_async.native.claude import ClaudeHandle
    from ipfs_accel_async.native.gemini import GeminiHandle
    from ipfs_accel_async.native.groq import GroqHandle
    from ipfs_accel_async.native.hf_tei import HfTeiHandle
    from ipfs_accel_async.native.hf_tgi import HfTgiHandle
    from ipfs_accel_async.native.llvm import LLVMHandle
    from ipfs_accel_async.native.ollama import OllamaHandle
    from ipfs_accel_async.native.opea import OPEAHandle
    from ipfs_accel_async.native.openai import OpenAIHandle
    from ipfs_accel_async.native.ovms import OVMSHandle
    from ipfs_accel_async.native.s3_kit import S3KitHandle
    from ipfs_accel_async.native.vllm import VLLMHandle


class Handles:
    """Mixed into :class:`Client`."""

    _engine: Engine

    def native(self, provider: str) -> Any:
        """The handle of any provider, also of one under a name of your own: its wire's.

        Raises:
            ConfigError: There is no such provider, or it has nothing of its own.
        """
        from ipfs_accel_async.native._handle import Bound

        return registry.handle(self._engine.provider(provider).codec)(Bound(self._engine, provider))

    def handler(
        self, provider: str, model: str = "", base_url: str = "", *, operation: str = "", **defaults: Any
    ) -> Handler:
        """Make an awaitable bound to one model at one address: ``answer = await made(data)``.

        Args:
            provider: Provider name.
            model: Model name; none for services without.
            base_url: Address, instead of the provider's; the host that is contacted.
            operation: ``chat``, ``embed``, ``infer``...; default: the first of these that the provider has.
            defaults: Arguments of every call, under those of the call itself.

        Raises:
            ConfigError: The provider or its key is missing, or the address cannot be used.
            InvalidRequestError: The provider has no such operation.
        """
        from ipfs_accel_async.handler import Handler

        return Handler(self, self._engine, provider, model, base_url, operation, defaults)

    @property
    def batches(self) -> Batches:
        """The batch APIs of OpenAI, Claude, Groq and Gemini as one: many chats, answered within a day, for less."""
        from ipfs_accel_async.jobs import Batches

        return Batches(self._engine)

    @property
    def openai(self) -> OpenAIHandle:
        """OpenAI's own: responses, files, uploads, batches, fine-tuning, vector stores and more."""
        return self.native("openai")  # type: ignore[no-any-return]

    @property
    def claude(self) -> ClaudeHandle:
        """Claude's own: count_tokens, batches, files."""
        return self.native("claude")  # type: ignore[no-any-return]

    @property
    def groq(self) -> GroqHandle:
        """Groq's own: batches, files, audio."""
        return self.native("groq")  # type: ignore[no-any-return]

    @property
    def gemini(self) -> GeminiHandle:
        """Gemini's own: files, cached contents."""
        return self.native("gemini")  # type: ignore[no-any-return]

    @property
    def ollama(self) -> OllamaHandle:
        """Ollama's own: pull, push, create, show, ps and more."""
        return self.native("ollama")  # type: ignore[no-any-return]

    @property
    def hf_tgi(self) -> HfTgiHandle:
        """TGI's own: generate with details, tokenize, info."""
        return self.native("hf_tgi")  # type: ignore[no-any-return]

    @property
    def hf_tei(self) -> HfTeiHandle:
        """TEI's own: embed_all, embed_sparse, predict, info."""
        return self.native("hf_tei")  # type: ignore[no-any-return]

    @property
    def vllm(self) -> VLLMHandle:
        """VLLM's own: score, pooling, LoRA, sleep and more."""
        return self.native("vllm")  # type: ignore[no-any-return]

    @property
    def llvm(self) -> LLVMHandle:
        """LLVM's own: execute, optimize_code, statistics."""
        return self.native("llvm")  # type: ignore[no-any-return]

    @property
    def ovms(self) -> OVMSHandle:
        """OVMS's own: metadata, status, config, reload."""
        return self.native("ovms")  # type: ignore[no-any-return]

    @property
    def opea(self) -> OPEAHandle:
        """OPEA's own: megaservices and microservices."""
        return self.native("opea")  # type: ignore[no-any-return]

    @property
    def s3_kit(self) -> S3KitHandle:
        """S3 Kit: put, get, list, sync, presign and more."""
        return self.native("s3_kit")  # type: ignore[no-any-return]
