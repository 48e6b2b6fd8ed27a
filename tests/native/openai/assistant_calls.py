"""Calls of assistants, threads, messages and runs."""

from __future__ import annotations

from tests.native.openai.case import Case

SEARCH = {"type": "file_search"}
HI = {"role": "user", "content": "Hi"}

ASSISTANT_CALLS = [
    Case(
        "assistants.create",
        lambda ai: ai.assistants.create("m", name="A", instructions="Help.", tools=[SEARCH], top_p=0.5),
        lambda sdk: sdk.beta.assistants.create(model="m", name="A", instructions="Help.", tools=[SEARCH], top_p=0.5),
        "POST",
        "/assistants",
        {"model": "m", "name": "A", "instructions": "Help.", "tools": [SEARCH], "top_p": 0.5},
    ),
    Case(
        "assistants.list",
        lambda ai: ai.assistants.list(limit=1, order="asc"),
        lambda sdk: sdk.beta.assistants.list(limit=1, order="asc"),
        "GET",
        "/assistants?limit=1&order=asc",
    ),
    Case(
        "assistants.get",
        lambda ai: ai.assistants.get("a1"),
        lambda sdk: sdk.beta.assistants.retrieve("a1"),
        "GET",
        "/assistants/a1",
    ),
    Case(
        "assistants.update",
        lambda ai: ai.assistants.update("a1", name="B"),
        lambda sdk: sdk.beta.assistants.update("a1", name="B"),
        "POST",
        "/assistants/a1",
        {"name": "B"},
    ),
    Case(
        "assistants.delete",
        lambda ai: ai.assistants.delete("a1"),
        lambda sdk: sdk.beta.assistants.delete("a1"),
        "DELETE",
        "/assistants/a1",
    ),
    Case(
        "threads.create",
        lambda ai: ai.threads.create([HI], metadata={"a": "b"}),
        lambda sdk: sdk.beta.threads.create(messages=[HI], metadata={"a": "b"}),
        "POST",
        "/threads",
        {"messages": [HI], "metadata": {"a": "b"}},
    ),
    Case(
        "threads.get",
        lambda ai: ai.threads.get("t1"),
        lambda sdk: sdk.beta.threads.retrieve("t1"),
        "GET",
        "/threads/t1",
    ),
    Case(
        "threads.update",
        lambda ai: ai.threads.update("t1", metadata={"a": "b"}),
        lambda sdk: sdk.beta.threads.update("t1", metadata={"a": "b"}),
        "POST",
        "/threads/t1",
        {"metadata": {"a": "b"}},
    ),
    Case(
        "threads.delete",
        lambda ai: ai.threads.delete("t1"),
        lambda sdk: sdk.beta.threads.delete("t1"),
        "DELETE",
        "/threads/t1",
    ),
    Case(
        "threads.create_and_run",
        lambda ai: ai.threads.create_and_run("a1", thread={"messages": [HI]}, model="m"),
        lambda sdk: sdk.beta.threads.create_and_run(assistant_id="a1", thread={"messages": [HI]}, model="m"),
        "POST",
        "/threads/runs",
        {"assistant_id": "a1", "thread": {"messages": [HI]}, "model": "m"},
    ),
    Case(
        "threads.messages.create",
        lambda ai: ai.threads.messages.create("t1", "Hi", metadata={"a": "b"}),
        lambda sdk: sdk.beta.threads.messages.create("t1", role="user", content="Hi", metadata={"a": "b"}),
        "POST",
        "/threads/t1/messages",
        {"role": "user", "content": "Hi", "metadata": {"a": "b"}},
    ),
    Case(
        "threads.messages.list",
        lambda ai: ai.threads.messages.list("t1", run_id="r1"),
        lambda sdk: sdk.beta.threads.messages.list("t1", run_id="r1"),
        "GET",
        "/threads/t1/messages?run_id=r1",
    ),
    Case(
        "threads.messages.get",
        lambda ai: ai.threads.messages.get("t1", "m1"),
        lambda sdk: sdk.beta.threads.messages.retrieve("m1", thread_id="t1"),
        "GET",
        "/threads/t1/messages/m1",
    ),
    Case(
        "threads.messages.update",
        lambda ai: ai.threads.messages.update("t1", "m1", metadata={"a": "b"}),
        lambda sdk: sdk.beta.threads.messages.update("m1", thread_id="t1", metadata={"a": "b"}),
        "POST",
        "/threads/t1/messages/m1",
        {"metadata": {"a": "b"}},
    ),
    Case(
        "threads.messages.delete",
        lambda ai: ai.threads.messages.delete("t1", "m1"),
        lambda sdk: sdk.beta.threads.messages.delete("m1", thread_id="t1"),
        "DELETE",
        "/threads/t1/messages/m1",
    ),
    Case(
        "threads.runs.create",
        lambda ai: ai.threads.runs.create("t1", "a1", additional_instructions="Be brief.", max_completion_tokens=256),
        lambda sdk: sdk.beta.threads.runs.create(
            "t1", assistant_id="a1", additional_instructions="Be brief.", max_completion_tokens=256
        ),
        "POST",
        "/threads/t1/runs",
        {"assistant_id": "a1", "additional_instructions": "Be brief.", "max_completion_tokens": 256},
    ),
    Case(
        "threads.runs.list",
        lambda ai: ai.threads.runs.list("t1", limit=3),
        lambda sdk: sdk.beta.threads.runs.list("t1", limit=3),
        "GET",
        "/threads/t1/runs?limit=3",
    ),
    Case(
        "threads.runs.get",
        lambda ai: ai.threads.runs.get("t1", "r1"),
        lambda sdk: sdk.beta.threads.runs.retrieve("r1", thread_id="t1"),
        "GET",
        "/threads/t1/runs/r1",
    ),
    Case(
        "threads.runs.update",
        lambda ai: ai.threads.runs.update("t1", "r1", metadata={"a": "b"}),
        lambda sdk: sdk.beta.threads.runs.update("r1", thread_id="t1", metadata={"a": "b"}),
        "POST",
        "/threads/t1/runs/r1",
        {"metadata": {"a": "b"}},
    ),
    Case(
        "threads.runs.cancel",
        lambda ai: ai.threads.runs.cancel("t1", "r1"),
        lambda sdk: sdk.beta.threads.runs.cancel("r1", thread_id="t1"),
        "POST",
        "/threads/t1/runs/r1/cancel",
    ),
    Case(
        "threads.runs.submit_tool_outputs",
        lambda ai: ai.threads.runs.submit_tool_outputs("t1", "r1", {"call_1": "sun"}),
        lambda sdk: sdk.beta.threads.runs.submit_tool_outputs(
            "r1", thread_id="t1", tool_outputs=[{"tool_call_id": "call_1", "output": "sun"}]
        ),
        "POST",
        "/threads/t1/runs/r1/submit_tool_outputs",
        {"tool_outputs": [{"tool_call_id": "call_1", "output": "sun"}]},
    ),
    Case(
        "threads.runs.steps.list",
        lambda ai: ai.threads.runs.steps.list("t1", "r1", order="asc"),
        lambda sdk: sdk.beta.threads.runs.steps.list("r1", thread_id="t1", order="asc"),
        "GET",
        "/threads/t1/runs/r1/steps?order=asc",
    ),
    Case(
        "threads.runs.steps.get",
        lambda ai: ai.threads.runs.steps.get("t1", "r1", "s1"),
        lambda sdk: sdk.beta.threads.runs.steps.retrieve("s1", thread_id="t1", run_id="r1"),
        "GET",
        "/threads/t1/runs/r1/steps/s1",
    ),
]
