"""``client.opea`` and the client's own operations against the twin, over sockets."""

from __future__ import annotations

import pytest

from ipfs_accel_async import Client, errors, user
from ipfs_accel_async.simulator import simulate

pytestmark = pytest.mark.sockets


@pytest.mark.parametrize("service", ["chatqna", "codegen", "docsum", "faqgen", "searchqna", "graphrag", "hybridrag"])
async def test_megaservices_answer_whole_and_in_pieces(service: str) -> None:
    """Bytes literals of some, chunks of others: the same text."""
    async with simulate("opea") as sim, Client(base_urls={"opea": sim.base_url}) as ai:
        whole = await ai.opea.ask(service, "Who built it?", max_tokens=50)
        async with ai.opea.stream(service, "Who built it?", max_tokens=50) as stream:
            pieces = [delta.text async for delta in stream if delta.text]
        assert "".join(pieces) == whole.text == (await ai.chat(f"opea:{service}", "Who built it?", max_tokens=50)).text
        assert len(pieces) > 1
        assert whole.model == service


async def test_megaservices_by_name() -> None:
    """Each with what is its own."""
    async with simulate("opea") as sim, Client(base_urls={"opea": sim.base_url}) as ai:
        opea = ai.opea
        assert (await opea.chatqna("Who?", k=2, top_n=1, chat_template="{context} {question}")).text
        assert (await opea.codegen([user("Sort a list")], index_name="docs")).text
        assert (await opea.codetrans("x := 1", "Go", "C")).text
        assert (await opea.translation("Hallo", "German", "English")).text
        assert (await opea.docsum("A long text", summary_type="stuff")).text
        assert (await opea.visualqna("What is it?", b"\x89PNG")).text
        for name in ("faqgen", "searchqna", "graphrag", "hybridrag", "videoqna", "multimodalqna"):
            assert (await getattr(opea, name)("Hello")).model == name
        spoken = await opea.audioqna((await ai.speech("opea:tts", "hello")).data)
        assert spoken.data.startswith(b"RIFF")


async def test_what_is_ingested_is_found() -> None:
    """Ingest, list, embed, retrieve, rerank, delete."""
    async with simulate("opea") as sim, Client(base_urls={"opea": sim.base_url}) as ai:
        store = ai.opea.dataprep
        await store.ingest(("cats.txt", b"cats purr"), ("dogs.txt", b"dogs bark"), links=["https://e.org/birds"])
        assert {item["name"] for item in await store.get()} == {"cats.txt", "dogs.txt", "https_e_org_birds.txt"}
        vector = (await ai.embed("opea:embedding", "cats purr")).vectors[0]
        found = (await ai.opea.retrieval("cats purr", vector, k=2))["retrieved_docs"]
        assert (len(found), found[0]["text"]) == (2, "cats purr")
        best = await ai.rerank("opea:reranking", "cats purr", [document["text"] for document in found])
        assert best.ranked[0].text == "cats purr"
        assert (await ai.opea.retrievaltool("cats purr"))["reranked_docs"][0]["text"] == "cats purr"
        assert (await store.delete("cats.txt"))["status"]
        with pytest.raises(errors.NotFoundError, match="not found"):
            await store.delete("cats.txt")
        await store.delete("all")
        assert await store.get() == []
        assert await store.indices()


async def test_guards_hold_back() -> None:
    """A verdict for a text, one for an answer, personal data, and what supports a text."""
    async with simulate("opea") as sim, Client(base_urls={"opea": sim.base_url}) as ai:
        assert not (await ai.moderate("opea:guardrails", "a song")).flagged
        blocked = await ai.moderate("opea:guardrails", "violence")
        assert (blocked.flagged, blocked.verdicts[0].categories) == (True, ("Violent Crimes",))
        assert (await ai.opea.guards.answer("about violence", "ok")).flagged
        assert (await ai.opea.guards.pii("mail a@b.org", replace=True))["new_prompt"] == "mail [EMAIL]"
        assert await ai.opea.guards.factuality("a b", "a c") == 0.5
        assert (await ai.chat("opea:chatqna", "violence")).text.startswith("Violated policies")


async def test_the_language_model_and_speech() -> None:
    """Completions whole and in pieces, tools, speech there and back."""
    async with simulate("opea") as sim, Client(base_urls={"opea": sim.base_url}) as ai:
        whole = await ai.complete("opea:llm", "Once", max_tokens=30)
        async with ai.stream_completion("opea:llm", "Once", max_tokens=30) as stream:
            assert (await stream.collect()).text == whole.text
        assert stream.reply.usage == whole.usage
        tool = {"type": "function", "function": {"name": "clock", "parameters": {"type": "object", "properties": {}}}}
        assert (await ai.chat("opea:llm/x", "Time?", tools=[tool])).tool_calls[0].name == "clock"
        speech = await ai.speech("opea:tts", "hello there")
        assert (await ai.transcribe("opea:asr", speech.data)).text == "hello there"


async def test_what_is_kept_for_a_user() -> None:
    """Conversations, prompts, feedback: create, get, list, delete."""
    async with simulate("opea") as sim, Client(base_urls={"opea": sim.base_url}) as ai:
        opea = ai.opea
        key = await opea.chathistory.create("u", "hi")
        assert (await opea.chathistory.get("u", key))["data"]["messages"] == "hi"
        assert len(await opea.chathistory.get("u")) == 1
        assert await opea.chathistory.delete("u", key)
        assert not await opea.chathistory.delete("u", key)
        key = await opea.prompt.create("u", "Be nice")
        assert (await opea.prompt.get("u", prompt_text="nice"))[0]["prompt_id"] == key
        assert await opea.prompt.delete("u", key)
        key = await opea.feedback.create({"user": "u", "messages": "q"}, {"is_thumbs_up": True, "rating": 5})
        assert (await opea.feedback.get("u", key))["feedback_data"]["rating"] == 5
        assert await opea.feedback.delete("u", key)


async def test_services_tell_of_themselves() -> None:
    """Health, statistics, metrics, lists."""
    async with simulate("opea") as sim, Client(base_urls={"opea": sim.base_url}) as ai:
        assert (await ai.opea.health_check("chatqna"))["Service Title"] == "ChatQnA"
        assert "opea_service@llm" in (await ai.opea.statistics()).raw
        assert await ai.opea.metrics()
        assert (await ai.opea.list_service()).raw
        assert (await ai.opea.list_parameters()).raw


async def test_every_service_may_have_an_address_of_its_own() -> None:
    """The one in the options is asked; the base URL serves the rest."""
    async with simulate("opea") as sim:
        options = {"embedding_url": sim.base_url, "guardrails_url": f"{sim.base_url}/v1/guardrails"}
        own = {"base_url": "http://127.0.0.1:9", "options": options, "max_retries": 0}
        async with Client(providers={"opea": own}) as ai:
            assert (await ai.embed("opea:embedding", "a")).vectors.shape[0] == 1
            assert not (await ai.moderate("opea:guardrails", "a")).flagged
            with pytest.raises(errors.ConnectError):
                await ai.chat("opea:chatqna", "a")
