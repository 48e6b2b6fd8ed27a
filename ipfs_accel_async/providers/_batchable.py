"""How many items one request takes, of each service: by its documentation, or what its server takes by default."""

from __future__ import annotations

from typing import Final

from ipfs_accel_async.providers._operation import Batchable

OPENAI_TEXTS: Final = Batchable("texts", 2_048, tokens=300_000, firm=True)
"""OpenAI API reference, embeddings."""
OPENAI_PROMPTS: Final = Batchable("prompts", 20)
"""OpenAI's guide to rate limits puts so many prompts into one request; the reference names no bound."""
OPENAI_INPUTS: Final = Batchable("inputs", 32)
"""The reference names no bound: few enough that a refusal costs little."""
GEMINI_TEXTS: Final = Batchable("texts", 100, firm=True)
"""Gemini API reference, batchEmbedContents."""
OLLAMA_TEXTS: Final = Batchable("texts", 512)
"""Ollama takes any number and works them off by itself."""
_TEI_FIELDS: Final = ("max_client_batch_size", "max_batch_tokens")
TEI_TEXTS: Final = Batchable("texts", 32, bytes=1_900_000, told_by="info", fields=_TEI_FIELDS)
"""TEI's launcher: ``--max-client-batch-size``, ``--payload-limit`` (2 MB, framing included)."""
TEI_PAIRS: Final = Batchable("pairs", 32, bytes=1_900_000, told_by="info", fields=_TEI_FIELDS)
VLLM_TEXTS: Final = Batchable("texts", 1_024)
"""vLLM takes any number: each becomes a request to its engine."""
VLLM_PAIRS: Final = Batchable("pairs", 1_024)
VLLM_PROMPTS: Final = Batchable("prompts", 64)
OVMS_TEXTS: Final = Batchable("texts", 500)
"""OVMS documentation, embeddings: the default of the earlier releases, the later ones take 1,024."""
OVMS_PAIRS: Final = Batchable("pairs", 500)
OVMS_TENSORS: Final = Batchable("tensors", 64)
"""Rows: a model with a dynamic batch takes any number, and its memory grows with them."""
OPEA_TEXTS: Final = Batchable("texts", 32)
"""The embedding microservice passes its texts on to a TEI server."""
OPEA_PAIRS: Final = Batchable("pairs", 32)
LLVM_INFERENCES: Final = Batchable("inferences", 64)
S3_KEYS: Final = Batchable("keys", 1_000, firm=True)
"""Amazon S3 API reference, DeleteObjects."""
