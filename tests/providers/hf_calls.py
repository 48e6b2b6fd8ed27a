"""The chat calls of the OpenAI wire as TGI takes them: in our words, in those of the hub's client, and as sent."""

from __future__ import annotations

from typing import Any, NamedTuple

from ipfs_accel_async.types import ChatRequest, Message
from tests.providers.openai_calls import CASES, SCHEMA, THEIR_HELLO

HUB = {
    "frequency_penalty", "logit_bias", "logprobs", "max_tokens", "messages", "n", "presence_penalty", "response_format",
    "seed", "stop", "stream_options", "temperature", "tool_choice", "tool_prompt", "tools", "top_logprobs", "top_p",
}  # fmt: skip


class HubCase(NamedTuple):
    """One call: our payload, the arguments of the hub's ``chat_completion``, and the body besides `model`."""

    name: str
    ours: ChatRequest
    theirs: dict[str, Any]
    sent: dict[str, Any]


def _case(name: str, ours: ChatRequest, openai: dict[str, Any]) -> HubCase:
    sent = dict(openai)
    if "max_completion_tokens" in sent:
        sent["max_tokens"] = sent.pop("max_completion_tokens")
    theirs = {key: value for key, value in sent.items() if key in HUB}
    theirs["extra_body"] = {key: value for key, value in sent.items() if key not in HUB} or None
    if sent.get("response_format", {}).get("type") == "json_schema":
        sent["response_format"] = {"type": "json_object", "value": sent["response_format"]["json_schema"]["schema"]}
    return HubCase(name, ours, theirs, sent)


NATIVE = {"type": "regex", "value": "[0-9]+"}
HUB_CASES = [
    *(_case(case.name, case.ours, case.theirs) for case in CASES if case.name != "any JSON"),
    _case(
        "grammar of its own",
        ChatRequest((Message("user", "Hello"),), response_format=NATIVE, params={"tool_prompt": "Use one.", "n": 1}),
        {"messages": [THEIR_HELLO], "response_format": NATIVE, "tool_prompt": "Use one.", "n": 1},
    ),
]
HUB_IDS = [case.name for case in HUB_CASES]
__all__ = ["HUB_CASES", "HUB_IDS", "SCHEMA", "HubCase"]
