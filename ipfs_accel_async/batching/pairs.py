"""Documents that are held against one query: ranks and similarities. Calls of another query cannot share a request."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.batching.forms import Form, params_key, whole
from ipfs_accel_async.payloads import RerankRequest
from ipfs_accel_async.results import Ranked, Ranking

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from ipfs_accel_async.answers import Answer
    from ipfs_accel_async.batching.forms import Share
    from ipfs_accel_async.batching.members import Member


class Pairs(Form):
    """`documents` of a reranking, `others` of a similarity."""

    def key(self, payload: Any) -> Hashable | None:
        """The query and the parameters. How many of the best are wanted is seen to here."""
        params = params_key(payload.params)
        query = payload.query if isinstance(payload, RerankRequest) else payload.text
        return None if params is None else (query, params)

    def items(self, payload: Any) -> tuple[str, ...]:
        """The documents."""
        found: tuple[str, ...] = payload.documents if isinstance(payload, RerankRequest) else payload.others
        return found

    def merged(self, payloads: Sequence[Any]) -> Any:
        """All documents; all of them are ranked, as the best of all may be one caller's."""
        items = tuple(item for payload in payloads for item in self.items(payload))
        return _of(payloads[0], items)

    def cut(self, payload: Any, start: int, stop: int) -> Any:
        """Some of the documents, all to be ranked."""
        return _of(payload, self.items(payload)[start:stop])

    def shares(self, answer: Any, members: Sequence[Member]) -> Sequence[Share]:
        """Each member's documents, numbered as it sent them."""
        wanted = sum(member.items for member in members)
        starts, at = [], 0
        for member in members:
            starts.append(at)
            at += member.items
        if not isinstance(answer, Ranking):
            if len(answer.scores) != wanted:
                raise ValueError(f"it has {len(answer.scores)} items for {wanted}")
            return [
                {"scores": answer.scores[start : start + member.items].copy()}
                for start, member in zip(starts, members, strict=True)
            ]
        if sorted(one.index for one in answer.ranked) != list(range(wanted)):
            raise ValueError(f"its ranks are not those of {wanted} documents")
        owner = [place for place, member in enumerate(members) for _ in range(member.items)]
        ranks: list[list[Ranked]] = [[] for _ in members]
        for one in answer.ranked:
            place = owner[one.index]
            ranks[place].append(Ranked(one.index - starts[place], one.score, one.text))
        return [{"ranked": tuple(own[: member.payload.top_n])} for own, member in zip(ranks, members, strict=True)]

    def joined(self, payload: Any, answers: Sequence[Any]) -> Answer:
        """All documents, best first, only the best if so asked; or all similarities in order."""
        if isinstance(payload, RerankRequest):
            ranked, start = [], 0
            for answer in answers:
                ranked += [Ranked(one.index + start, one.score, one.text) for one in answer.ranked]
                start += len(answer.ranked)
            ranked.sort(key=lambda one: -one.score)
            return whole(answers, ranked=tuple(ranked[: payload.top_n]))  # type: ignore[no-any-return]
        import numpy as np

        return whole(answers, scores=np.concatenate([one.scores for one in answers]))  # type: ignore[no-any-return]


def _of(payload: Any, items: tuple[str, ...]) -> Any:
    if isinstance(payload, RerankRequest):
        return replace(payload, documents=items, top_n=None)
    return replace(payload, others=items)
