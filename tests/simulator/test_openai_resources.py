"""What OpenAI's twin keeps: files, uploads, batches, responses, stored chats; its answers are as described."""

from __future__ import annotations

import json

import pytest

from ipfs_accel_async.wire.multipart import Upload
from tests.native.openai.described import event_faults, needs_description
from tests.native.openai.twin_talk import Talk

CHATS = {"endpoint": "/v1/chat/completions", "completion_window": "24h"}
CHAT = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}


def line(name: str, body: object = CHAT, url: str = "/v1/chat/completions") -> bytes:
    """A request of a batch."""
    return json.dumps({"custom_id": name, "method": "POST", "url": url, "body": body}).encode() + b"\n"


def test_files_are_kept_listed_and_deleted() -> None:
    """A file's bytes come back; the newest is listed first, in pages; a deleted one is gone."""
    talk = Talk()
    first, second = talk.upload(b"one", "batch"), talk.upload(b"two", "user_data")
    assert talk.raw("GET", f"/files/{first}/content").body == b"one"
    page = talk.say("GET", "/files", query={"limit": "1"})
    assert [page["data"][0]["id"], page["has_more"]] == [second, True]
    rest = talk.say("GET", "/files", query={"limit": "1", "after": page["last_id"]})
    assert [rest["data"][0]["id"], rest["has_more"]] == [first, False]
    assert talk.say("GET", "/files", query={"order": "asc", "before": second})["data"][0]["id"] == first
    assert [file["id"] for file in talk.say("GET", "/files", query={"purpose": "batch"})["data"]] == [first]
    assert talk.say("DELETE", f"/files/{first}")["deleted"] is True
    assert talk.refused("GET", f"/files/{first}").status == 404


@pytest.mark.parametrize("query", [{"limit": "0"}, {"limit": "x"}, {"order": "up"}])
def test_pages_that_cannot_be_are_refused(query: dict[str, str]) -> None:
    """A limit or order of another kind is a 400."""
    assert Talk().refused("GET", "/files", query=query).status == 400


def test_a_file_without_its_fields_is_refused() -> None:
    """A form needs a purpose that exists, and the file."""
    talk = Talk()
    assert talk.refused("POST", "/files", form=[("purpose", "fun"), ("file", Upload("a", b"a"))]).param == "purpose"
    assert talk.refused("POST", "/files", form=[("purpose", "batch")]).param == "file"


def test_an_upload_is_its_parts_in_the_order_told() -> None:
    """Parts may come in any order; a wrong size, a foreign part or a second end is refused."""
    talk = Talk()
    whole = {"filename": "a.txt", "purpose": "batch", "bytes": 6, "mime_type": "text/plain"}
    upload = talk.say("POST", "/uploads", whole)["id"]
    parts = [
        talk.say("POST", f"/uploads/{upload}/parts", form=[("data", Upload("p", d))])["id"] for d in (b"def", b"abc")
    ]
    assert talk.refused("POST", f"/uploads/{upload}/complete", {"part_ids": parts[:1]}).status == 400
    assert talk.refused("POST", f"/uploads/{upload}/complete", {"part_ids": ["part_x"]}).status == 400
    made = talk.say("POST", f"/uploads/{upload}/complete", {"part_ids": parts[::-1]})
    assert talk.raw("GET", f"/files/{made['file']['id']}/content").body == b"abcdef"
    assert talk.refused("POST", f"/uploads/{upload}/cancel").status == 400


