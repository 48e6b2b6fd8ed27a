"""Runs of the OpenAI twin's assistants: they call a tool first when they have one, then answer.

Source: OpenAI API reference, assistants v2: runs, run steps and streaming. A run goes a step further at each look.
"""

from typing import Any

from .answers import Question, complete, pieces
from .openai_resources_assistants import AssistantResources, beta
from .openai_resources_events import frame
from .openai_resources_lists import Routes, asked, changed, everything, needed, paged, told
from .shelf import Shelf
from .twin import Answer, Ask, Frames, RejectError, Twin, dumps

SSE = "text/event-stream; charset=utf-8"
_STAMPS = ("expires_at", "started_at", "cancelled_at", "failed_at", "completed_at")
_OVER = ("completed", "failed", "cancelled", "expired", "incomplete")


class RunResources:
    """Runs over the threads of a twin."""

    def __init__(self, twin: Twin, assistants: AssistantResources) -> None:
        self._twin, self._assistants = twin, assistants
        self._runs = Shelf("run")
        self._steps: dict[str, list[dict[str, Any]]] = {}

    def routes(self) -> Routes:
        """Return the table's rows."""
        base = self._twin.base_path
        runs = f"{base}/threads/{{thread}}/runs"
        run = f"{runs}/{{run}}"
        rows: Routes = {
            ("POST", f"{base}/threads/runs"): self.create_both,
            ("POST", runs): lambda ask: self._begin(ask, ask.args["thread"], asked(ask)),
            ("GET", runs): self.listed,
            ("GET", run): self.get,
            ("POST", run): lambda ask: changed(ask, self._run(ask), "metadata"),
            ("POST", f"{run}/cancel"): self.cancel,
            ("POST", f"{run}/submit_tool_outputs"): self.submit,
            ("GET", f"{run}/steps"): lambda ask: paged(ask, self._steps[self._run(ask)["id"]]),
            ("GET", f"{run}/steps/{{step}}"): self.step,
        }
        return {key: beta(route) for key, route in rows.items()}

    def create_both(self, ask: Ask) -> Answer:
        """POST threads/runs."""
        body = asked(ask)
        return self._begin(ask, self._assistants.thread(ask, body.get("thread") or {})["id"], body)

    def listed(self, ask: Ask) -> Answer:
        """GET threads/{thread}/runs."""
        thread = self._assistants.threads.get(ask.args["thread"])["id"]
        return paged(ask, [run for run in everything(self._runs) if run["thread_id"] == thread])

    def get(self, ask: Ask) -> Answer:
        """GET threads/{thread}/runs/{run}."""
        run = self._run(ask)
        if run["status"] == "queued":
            run |= {"status": "in_progress", "started_at": int(self._twin.clock())}
        elif run["status"] == "in_progress":
            self._go_on(ask, run)
        return told(run)

    def cancel(self, ask: Ask) -> Answer:
        """POST threads/{thread}/runs/{run}/cancel."""
        run = self._run(ask)
        if run["status"] in _OVER:
            raise RejectError(400, f"Cannot cancel run with status '{run['status']}'.")
        run |= {"status": "cancelled", "cancelled_at": int(self._twin.clock()), "required_action": None}
        return told(run)

    def submit(self, ask: Ask) -> Answer:
        """POST threads/{thread}/runs/{run}/submit_tool_outputs."""
        run, body = self._run(ask), asked(ask)
        if run["status"] != "requires_action":
            raise RejectError(400, f'Runs in status "{run["status"]}" do not accept tool outputs.')
        outputs = {one["tool_call_id"]: one["output"] for one in needed(body, "tool_outputs", list)}
        wanted = [call["id"] for call in run["required_action"]["submit_tool_outputs"]["tool_calls"]]
        if set(outputs) != set(wanted):
            raise RejectError(400, f"Expected tool outputs for call_ids {wanted}, got {sorted(outputs)}")
        step = self._steps[run["id"]][-1]
        for call in step["step_details"]["tool_calls"]:
            call["function"]["output"] = outputs[call["id"]]
        step |= {"status": "completed", "completed_at": int(self._twin.clock())}
        run |= {"status": "queued", "required_action": None}
        return self._streamed(ask, run, []) if body.get("stream") else told(run)

    def step(self, ask: Ask) -> Answer:
        """GET threads/{thread}/runs/{run}/steps/{step}."""
        for step in self._steps[self._run(ask)["id"]]:
            if step["id"] == ask.args["step"]:
                return told(step)
        raise RejectError(404, f"No run step found with id '{ask.args['step']}'.")

    def _run(self, ask: Ask) -> dict[str, Any]:
        self._assistants.threads.get(ask.args["thread"])
        return self._runs.get(ask.args["run"])

    def _begin(self, ask: Ask, thread: str, body: dict[str, Any]) -> Answer:
        assistant = self._assistants.assistants.get(needed(body, "assistant_id"))
        self._assistants.threads.get(thread)
        for message in body.get("additional_messages") or ():
            self._assistants.say(ask, thread, message)
        key, now = self._twin.ident("run_", ask), int(self._twin.clock())
        run: dict[str, Any] = {
            "id": key,
            "object": "thread.run",
            "created_at": now,
            "thread_id": thread,
            "assistant_id": assistant["id"],
            "status": "queued",
            "required_action": None,
            "last_error": None,
            **dict.fromkeys(_STAMPS),
            "expires_at": now + 600,
            "incomplete_details": None,
            "model": body.get("model") or assistant["model"],
            "instructions": body.get("instructions") or assistant["instructions"] or "",
            "tools": assistant["tools"] if body.get("tools") is None else body["tools"],
            "metadata": body.get("metadata") or {},
            "usage": None,
            "temperature": body.get("temperature", 1.0),
            "top_p": body.get("top_p", 1.0),
            "max_prompt_tokens": body.get("max_prompt_tokens"),
            "max_completion_tokens": body.get("max_completion_tokens"),
            "truncation_strategy": body.get("truncation_strategy") or {"type": "auto", "last_messages": None},
            "tool_choice": body.get("tool_choice") or "auto",
            "parallel_tool_calls": body.get("parallel_tool_calls", True),
            "response_format": body.get("response_format") or assistant["response_format"],
        }
        self._steps[key] = []
        self._runs.put(key, run)
        before = [] if "thread" in ask.args else [("thread.created", self._assistants.threads.get(thread))]
        if body.get("stream"):
            return self._streamed(ask, run, [*before, ("thread.run.created", dict(run))])
        return told(run)

    def _go_on(self, ask: Ask, run: dict[str, Any]) -> dict[str, Any]:
        """Take a run to its tools, or to its end; return the step that was made."""
        said = [part["text"]["value"] for one in self._assistants.messages(run["thread_id"]) for part in one["content"]]
        question = Question(run["model"], "\n".join([run["instructions"], *said]))
        question.tools = [
            (tool["function"]["name"], tool["function"].get("parameters"))
            for tool in run["tools"]
            if tool.get("type") == "function"
        ]
        question.after_tool = bool(self._steps[run["id"]])
        answer = complete(self._twin.seed, self._twin.name, question)
        now = int(self._twin.clock())
        usage = {
            "prompt_tokens": answer.prompt_tokens,
            "completion_tokens": answer.completion_tokens,
            "total_tokens": answer.prompt_tokens + answer.completion_tokens,
        }
        if answer.calls:
            calls: list[dict[str, Any]] = [
                {
                    "id": self._twin.ident(f"call_{i}", ask),
                    "type": "function",
                    "function": {"name": name, "arguments": dumps(arguments).decode()},
                }
                for i, (name, arguments) in enumerate(answer.calls)
            ]
            action = {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": calls}}
            run |= {"status": "requires_action", "required_action": action}
            done = [{**call, "function": {**call["function"], "output": None}} for call in calls]
            return self._step(ask, run, {"type": "tool_calls", "tool_calls": done}, usage)
        body = {"role": "assistant", "content": answer.text}
        message = self._assistants.say(ask, run["thread_id"], body, run=run)
        run |= {"status": "completed", "completed_at": now, "usage": usage}
        made = {"type": "message_creation", "message_creation": {"message_id": message["id"]}}
        return {**self._step(ask, run, made, usage), "message": message}

    def _step(self, ask: Ask, run: dict[str, Any], details: dict[str, Any], usage: dict[str, Any]) -> dict[str, Any]:
        over, now = details["type"] == "message_creation", int(self._twin.clock())
        step = {
            "id": self._twin.ident(f"step_{len(self._steps[run['id']])}", ask),
            "object": "thread.run.step",
            "created_at": now,
            "assistant_id": run["assistant_id"],
            "thread_id": run["thread_id"],
            "run_id": run["id"],
            "type": details["type"],
            "status": "completed" if over else "in_progress",
            "step_details": details,
            "last_error": None,
            "expired_at": None,
            "cancelled_at": None,
            "failed_at": None,
            "completed_at": now if over else None,
            "metadata": {},
            "usage": usage,
        }
        self._steps[run["id"]].append(step)
        return step

    def _streamed(self, ask: Ask, run: dict[str, Any], events: list[tuple[str, Any]]) -> Frames:
        run |= {"status": "in_progress", "started_at": int(self._twin.clock())}
        events += [("thread.run.queued", {**run, "status": "queued"}), ("thread.run.in_progress", dict(run))]
        step = self._go_on(ask, run)
        message = step.pop("message", None)
        events.append(("thread.run.step.created", {**step, "status": "in_progress"}))
        if message is not None:
            events.append(("thread.message.created", {**message, "content": [], "status": "in_progress"}))
            text = message["content"][0]["text"]["value"]
            for piece in pieces(text):
                content = [{"index": 0, "type": "text", "text": {"value": piece}}]
                delta = {"id": message["id"], "object": "thread.message.delta", "delta": {"content": content}}
                events.append(("thread.message.delta", delta))
            events += [("thread.message.completed", message), ("thread.run.step.completed", step)]
        events.append((f"thread.run.{run['status']}", run))
        return Frames([*(frame(name, value) for name, value in events), frame("done", b"[DONE]")], SSE)
