"""What OpenAI's twin keeps, continued: assistants, threads and runs, held against the description."""

from __future__ import annotations

import pytest

from tests.native.openai.described import event_faults, needs_description
from tests.native.openai.twin_talk import BETA, Talk

TOOL = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}


def assistant(talk: Talk, **more: object) -> str:
    """The id of a new assistant."""
    return str(talk.say("POST", "/assistants", {"model": "m", "instructions": "Help.", **more})["id"])


def thread(talk: Talk, text: str = "Hi") -> str:
    """The id of a new thread."""
    return str(talk.say("POST", "/threads", {"messages": [{"role": "user", "content": text}]})["id"])


def test_assistants_are_kept_changed_and_deleted() -> None:
    """Created, listed, changed, deleted; without the beta header nothing is served."""
    talk = Talk()
    one = assistant(talk, name="A")
    assert talk.say("POST", f"/assistants/{one}", {"name": "B"})["name"] == "B"
    assert [found["id"] for found in talk.say("GET", "/assistants")["data"]] == [one]
    assert talk.say("DELETE", f"/assistants/{one}")["deleted"] is True
    assert talk.refused("GET", f"/assistants/{one}").status == 404
    header = BETA.pop("openai-beta")
    try:
        assert talk.refused("GET", "/assistants").code == "invalid_beta"
    finally:
        BETA["openai-beta"] = header


def test_threads_have_messages() -> None:
    """Text becomes a part with a value; the newest comes first; messages are changed and taken out."""
    talk = Talk()
    path = f"/threads/{thread(talk)}"
    added = talk.say("POST", f"{path}/messages", {"role": "user", "content": [{"type": "text", "text": "More"}]})
    said = talk.say("GET", f"{path}/messages")["data"]
    assert [one["content"][0]["text"]["value"] for one in said] == ["More", "Hi"]
    assert talk.say("POST", f"{path}/messages/{added['id']}", {"metadata": {"a": "b"}})["metadata"] == {"a": "b"}
    assert talk.say("DELETE", f"{path}/messages/{added['id']}")["deleted"] is True
    assert talk.say("POST", path, {"metadata": {"c": "d"}})["metadata"] == {"c": "d"}
    assert talk.refused("POST", f"{path}/messages", {"role": "judge", "content": "x"}).param == "role"
    assert talk.refused("POST", f"{path}/messages", {"role": "user"}).param == "content"
    assert talk.refused("POST", f"{path}/messages", {"role": "user", "content": [{"type": "x"}]}).param == "content"
    assert talk.say("DELETE", path)["deleted"] is True


def test_a_run_answers_in_the_thread() -> None:
    """Queued, in progress, completed; its message and its step are there, with the tokens."""
    talk = Talk()
    path = f"/threads/{thread(talk)}"
    run = talk.say("POST", f"{path}/runs", {"assistant_id": assistant(talk)})
    states = [talk.say("GET", f"{path}/runs/{run['id']}")["status"] for _ in range(2)]
    assert [run["status"], *states] == ["queued", "in_progress", "completed"]
    said = talk.say("GET", f"{path}/messages", query={"run_id": run["id"]})["data"]
    step = talk.say("GET", f"{path}/runs/{run['id']}/steps")["data"][0]
    assert step["step_details"]["message_creation"]["message_id"] == said[0]["id"]
    assert talk.say("GET", f"{path}/runs/{run['id']}/steps/{step['id']}") == step
    assert talk.say("GET", f"{path}/runs/{run['id']}")["usage"]["total_tokens"] > 0
    assert talk.refused("POST", f"{path}/runs/{run['id']}/cancel").status == 400
    assert talk.refused("GET", f"{path}/runs/{run['id']}/steps/none").status == 404


def test_a_run_with_tools_waits_for_their_outputs() -> None:
    """It requires action; outputs of other calls are refused; then it completes."""
    talk = Talk()
    both = {"assistant_id": assistant(talk, tools=[TOOL]), "thread": {"messages": [{"role": "user", "content": "Hi"}]}}
    run = talk.say("POST", "/threads/runs", both)
    path = f"/threads/{run['thread_id']}/runs/{run['id']}"
    talk.say("GET", path)
    waiting = talk.say("GET", path)
    call = waiting["required_action"]["submit_tool_outputs"]["tool_calls"][0]
    wrong = {"tool_outputs": [{"tool_call_id": "call_x", "output": "sun"}]}
    assert talk.refused("POST", f"{path}/submit_tool_outputs", wrong).status == 400
    right = {"tool_outputs": [{"tool_call_id": call["id"], "output": "sun"}]}
    assert talk.say("POST", f"{path}/submit_tool_outputs", right)["status"] == "queued"
    assert talk.refused("POST", f"{path}/submit_tool_outputs", right).status == 400
    assert [talk.say("GET", path)["status"] for _ in range(2)] == ["in_progress", "completed"]
    other = talk.say("POST", "/threads/runs", both)
    path = f"/threads/{other['thread_id']}/runs/{other['id']}"
    assert talk.say("POST", path, {"metadata": {"a": "b"}})["metadata"] == {"a": "b"}
    assert talk.say("POST", f"{path}/cancel")["status"] == "cancelled"
    assert [one["id"] for one in talk.say("GET", f"/threads/{other['thread_id']}/runs")["data"]] == [other["id"]]


@needs_description
@pytest.mark.parametrize("tools", [[], [TOOL]], ids=["text", "tools"])
def test_the_events_of_a_run_are_as_described(tools: list[object]) -> None:
    """Each event is one of the description's; the stream ends with ``done``."""
    talk = Talk()
    body = {"assistant_id": assistant(talk, tools=tools), "stream": True, "thread": {"messages": []}}
    *events, done = talk.events("POST", "/threads/runs", body)
    assert done == ("done", None)
    assert events[0][0] == "thread.created"
    for name, data in events:
        assert event_faults("AssistantStreamEvent", {"event": name, "data": data}) == [], name
    if tools:
        run = events[-1][1]
        path = f"/threads/{run['thread_id']}/runs/{run['id']}/submit_tool_outputs"
        calls = run["required_action"]["submit_tool_outputs"]["tool_calls"]
        outputs = {"tool_outputs": [{"tool_call_id": call["id"], "output": "sun"} for call in calls], "stream": True}
        assert talk.events("POST", path, outputs)[-2][0] == "thread.run.completed"