def test_a_batch_is_run_by_the_second_look() -> None:
    """Good requests go into the output file, failed ones into the error file, by their ids."""
    talk = Talk()
    lines = line("good") + line("bad", {"model": "missing-model", "messages": CHAT["messages"]})
    body = {
        "input_file_id": talk.upload(lines, "batch"),
        "endpoint": "/v1/chat/completions",
        "completion_window": "24h",
    }
    batch = talk.say("POST", "/batches", body)
    assert [talk.say("GET", f"/batches/{batch['id']}")["status"] for _ in range(2)] == ["in_progress", "completed"]
    done = talk.say("GET", f"/batches/{batch['id']}")
    assert done["request_counts"] == {"total": 2, "completed": 1, "failed": 1}
    good = json.loads(talk.raw("GET", f"/files/{done['output_file_id']}/content").body)
    bad = json.loads(talk.raw("GET", f"/files/{done['error_file_id']}/content").body)
    assert (good["custom_id"], good["response"]["body"]["object"]) == ("good", "chat.completion")
    assert (bad["custom_id"], bad["response"]["status_code"]) == ("bad", 404)
    assert talk.refused("POST", f"/batches/{batch['id']}/cancel").status == 409


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        (b"{\n", "invalid_json_line"),
        (b"", "empty_file"),
        (line("a") + line("a"), "duplicate_custom_id"),
        (line("a", url="/v1/embeddings"), "mismatched_endpoint"),
        (line("a", {"input": "x"}), "missing_required_parameter"),
    ],
)
def test_a_batch_of_a_faulty_file_fails(lines: bytes, code: str) -> None:
    """The first look says what is wrong, and where."""
    talk = Talk()
    body = {
        "input_file_id": talk.upload(lines, "batch"),
        "endpoint": "/v1/chat/completions",
        "completion_window": "24h",
    }
    batch = talk.say("POST", "/batches", body)
    failed = talk.say("GET", f"/batches/{batch['id']}")
    assert (failed["status"], failed["errors"]["data"][0]["code"]) == ("failed", code)


def test_a_batch_can_be_cancelled() -> None:
    """It is cancelling, then cancelled; one without results has no files."""
    talk = Talk()
    body = {"input_file_id": talk.upload(line("a"), "batch"), "endpoint": "/v1/chat/completions"}
    assert talk.refused("POST", "/batches", body).param == "completion_window"
    batch = talk.say("POST", "/batches", {**body, "completion_window": "24h"})
    assert talk.say("POST", f"/batches/{batch['id']}/cancel")["status"] == "cancelling"
    assert talk.say("GET", f"/batches/{batch['id']}")["status"] == "cancelled"
    assert talk.say("GET", "/batches")["data"][0]["output_file_id"] is None


def test_responses_are_stored_continued_and_forgotten() -> None:
    """A response knows the one before; with store off it is not kept."""
    talk = Talk()
    first = talk.say("POST", "/responses", {"model": "m", "input": "My name is Ada.", "instructions": "Be brief."})
    second = talk.say("POST", "/responses", {"model": "m", "input": "Hi", "previous_response_id": first["id"]})
    assert second["usage"]["input_tokens"] > first["usage"]["input_tokens"]
    items = talk.say("GET", f"/responses/{second['id']}/input_items", query={"order": "asc"})["data"]
    assert [item["role"] for item in items] == ["user", "assistant", "user"]
    assert talk.say("GET", f"/responses/{first['id']}") == first
    talk.raw("DELETE", f"/responses/{first['id']}")
    assert talk.refused("GET", f"/responses/{first['id']}").status == 404
    lost = talk.say("POST", "/responses", {"model": "m", "input": "Hi", "store": False})
    assert talk.refused("GET", f"/responses/{lost['id']}").status == 404
    body = {"model": "m", "input": "Hi", "previous_response_id": lost["id"]}
    assert talk.refused("POST", "/responses", body).code == "previous_response_not_found"


def test_a_response_in_the_background_takes_its_time() -> None:
    """Queued, in progress, completed; until then it can be cancelled."""
    talk = Talk()
    body = {"model": "m", "input": "Hi", "background": True}
    begun = talk.say("POST", "/responses", body)
    states = [talk.say("GET", f"/responses/{begun['id']}")["status"] for _ in range(2)]
    assert [begun["status"], *states] == ["queued", "in_progress", "completed"]
    other = talk.say("POST", "/responses", body)["id"]
    assert talk.say("POST", f"/responses/{other}/cancel")["status"] == "cancelled"
    plain = talk.say("POST", "/responses", {"model": "m", "input": "Hi"})["id"]
    assert talk.refused("POST", f"/responses/{plain}/cancel").status == 400
    assert talk.refused("POST", "/responses", {**body, "store": False}).param == "store"


