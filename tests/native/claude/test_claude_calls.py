"""Claude's own operations: exactly what each method sends, and what it refuses to send."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ipfs_accel_async import (
    Client,
    InvalidRequestError,
    MockTransport,
    OverloadedError,
    ResponseValidationError,
    StreamIncompleteError,
)
from ipfs_accel_async.simulator.forms import parse_form
from ipfs_accel_async.wire.http import Response

if TYPE_CHECKING:
    from collections.abc import Callable

    from ipfs_accel_async.native.claude import ClaudeHandle

HELLO = [{"role": "user", "content": "Hello"}]
MESSAGE = {"id": "msg_1", "content": [{"type": "text", "text": "Hi"}]}
BATCH = {"id": "msgbatch_1", "processing_status": "in_progress"}
FILE = {"id": "file_1"}
PAGE: dict[str, Any] = {"data": []}
BETA = "files-api-2025-04-14"


class Fixture:
    """A client on a transport that gives these answers in turn, and Claude's handle."""

    def __init__(self, *answers: Any, **options: str) -> None:
        self.answers = list(answers)
        self.transport = MockTransport(self._answer)
        self.ai = Client(
            transport=self.transport,
            keys={"claude": "sk-ant"},
            providers={"claude": {"options": options}},
            max_retries=0,
        )
        self.claude: ClaudeHandle = self.ai.claude

    def _answer(self, _: Any) -> Any:
        answer = self.answers.pop(0) if self.answers else {}
        return answer if isinstance(answer, Response) else MockTransport.reply(answer)

    @property
    def sent(self) -> Any:
        """The newest request."""
        return self.transport.requests[-1]

    @property
    def headers(self) -> dict[str, str]:
        """Its headers; of those sent twice, the last."""
        return {name.decode(): value.decode() for name, value in self.sent.headers}

    async def __aenter__(self) -> Fixture:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.ai.aclose()


CALLS: list[tuple[Callable[[Any], Any], Any, str, str, Any]] = [
    (
        lambda c: c.messages.create("m", HELLO, max_tokens=9, system="Be brief.", temperature=0.2),
        MESSAGE,
        "POST",
        "/v1/messages",
        {"model": "m", "max_tokens": 9, "messages": HELLO, "system": "Be brief.", "temperature": 0.2},
    ),
    (
        lambda c: c.messages.count_tokens("m", HELLO, system="Be brief."),
        {"input_tokens": 3},
        "POST",
        "/v1/messages/count_tokens",
        {"model": "m", "messages": HELLO, "system": "Be brief."},
    ),
    (
        lambda c: c.batches.create({"a": {"model": "m", "max_tokens": 5, "messages": HELLO}}),
        BATCH,
        "POST",
        "/v1/messages/batches",
        {"requests": [{"custom_id": "a", "params": {"model": "m", "max_tokens": 5, "messages": HELLO}}]},
    ),
    (lambda c: c.batches.list(limit=2, after_id="b"), PAGE, "GET", "/v1/messages/batches?limit=2&after_id=b", None),
    (lambda c: c.batches.list(before_id="b"), PAGE, "GET", "/v1/messages/batches?before_id=b", None),
    (lambda c: c.batches.get("a b"), BATCH, "GET", "/v1/messages/batches/a%20b", None),
    (lambda c: c.batches.cancel("b"), BATCH, "POST", "/v1/messages/batches/b/cancel", None),
    (lambda c: c.batches.delete("b"), {"id": "b"}, "DELETE", "/v1/messages/batches/b", None),
    (lambda c: c.files.list(limit=2, page="page_2"), PAGE, "GET", "/v1/files?limit=2&page=page_2", None),
    (lambda c: c.files.list(after_id="f", before_id="g"), PAGE, "GET", "/v1/files?after_id=f&before_id=g", None),
    (lambda c: c.files.get("f"), FILE, "GET", "/v1/files/f", None),
    (lambda c: c.files.delete("f"), FILE, "DELETE", "/v1/files/f", None),
    (lambda c: c.models.list(limit=3, after_id="m"), PAGE, "GET", "/v1/models?limit=3&after_id=m", None),
    (lambda c: c.models.list(before_id="m"), PAGE, "GET", "/v1/models?before_id=m", None),
    (lambda c: c.models.get("claude/x"), {"id": "x"}, "GET", "/v1/models/claude%2Fx", None),
]  # fmt: skip


@pytest.mark.parametrize(("call", "answer", "method", "path", "body"), CALLS)
async def test_a_method_sends_its_row(
    call: Callable[[Any], Any], answer: Any, method: str, path: str, body: Any
) -> None:
    """Method, path, query, body and key of each, and the answer's fields come back."""
    async with Fixture(answer) as made:
        got = await call(made.claude)
        assert (made.sent.method, made.sent.url.removeprefix("https://api.anthropic.com")) == (method, path)
        assert (json.loads(made.sent.body) if made.sent.body else None) == body
        assert (made.headers["x-api-key"], made.headers["anthropic-version"]) == ("sk-ant", "2023-06-01")
        assert got.raw == answer
        assert len(made.transport.requests) == 1


async def test_an_upload_is_a_form() -> None:
    """The file is a part with its name and type; the time that it is kept is a field."""
    async with Fixture(FILE) as made:
        answer = await made.claude.files.upload(("notes.txt", b"Salt."), expires_in_seconds=3600)
        form = parse_form(made.headers["content-type"], made.sent.body)
    (part,) = form["file"]
    assert (part.filename, part.media, part.data) == ("notes.txt", "text/plain", b"Salt.")
    assert form["expires_in_seconds"][0].text == "3600"
    assert (made.sent.method, made.sent.url) == ("POST", "https://api.anthropic.com/v1/files")
    assert answer["id"] == "file_1"


