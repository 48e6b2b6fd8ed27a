"""Texts of which each has an answer of its own: embeddings, labels, verdicts; and prompts, completed together."""

from __future__ import annotations

from dataclasses import replace
from itertools import accumulate, chain, pairwise
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.answers import Embeddings, Reply
from ipfs_accel_async.batching.forms import Form, params_key, whole
from ipfs_accel_async.errors import ResponseValidationError
from ipfs_accel_async.providers._spoilt import SpoiltRowsError
from ipfs_accel_async.results import Classification, Moderation

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from ipfs_accel_async.answers import Answer
    from ipfs_accel_async.batching.forms import Share
    from ipfs_accel_async.batching.members import Member
    from ipfs_accel_async.payloads import CompleteRequest, ModerateRequest
    from ipfs_accel_async.results import Completions

_ONE_EACH = {"n", "best_of", "echo", "logprobs"}
"""Parameters with which a reply is more than its text: those of one prompt cannot be told from the others'."""


class Texts(Form):
    """`texts` of an embedding or a classification."""

    def key(self, payload: Any) -> Hashable | None:
        """The parameters."""
        return params_key(payload.params)

    def items(self, payload: Any) -> Sequence[Any]:
        """The texts."""
        return payload.texts  # type: ignore[no-any-return]

    def same(self, payload: Any) -> Hashable | None:
        """The texts."""
        return self.items(payload)

    def merged(self, payloads: Sequence[Any]) -> Any:
        """All texts, one after the other."""
        return self._of(payloads[0], tuple(chain.from_iterable(map(self.items, payloads))))

    def cut(self, payload: Any, start: int, stop: int) -> Any:
        """Some of the texts."""
        return self._of(payload, self.items(payload)[start:stop])

    @staticmethod
    def _of(payload: Any, items: Any) -> Any:
        return type(payload)(items, payload.params)

    def shares(self, answer: Any, members: Sequence[Member]) -> Sequence[Share]:
        """As many rows, labels or verdicts as each has texts."""
        if isinstance(answer, Embeddings):
            return _rows(answer, members)
        name = "labels" if isinstance(answer, Classification) else "verdicts"
        return [{name: part} for part in _parts(getattr(answer, name), members)]

    def spared(self, error: Exception, members: Sequence[Member]) -> list[Answer | Exception] | None:
        """Of vectors that are spoilt in part, the others: each is told of its own. What was counted is not known."""
        cause = error.__cause__
        if not isinstance(error, ResponseValidationError) or not isinstance(cause, SpoiltRowsError):
            return None
        import numpy as np

        made: list[Answer | Exception] = []
        for rows, member in zip(_parts(cause.rows, members), members, strict=True):
            faults = [row for row in rows if isinstance(row, str)]
            target, request_id = member.call.target, member.call.request_id
            if faults:
                made.append(ResponseValidationError(faults[0], target=target, request_id=request_id))
            else:
                made.append(Embeddings(target=target, request_id=request_id, vectors=np.stack(rows)))
        return made

    def joined(self, payload: Any, answers: Sequence[Any]) -> Answer:
        """The parts in their order."""
        if isinstance(answers[0], Embeddings):
            import numpy as np  # loaded on first use: most programs never embed

            return whole(answers, vectors=np.concatenate([one.vectors for one in answers]))  # type: ignore[no-any-return]
        name = "labels" if isinstance(answers[0], Classification) else "verdicts"
        made: Classification | Moderation = whole(
            answers, **{name: tuple(part for one in answers for part in getattr(one, name))}
        )
        return made


class Inputs(Texts):
    """`inputs` of a moderation."""

    def key(self, payload: ModerateRequest) -> Hashable | None:
        """The parameters; an image is judged alone."""
        return super().key(payload) if all(isinstance(one, str) for one in payload.inputs) else None

    def items(self, payload: ModerateRequest) -> Sequence[Any]:
        """The inputs."""
        return payload.inputs


class Prompts(Form):
    """Prompts that one request completes (OpenAI API reference, completions: `prompt` as a list)."""

    operation = "complete_batch"

    def key(self, payload: CompleteRequest) -> Hashable | None:
        """All that is said but the prompt; a stream, or several choices, stay apart."""
        params = params_key(payload.params)
        if payload.stream or params is None or not _ONE_EACH.isdisjoint(payload.params):
            return None
        return (payload.suffix, payload.max_tokens, payload.temperature, payload.stop, payload.seed, params)

    def items(self, payload: CompleteRequest) -> Sequence[str]:
        """The prompts."""
        return payload.prompts

    def merged(self, payloads: Sequence[CompleteRequest]) -> CompleteRequest:
        """All prompts, one after the other."""
        return replace(payloads[0], prompts=tuple(prompt for payload in payloads for prompt in payload.prompts))

    def shares(self, answer: Completions, members: Sequence[Member]) -> Sequence[Share]:
        """A reply each."""
        replies = [part[0] for part in _parts(answer.replies, members)]
        return [
            {
                "kind": Reply,
                "text": reply.text,
                "finish_reason": reply.finish_reason,
                "id": reply.id,
                "raw": reply.raw,
            }
            for reply in replies
        ]


def _parts(made: Any, members: Sequence[Member]) -> list[Any]:
    """A sequence in the parts of the members.

    Raises:
        ValueError: It is not as long as all of them together.
    """
    stops = list(accumulate([member.items for member in members]))
    if len(made) != stops[-1]:
        raise ValueError(f"it has {len(made)} items for {stops[-1]}")
    return [made[start:stop] for start, stop in pairwise((0, *stops))]


def _rows(answer: Embeddings, members: Sequence[Member]) -> list[Share]:
    """Each member's vectors, copied: one that keeps its own must not keep everybody's."""
    import numpy as np

    parts = _parts(answer.vectors, members)
    if np.isfinite(answer.vectors).all():
        return [{"vectors": part.copy()} for part in parts]
    return [{"vectors": part.copy()} if np.isfinite(part).all() else _infinite(answer) for part in parts]


def _infinite(answer: Embeddings) -> ResponseValidationError:
    return ResponseValidationError("the vector has a number that is none, or is infinite", target=answer.target)