@needs_description
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"max_output_tokens": 16},
        {"tools": [{"type": "function", "name": "weather", "parameters": {"type": "object"}, "strict": False}]},
        {"input": "simulate-refusal"},
        {"reasoning": {"effort": "low"}},
    ],
    ids=["text", "cut", "tools", "refusal", "reasoning"],
)
def test_the_events_of_a_response_are_as_described(more: dict[str, object]) -> None:
    """Each event is one of the description's, numbered; the last has the response that a GET gives."""
    talk = Talk()
    events = talk.events("POST", "/responses", {"model": "m", "input": "Hi", "stream": True, **more})
    assert [data["sequence_number"] for _, data in events] == list(range(len(events)))
    for name, data in events:
        assert name == data["type"]
        assert event_faults("ResponseStreamEvent", data) == [], name
    last = events[-1][1]["response"]
    assert talk.say("GET", f"/responses/{last['id']}") == last
    again = talk.events("GET", f"/responses/{last['id']}", query={"stream": "true", "starting_after": "2"})
    assert again == events[3:]


def test_tokens_are_counted_and_conversations_compacted() -> None:
    """The count is that of the response itself; compacting gives items to go on with."""
    talk = Talk()
    body = {"model": "m", "input": "Count these words, please."}
    count = talk.say("POST", "/responses/input_tokens", body)
    assert count["input_tokens"] == talk.say("POST", "/responses", body)["usage"]["input_tokens"]
    compact = talk.say("POST", "/responses/compact", body)
    assert compact["output"][-1]["type"] == "compaction"


@pytest.mark.parametrize(
    "body",
    [
        {"model": "m"},
        {"model": "m", "input": []},
        {"model": "m", "input": [{"role": "judge", "content": "x"}]},
        {"model": "m", "input": [{"role": "user", "content": [{"type": "text", "text": "x"}]}]},
        {"model": "m", "input": "x", "max_output_tokens": 0},
        {"model": "m", "input": "x", "tools": [{"type": "function", "function": {"name": "chat_style"}}]},
        {"model": "m", "input": "x", "tool_choice": {"type": "function", "name": "none"}},
        {"input": "x"},
    ],
)
def test_responses_that_cannot_be_made_are_refused(body: dict[str, object]) -> None:
    """Missing input, foreign parts, chat-style tools: a 400, as the service has it."""
    assert Talk().refused("POST", "/responses", body).status == 400


def test_chats_are_kept_when_asked() -> None:
    """Only those with ``store``; found by model and metadata; messages, update and deletion."""
    talk = Talk()
    talk.raw("POST", "/chat/completions", CHAT)
    chat = talk.say("POST", "/chat/completions", {**CHAT, "store": True, "metadata": {"team": "a"}})["id"]
    assert [one["id"] for one in talk.say("GET", "/chat/completions")["data"]] == [chat]
    assert talk.say("GET", "/chat/completions", query={"metadata[team]": "b"})["data"] == []
    said = json.loads(talk.raw("GET", f"/chat/completions/{chat}/messages").body)  # described as the model's own only
    assert [(one["role"], one["content"]) for one in said["data"]] == [("user", "Hi")]
    assert talk.say("POST", f"/chat/completions/{chat}", {"metadata": {"team": "b"}})["metadata"] == {"team": "b"}
    assert talk.say("DELETE", f"/chat/completions/{chat}")["deleted"] is True
    assert talk.refused("GET", f"/chat/completions/{chat}").status == 404


def test_only_own_models_can_be_deleted() -> None:
    """A fine-tuned one goes; one of the service's stays."""
    talk = Talk()
    assert talk.say("GET", "/models/m")["id"] == "m"
    assert talk.say("DELETE", "/models/ft:m:org::1")["deleted"] is True
    assert talk.refused("DELETE", "/models/gpt-4.1").status == 403
    assert talk.refused("GET", "/models/missing-model").status == 404
