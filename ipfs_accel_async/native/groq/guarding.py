"""Guard models, asked as in a chat (Groq documentation, content moderation)."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from ipfs_accel_async.arguments import chat_request
from ipfs_accel_async.errors import ResponseValidationError
from ipfs_accel_async.results import Verdict

if TYPE_CHECKING:
    from ipfs_accel_async.answers import Reply
    from ipfs_accel_async.conversation import Messages
    from ipfs_accel_async.native._handle import Bound


async def guard(bound: Bound, model: str, messages: Messages) -> Verdict:
    """The verdict of a guard model on the last turn of a conversation.

    Raises:
        ResponseValidationError: Its answer is none.
    """
    target = bound.engine.provider(bound.provider).target(model, "chat", bound.endpoint)
    request = chat_request(messages)
    answer = await bound.engine.send("chat", target, request, bound.priority, bound.timeout, tags=bound.tags)
    reply = cast("Reply", answer)
    return verdict_in(reply)


def verdict_in(reply: Reply) -> Verdict:
    """The verdict in a guard's answer: ``safe``, or ``unsafe`` and a line of categories.

    Raises:
        ResponseValidationError: It is neither.
    """
    word, *rest = reply.text.split() or [""]
    if word.lower() == "safe" and not rest:
        return Verdict(flagged=False)
    if word.lower() != "unsafe":
        message = f"a guard answers safe or unsafe, not {reply.text[:60]!r}: use a guard model, or client.chat"
        raise ResponseValidationError(message, target=reply.target, request_id=reply.request_id)
    categories = (name for part in rest for name in part.split(","))
    return Verdict(flagged=True, categories=tuple(name for name in categories if name))