async def test_a_download_gives_bytes_whole_or_as_they_come() -> None:
    """Both ways send the same request."""
    whole, pieces = (MockTransport.reply(body=b"\x00\xff" * 9, headers={"content-type": "image/png"}) for _ in "ab")
    async with Fixture(whole, pieces) as made:
        assert await made.claude.files.download("f") == b"\x00\xff" * 9
        async with made.claude.files.stream_download("f") as stream:
            assert stream.answer.media_type == "image/png"
            assert await stream.collect() == b"\x00\xff" * 9
    first, second = made.transport.requests
    assert first.url == second.url == "https://api.anthropic.com/v1/files/f/content"


@pytest.mark.parametrize(
    ("options", "sent"),
    [
        ({}, [BETA]),
        ({"beta": "skills-2025-10-02"}, ["skills-2025-10-02", BETA]),
        ({"api_version": "2026-10-21"}, []),
        ({"api_version": "2026-10-21", "beta": "skills-2025-10-02"}, ["skills-2025-10-02"]),
    ],
)
async def test_files_are_a_beta_under_the_old_version_only(options: dict[str, str], sent: list[str]) -> None:
    """Each call of theirs carries the name beside the caller's own; other calls do not."""
    async with Fixture(FILE, FILE, PAGE, FILE, b"", FILE, **options) as made:
        made.answers[4] = MockTransport.reply(body=b"x")
        files = made.claude.files
        await files.upload(b"x")
        await files.get("f")
        await files.list()
        await files.delete("f")
        await files.download("f")
        await made.claude.models.get("m")
        *calls, other = made.transport.requests
    names = [[value.decode() for name, value in call.headers if name == b"anthropic-beta"] for call in calls]
    assert names == [sent] * 5
    assert BETA not in str(other.headers)


async def test_pages_follow_each_other_in_both_of_the_services_ways() -> None:
    """``has_more`` with ``last_id``, and ``next_page``; the size of a page goes with each."""
    old = {"data": [{"id": "a"}, {"id": "b"}], "has_more": True, "last_id": "b"}
    new = {"data": [{"id": "c"}], "next_page": "page_2"}
    last = {"data": [{"id": "d"}], "has_more": False, "next_page": None}
    async with Fixture(old, new, last) as made:
        assert [item["id"] async for item in made.claude.files.iterate(limit=2)] == ["a", "b", "c", "d"]
    queries = [request.url.partition("?")[2] for request in made.transport.requests]
    assert queries == ["limit=2", "limit=2&after_id=b", "limit=2&page=page_2"]


async def test_a_list_that_never_ends_is_refused() -> None:
    """A page that names itself as the next one would be asked for for ever."""
    page = {"data": [{"id": "a"}], "has_more": True, "last_id": "a"}
    async with Fixture(page, page, page) as made:
        with pytest.raises(ResponseValidationError, match="does not end"):
            _ = [item async for item in made.claude.batches.iterate()]
        assert len(made.transport.requests) == 2


def events(*values: Any) -> Response:
    """A stream of these events."""
    body = b"".join(b"event: %s\ndata: %s\n\n" % (v["type"].encode(), json.dumps(v).encode()) for v in values)
    return MockTransport.reply(body=body, headers={"content-type": "text/event-stream"})


async def test_events_come_as_the_service_names_them_up_to_its_end_mark() -> None:
    """Pings and unknown ones too; what follows ``message_stop`` is no part of it."""
    stop = {"type": "message_stop"}
    sent = [{"type": "message_start", "message": MESSAGE}, {"type": "ping"}, {"type": "of_tomorrow", "x": 1}, stop]
    async with (
        Fixture(events(*sent, {"type": "late"})) as made,
        made.claude.messages.stream("m", HELLO, max_tokens=4, thinking={"type": "adaptive"}) as stream,
    ):
        got = await stream.collect()
    assert [(event.name, event.data) for event in got] == [(value["type"], value) for value in sent]
    assert json.loads(made.sent.body) == {
        "model": "m",
        "max_tokens": 4,
        "messages": HELLO,
        "thinking": {"type": "adaptive"},
        "stream": True,
    }


async def test_a_stream_that_fails_or_is_cut_raises() -> None:
    """An error event is typed by its type, an end without ``message_stop`` is none."""
    broken = events({"type": "ping"}, {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}})
    async with Fixture(broken, events({"type": "ping"})) as made:
        with pytest.raises(OverloadedError) as caught:
            async with made.claude.messages.stream("m", HELLO) as stream:
                await stream.collect()
        assert caught.value.status == 529
        with pytest.raises(StreamIncompleteError):
            async with made.claude.messages.stream("m", HELLO) as stream:
                await stream.collect()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda c: c.messages.create("m", []), "messages is a list"),
        (lambda c: c.messages.create("m", "Hello"), "messages is a list"),
        (lambda c: c.messages.create("", HELLO), "model"),
        (lambda c: c.messages.create("m", HELLO, stream=True), r"messages\.stream"),
        (lambda c: c.messages.count_tokens("m", []), "messages is a list"),
        (lambda c: c.files.upload("/no/such/file.pdf"), "cannot be read"),
        (lambda c: c.files.upload(7), "a file is"),
        (lambda c: c.files.get(".."), "id must be given"),
        (lambda c: c.files.delete(""), "id must be given"),
        (lambda c: c.models.get(" "), "id must be given"),
    ],
)
async def test_what_cannot_be_sent_is_refused_before_it_is(call: Callable[[Any], Any], words: str) -> None:
    """One line that says what was expected, and no request."""
    async with Fixture() as made:
        with pytest.raises(InvalidRequestError, match=words) as caught:
            await call(made.claude)
        assert "\n" not in str(caught.value)
        assert made.transport.requests == []
