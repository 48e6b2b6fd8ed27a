"""Answers as JSON, and back: one pair of functions a kind, and nothing that is not in the table is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from ipfs_accel_async.answers import Embeddings, ModelInfo, ModelList, Reply
from ipfs_accel_async.cache.fields import array, flag, number, objects, packed, text, texts, whole, wholes
from ipfs_accel_async.cache.replies import read_reply, write_reply

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ipfs_accel_async.answers import Answer
    from ipfs_accel_async.results import (
        Classification,
        Completions,
        Detokenized,
        Moderation,
        Ranking,
        Similarities,
        Span,
        Tensors,
        TokenCount,
        Tokens,
        Transcript,
    )

    Written: TypeAlias = dict[str, Any]
    Head: TypeAlias = Mapping[str, Any]


def write(answer: Answer) -> Written | None:
    """An answer's own fields; None where it has something that JSON has no word for.

    Raises:
        KeyError: Answers of its kind are never kept.
    """
    return _KINDS[type(answer).__name__][0](answer)


def read(kind: str, kept: Written, head: Head) -> Answer:
    """The answer again.

    Args:
        kind: Name of its class.
        kept: What :func:`write` gave.
        head: The fields that every answer has.

    Raises:
        MisshapenError, LookupError, TypeError, ValueError: It is something else.
    """
    return _KINDS[kind][1](kept, head)


def _completions(answer: Completions) -> Written:
    return {"replies": [write_reply(reply) | {"model": reply.model} for reply in answer.replies]}


def _as_completions(kept: Written, head: Head) -> Completions:
    from ipfs_accel_async.results import Completions

    replies = [read_reply(one, {**head, "model": text(one, "model")}) for one in objects(kept, "replies")]
    return Completions(**head, replies=tuple(replies))


def _as_embeddings(kept: Written, head: Head) -> Embeddings:
    return Embeddings(**head, vectors=array(kept, "vectors", "<f4"))


def _as_similarities(kept: Written, head: Head) -> Similarities:
    from ipfs_accel_async.results import Similarities

    return Similarities(**head, scores=array(kept, "scores", "<f4"))


def _tensors(answer: Tensors) -> Written | None:
    outputs = {name: packed(output) for name, output in answer.outputs.items()}
    return None if None in outputs.values() else {"outputs": outputs, "version": answer.version}


def _as_tensors(kept: Written, head: Head) -> Tensors:
    from ipfs_accel_async.results import Tensors

    outputs = {name: array(kept["outputs"], name) for name in kept["outputs"]}
    return Tensors(**head, outputs=outputs, version=text(kept, "version"))


def _ranking(answer: Ranking) -> Written:
    return {"ranked": [{"index": one.index, "score": one.score, "text": one.text} for one in answer.ranked]}


def _as_ranking(kept: Written, head: Head) -> Ranking:
    from ipfs_accel_async.results import Ranked, Ranking

    ranked = [Ranked(whole(one, "index"), number(one, "score"), text(one, "text")) for one in objects(kept, "ranked")]
    return Ranking(**head, ranked=tuple(ranked))


def _classification(answer: Classification) -> Written:
    return {"texts": [{"labels": [{"label": a.label, "score": a.score} for a in one]} for one in answer.labels]}


def _as_classification(kept: Written, head: Head) -> Classification:
    from ipfs_accel_async.results import Classification, Label

    labels = [
        tuple(Label(text(label, "label"), number(label, "score")) for label in objects(one, "labels"))
        for one in objects(kept, "texts")
    ]
    return Classification(**head, labels=tuple(labels))


def _moderation(answer: Moderation) -> Written:
    return {
        "verdicts": [
            {"flagged": a.flagged, "categories": list(a.categories), "scores": dict(a.scores), "text": a.text}
            for a in answer.verdicts
        ]
    }


def _as_moderation(kept: Written, head: Head) -> Moderation:
    from ipfs_accel_async.results import Moderation, Verdict

    verdicts = [
        Verdict(
            flag(one, "flagged"),
            texts(one, "categories"),
            {name: number(one["scores"], name) for name in one["scores"]},
            text(one, "text"),
        )
        for one in objects(kept, "verdicts")
    ]
    return Moderation(**head, verdicts=tuple(verdicts))


def _tokens(answer: Tokens) -> Written:
    return {"ids": list(answer.ids), "texts": list(answer.texts)}


def _as_tokens(kept: Written, head: Head) -> Tokens:
    from ipfs_accel_async.results import Tokens

    return Tokens(**head, ids=tuple(wholes(kept, "ids")), texts=texts(kept, "texts"))


def _as_detokenized(kept: Written, head: Head) -> Detokenized:
    from ipfs_accel_async.results import Detokenized

    return Detokenized(**head, text=text(kept, "text"))


def _as_token_count(kept: Written, head: Head) -> TokenCount:
    from ipfs_accel_async.results import TokenCount

    return TokenCount(**head, tokens=whole(kept, "tokens"), estimated=flag(kept, "estimated"))


def _transcript(answer: Transcript) -> Written:
    return {
        "text": answer.text,
        "language": answer.language,
        "duration": answer.duration,
        "words": [_span(one) for one in answer.words],
        "segments": [_span(one) for one in answer.segments],
    }


def _span(span: Span) -> Written:
    return {"text": span.text, "start": span.start, "end": span.end}


def _as_transcript(kept: Written, head: Head) -> Transcript:
    from ipfs_accel_async.results import Span, Transcript

    words, segments = (
        tuple(Span(text(one, "text"), number(one, "start"), number(one, "end")) for one in objects(kept, name))
        for name in ("words", "segments")
    )
    duration = None if kept["duration"] is None else number(kept, "duration")
    language = text(kept, "language")
    said = text(kept, "text")
    return Transcript(**head, text=said, language=language, duration=duration, words=words, segments=segments)


def _models(answer: ModelList) -> Written:
    return {"models": [{"id": one.id, "owner": one.owner, "raw": one.raw} for one in answer.models]}


def _as_models(kept: Written, head: Head) -> ModelList:
    models = [ModelInfo(text(one, "id"), text(one, "owner"), one["raw"]) for one in objects(kept, "models")]
    return ModelList(**head, models=tuple(models))


def _array(name: str) -> Callable[[Any], Written | None]:
    def write_array(answer: Any) -> Written | None:
        made = packed(getattr(answer, name))
        return None if made is None else {name: made}

    return write_array


_KINDS: dict[str, tuple[Callable[[Any], Written | None], Callable[[Written, Head], Answer]]] = {
    Reply.__name__: (write_reply, read_reply),
    Embeddings.__name__: (_array("vectors"), _as_embeddings),
    ModelList.__name__: (_models, _as_models),
    "Completions": (_completions, _as_completions),
    "Similarities": (_array("scores"), _as_similarities),
    "Tensors": (_tensors, _as_tensors),
    "Ranking": (_ranking, _as_ranking),
    "Classification": (_classification, _as_classification),
    "Moderation": (_moderation, _as_moderation),
    "Tokens": (_tokens, _as_tokens),
    "Detokenized": (lambda answer: {"text": answer.text}, _as_detokenized),
    "TokenCount": (lambda answer: {"tokens": answer.tokens, "estimated": answer.estimated}, _as_token_count),
    "Transcript": (_transcript, _as_transcript),
}
"""By the name of an answer's class, so that only the kinds that are used are loaded."""
