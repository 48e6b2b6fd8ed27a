"""OPEA's megaservices by name (GenAIExamples): pipelines of retrieval, models and guards behind one endpoint each."""

from __future__ import annotations

from base64 import b64decode, b64encode
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from ipfs_accel_async.arguments import chat_request
from ipfs_accel_async.errors import InvalidRequestError, ResponseValidationError
from ipfs_accel_async.native._handle import Native, given
from ipfs_accel_async.providers._openai_parse import reply_of
from ipfs_accel_async.results import Speech
from ipfs_accel_async.types import Image, Message, Text
from ipfs_accel_async.uploads import as_upload

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ipfs_accel_async.answers import NativeAnswer, Reply
    from ipfs_accel_async.conversation import Messages
    from ipfs_accel_async.stream import Stream
    from ipfs_accel_async.uploads import File
    from ipfs_accel_async.wire.multipart import Upload


class Megaservices(Native):
    """Answers of all of them are whole replies; :meth:`stream` reads any of them as it comes."""

    async def ask(
        self,
        service: str,
        messages: Messages,
        *,
        max_tokens: int | None = None,
        temperature: float | None = None,
        **params: Any,
    ) -> Reply:
        """Ask a megaservice by its name, as ``client.chat("opea:" + service, messages)``."""
        payload = chat_request(messages, max_tokens=max_tokens, temperature=temperature, params=params)
        return cast("Reply", await self._chat(service, payload))

    @asynccontextmanager
    async def stream(
        self,
        service: str,
        messages: Messages,
        *,
        max_tokens: int | None = None,
        temperature: float | None = None,
        **params: Any,
    ) -> AsyncIterator[Stream]:
        """The same, read as it comes."""
        payload = chat_request(messages, max_tokens=max_tokens, temperature=temperature, params=params, stream=True)
        async with cast("Stream", await self._chat(service, payload)) as stream:
            yield stream

    async def chatqna(
        self,
        messages: Messages,
        *,
        k: int | None = None,
        top_n: int | None = None,
        search_type: str | None = None,
        score_threshold: float | None = None,
        chat_template: str | None = None,
        **params: Any,
    ) -> Reply:
        """Answer from the documents that were ingested: `k` are retrieved, the best `top_n` of them shown to the model.

        `chat_template` holds ``{context}`` and ``{question}``.
        """
        more = given(
            k=k, top_n=top_n, search_type=search_type, score_threshold=score_threshold, chat_template=chat_template
        )
        return await self.ask("chatqna", messages, **more, **params)

    async def codegen(self, messages: Messages, *, index_name: str | None = None, **params: Any) -> Reply:
        """Write code; with `index_name`, from the documents of that index."""
        return await self.ask("codegen", messages, **given(index_name=index_name), **params)

    async def faqgen(self, messages: Messages, **params: Any) -> Reply:
        """Make questions and answers of a text."""
        return await self.ask("faqgen", messages, **params)

    async def searchqna(self, messages: Messages, **params: Any) -> Reply:
        """Answer from a search of the web."""
        return await self.ask("searchqna", messages, **params)

    async def graphrag(self, messages: Messages, **params: Any) -> Reply:
        """Answer from a graph of what was ingested."""
        return await self.ask("graphrag", messages, **params)

    async def hybridrag(self, messages: Messages, **params: Any) -> Reply:
        """Answer from a graph, vectors and a structured store together."""
        return await self.ask("hybridrag", messages, **params)

    async def videoqna(self, messages: Messages, **params: Any) -> Reply:
        """Answer from videos that were ingested."""
        return await self.ask("videoqna", messages, **params)

    async def multimodalqna(self, messages: Messages, **params: Any) -> Reply:
        """Answer from images, videos and texts that were ingested; messages may have images."""
        return await self.ask("multimodalqna", messages, **params)

    async def visualqna(self, question: str, image: Image | File, **params: Any) -> Reply:
        """Answer a question on an image: an Image, its bytes, or a path."""
        if not isinstance(image, Image):
            file = await as_upload(image, name="image.png")
            image = Image(data=file.data, media_type=file.media_type)
        return await self.ask("visualqna", [Message("user", (Text(question), image))], **params)

    async def codetrans(self, code: str, language_from: str, language_to: str, **params: Any) -> Reply:
        """Rewrite code in another programming language."""
        return await self._from_to("codetrans", code, language_from, language_to, params)

    async def translation(self, text: str, language_from: str, language_to: str, **params: Any) -> Reply:
        """Translate a text."""
        return await self._from_to("translation", text, language_from, language_to, params)

    async def docsum(
        self,
        text: str = "",
        *files: File,
        kind: str = "text",
        summary_type: str | None = None,
        language: str | None = None,
        max_tokens: int | None = None,
        **params: Any,
    ) -> Reply:
        """Summarise a text, or files: documents, or with `kind` ``audio`` or ``video`` recordings.

        `summary_type` is ``auto``, ``stuff``, ``truncate``, ``map_reduce`` or ``refine``.
        """
        if not text and not files:
            raise InvalidRequestError("docsum takes a text or files: there is neither")
        more = {"type": kind, **given(summary_type=summary_type, language=language), **params}
        if not files:
            return await self.ask("docsum", text, max_tokens=max_tokens, **more)
        form: list[tuple[str, str | Upload]] = [("files", await as_upload(file, name="file.txt")) for file in files]
        fields = {"messages": text, "stream": "false", **given(max_tokens=max_tokens), **more}
        form += [(name, str(value)) for name, value in fields.items()]
        answer = await self._call("docsum", form=form)
        try:
            return replace(reply_of(answer.raw, _meta(answer)), id="")
        except (KeyError, TypeError, AttributeError) as error:
            raise _misshapen(answer, "docsum", str(error)) from error

    async def audioqna(
        self, audio: File, *, voice: str | None = None, max_tokens: int | None = None, **params: Any
    ) -> Speech:
        """Answer a spoken question by speech."""
        file = await as_upload(audio, name="audio.wav")
        body = {"audio": b64encode(file.data).decode("ascii"), **given(voice=voice, max_tokens=max_tokens), **params}
        answer = await self._call("audioqna", json=body)
        try:
            data = b64decode(answer.raw, validate=True)
        except (TypeError, ValueError) as error:
            raise _misshapen(answer, "audioqna", "it is no base64 text") from error
        if not data:
            raise _misshapen(answer, "audioqna", "no audio came")
        return Speech(**_meta(answer), data=data, media_type="audio/wav", raw=answer.raw)

    async def retrievaltool(
        self, text: str, *, k: int | None = None, top_n: int | None = None, **params: Any
    ) -> NativeAnswer:
        """The documents that a question brings up, retrieved and reranked, without an answer."""
        return await self._call("retrievaltool", json={"messages": text, **given(k=k, top_n=top_n), **params})

    async def _from_to(self, service: str, text: str, source: str, target: str, params: dict[str, Any]) -> Reply:
        """These services answer as a stream only."""
        async with self.stream(service, text, language_from=source, language_to=target, **params) as stream:
            return await stream.collect()

    async def _chat(self, service: str, payload: Any) -> Any:
        bound = self._bound
        target = bound.engine.provider(bound.provider).target(service, "chat", bound.endpoint)
        return await bound.engine.send("chat", target, payload, bound.priority, bound.timeout, tags=bound.tags)


def _meta(answer: NativeAnswer) -> dict[str, Any]:
    return {
        "target": answer.target,
        "request_id": answer.request_id,
        "provider_request_id": answer.provider_request_id,
        "attempts": answer.attempts,
        "limits": answer.limits,
    }


def _misshapen(answer: NativeAnswer, service: str, fault: str) -> ResponseValidationError:
    message = f"the answer of {service} is not what it should be: {fault}"
    return ResponseValidationError(message, target=answer.target, request_id=answer.request_id)
