"""Calls of vLLM's unified operations: payload, path, body besides `model`, and the server's class of the body."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ipfs_accel_async.payloads import (
    ClassifyRequest,
    CompleteRequest,
    DetokenizeRequest,
    RerankRequest,
    SimilarityRequest,
    TokenizeRequest,
)
from ipfs_accel_async.types import ChatRequest, Message, ResponseFormat

HELLO = ChatRequest((Message("user", "Hello"),))
RANK = RerankRequest("red fruit", ("apple", "banana", "cherry"))
OUTPUTS = {"structured_outputs": {"choice": ["a", "b"]}}
MESSAGES = {"messages": [{"role": "user", "content": "Hello"}]}
SENT: list[tuple[str, Any, str, dict[str, Any], str]] = [
    ("complete", CompleteRequest(("Hi",)), "/v1/completions", {"prompt": "Hi"}, "CompletionRequest"),
    (
        "complete",
        CompleteRequest(("Hi",), "end", 5, 0.5, ("x",), 7, OUTPUTS),
        "/v1/completions",
        {"prompt": "Hi", "suffix": "end", "max_tokens": 5, "temperature": 0.5, "stop": ["x"], "seed": 7, **OUTPUTS},
        "CompletionRequest",
    ),
    (
        "complete",
        CompleteRequest(("Hi",), stream=True),
        "/v1/completions",
        {"prompt": "Hi", "stream": True, "stream_options": {"include_usage": True}},
        "CompletionRequest",
    ),
    ("complete_batch", CompleteRequest(("a", "b")), "/v1/completions", {"prompt": ["a", "b"]}, "CompletionRequest"),
    (
        "rerank",
        replace(RANK, top_n=2, params={"instruction": "By colour."}),
        "/v1/rerank",
        {"query": "red fruit", "documents": list(RANK.documents), "top_n": 2, "instruction": "By colour."},
        "RerankRequest",
    ),
    (
        "similarity",
        SimilarityRequest("a", ("b", "c"), {"truncate_prompt_tokens": -1}),
        "/v1/score",
        {"text_1": "a", "text_2": ["b", "c"], "truncate_prompt_tokens": -1},
        "ScoreTextRequest",
    ),
    (
        "classify",
        ClassifyRequest(("a",), {"use_activation": False}),
        "/classify",
        {"input": ["a"], "use_activation": False},
        "PoolingCompletionRequest",
    ),
    (
        "tokenize",
        TokenizeRequest("a b", {"return_token_strs": True}),
        "/tokenize",
        {"prompt": "a b", "return_token_strs": True},
        "TokenizeCompletionRequest",
    ),
    ("detokenize", DetokenizeRequest((1, 2)), "/detokenize", {"tokens": [1, 2]}, "DetokenizeRequest"),
    ("count_tokens", HELLO, "/tokenize", MESSAGES, "TokenizeChatRequest"),
    (
        "count_tokens",
        replace(HELLO, max_tokens=5, response_format=ResponseFormat(), params={"add_generation_prompt": False}),
        "/tokenize",
        {**MESSAGES, "add_generation_prompt": False},
        "TokenizeChatRequest",
    ),
    ("chat", replace(HELLO, params=OUTPUTS), "/v1/chat/completions", {**MESSAGES, **OUTPUTS}, "ChatCompletionRequest"),
]
