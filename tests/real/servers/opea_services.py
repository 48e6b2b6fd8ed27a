"""Services of OPEA's own framework: ``python opea_services.py llm PORT`` or ``... chatqna PORT LLM_PORT``.

The language model says the prompt's words back. The megaservice has two endpoints over the framework's orchestrator:
``/v1/chatqna``, whose streams are bytes literals as those of ChatQnA, and ``/v1/codegen``, which hands on the chunks.
"""

import json
import sys
from typing import Any

from comps import MicroService, ServiceOrchestrator, ServiceRoleType, ServiceType
from comps.cores.mega.utils import handle_message
from comps.cores.proto.api_protocol import (
    ChatCompletionRequest,
    ChatCompletionResponse,
    ChatCompletionResponseChoice,
    ChatMessage,
    UsageInfo,
)
from comps.cores.proto.docarray import LLMParams
from fastapi import HTTPException, Request
from fastapi.responses import StreamingResponse

MODEL = "echo"


async def generate(request: Request) -> Any:
    """The language model on the OpenAI wire; a prompt with "fail" in it is refused."""
    body = await request.json()
    said = " ".join(str(message["content"]) for message in body["messages"])
    if "fail" in said:
        raise HTTPException(400, "refused")
    base = {"id": "c1", "created": 1, "model": MODEL}
    if not body.get("stream"):
        choice = {"index": 0, "message": {"role": "assistant", "content": said}, "finish_reason": "stop"}
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        return {**base, "object": "chat.completion", "choices": [choice], "usage": usage}

    async def chunks() -> Any:
        for piece in [*(word + " " for word in said.split()), None]:
            delta, finish = ({}, "stop") if piece is None else ({"content": piece}, None)
            choice = {"index": 0, "delta": delta, "finish_reason": finish}
            yield f"data: {json.dumps({**base, 'object': 'chat.completion.chunk', 'choices': [choice]})}\n\n"
        yield "data: [DONE]\n\n"

    return StreamingResponse(chunks(), media_type="text/event-stream")


class Orchestrator(ServiceOrchestrator):
    """The framework's, with a request that the language model understands."""

    def align_inputs(self, inputs: Any, cur_node: Any, runtime_graph: Any, llm_parameters_dict: Any, **_: Any) -> Any:
        """The body for the language model."""
        told = {name: llm_parameters_dict[name] for name in ("max_tokens", "temperature", "top_p", "stream")}
        return {"model": MODEL, "messages": [{"role": "user", "content": inputs["text"]}], **told}


class Literal(Orchestrator):
    """Streams bytes literals, as ChatQnA does."""

    def align_generator(self, gen: Any, **_: Any) -> Any:
        """Each chunk's text as the literal of its bytes."""
        for raw in gen:
            text = raw.decode("utf-8")
            try:
                chunk = json.loads(text[text.find("{") : text.rfind("}") + 1])
                content = chunk["choices"][0]["delta"].get("content")
            except (ValueError, KeyError, IndexError):
                continue
            if content:
                yield f"data: {content.encode()!r}\n\n"
        yield "data: [DONE]\n\n"


class Megaservice:
    """One endpoint over one orchestrator."""

    def __init__(self, name: str, orchestrator: ServiceOrchestrator, llm_port: int) -> None:
        self.name, self.pipeline = name, orchestrator
        llm = MicroService(
            name="llm",
            host="127.0.0.1",
            port=llm_port,
            endpoint="/v1/chat/completions",
            use_remote_service=True,
            service_type=ServiceType.LLM,
        )
        self.pipeline.add(llm)

    async def handle(self, request: Request) -> Any:
        """Run the pipeline and answer as a stream or whole."""
        data = await request.json()
        asked = ChatCompletionRequest.model_validate(data)
        told = LLMParams(max_tokens=asked.max_tokens or 64, temperature=0.01, stream=data.get("stream", True))
        prompt = handle_message(asked.messages)
        results, graph = await self.pipeline.schedule(initial_inputs={"text": prompt}, llm_parameters=told)
        for response in results.values():
            if isinstance(response, StreamingResponse):
                return response
        content = results[graph.all_leaves()[-1]]["choices"][0]["message"]["content"]
        message = ChatMessage(role="assistant", content=content)
        choice = ChatCompletionResponseChoice(index=0, message=message, finish_reason="stop")
        return ChatCompletionResponse(model=self.name, choices=[choice], usage=UsageInfo())


def service(name: str, port: int, endpoint: str) -> MicroService:
    """A service of the framework on a port."""
    return MicroService(
        name,
        service_role=ServiceRoleType.MEGASERVICE,
        host="127.0.0.1",
        port=port,
        endpoint=endpoint,
        input_datatype=ChatCompletionRequest,
        output_datatype=ChatCompletionResponse,
    )


if __name__ == "__main__":
    role, own_port = sys.argv[1], int(sys.argv[2])
    if role == "llm":
        serving = service("LLM", own_port, "/v1/chat/completions")
        serving.add_route("/v1/chat/completions", generate, methods=["POST"])
    else:
        serving = service("ChatQnA", own_port, "/v1/chatqna")
        for name, kind in (("chatqna", Literal), ("codegen", Orchestrator)):
            serving.add_route(f"/v1/{name}", Megaservice(name, kind(), int(sys.argv[3])).handle, methods=["POST"])
    serving.start()
