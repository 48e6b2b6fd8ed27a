"""OPEA's own framework as the peer: a megaservice over its ServiceOrchestrator, and a language model behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ipfs_accel_async import Client, errors, system, user

if TYPE_CHECKING:
    from tests.real.conftest import Peers
    from tests.real.peers import Peer

pytestmark = [pytest.mark.real, pytest.mark.sockets]
REQUIREMENTS = ["opea-comps>=1.5,<2"]
QUIET = {"OTEL_SDK_DISABLED": "true", "LOGFLAG": ""}
PROMPT = 'It\'s naïve: 你好 \\ "quoted"'


@pytest.fixture(scope="module")
def llm(peers: Peers) -> Peer:
    """A language model that says the prompt's words back, as a service of the framework."""
    command = ["{python}", "{scripts}/opea_services.py", "llm", "{port}"]
    return peers.start("opea", REQUIREMENTS, command, health="/v1/health_check", env=QUIET)


@pytest.fixture(scope="module")
def megaservice(peers: Peers, llm: Peer) -> Peer:
    """ChatQnA and CodeGen in front of it."""
    command = ["{python}", "{scripts}/opea_services.py", "chatqna", "{port}", str(llm.port)]
    return peers.start("opea", REQUIREMENTS, command, health="/v1/health_check", env=QUIET)


def client(megaservice: Peer, llm: Peer) -> Client:
    """A client of both: each service has its own address."""
    options = {"chatqna_url": megaservice.url, "codegen_url": megaservice.url, "llm_url": llm.url}
    return Client(providers={"opea": {"base_url": "http://127.0.0.1:9", "options": options, "max_retries": 0}})


@pytest.mark.parametrize("service", ["chatqna", "codegen"])
async def test_an_answer_is_whole_or_in_pieces(megaservice: Peer, llm: Peer, service: str) -> None:
    """Bytes literals of one service and the chunks that the other hands on give the same text."""
    async with client(megaservice, llm) as ai:
        whole = await ai.chat(f"opea:{service}", PROMPT)
        async with ai.stream(f"opea:{service}", PROMPT) as stream:
            texts = [delta.text async for delta in stream if delta.text]
    assert whole.text == PROMPT
    assert "".join(texts).strip() == PROMPT
    assert len(texts) > 1
    assert (whole.model, whole.finish_reason, stream.reply.finish_reason) == (service, "stop", "stop")


async def test_a_conversation_is_joined_by_the_service(megaservice: Peer, llm: Peer) -> None:
    """The framework makes one prompt of it, with the roles before the texts."""
    async with client(megaservice, llm) as ai:
        reply = await ai.opea.chatqna([system("Be brief."), user("Hello")])
    assert "Be brief." in reply.text
    assert "user: Hello" in reply.text


@pytest.mark.parametrize("service", ["chatqna", "codegen"])
async def test_a_refusal_behind_the_service_is_an_error(megaservice: Peer, llm: Peer, service: str) -> None:
    """Status 200 and an end without a word: never an empty answer."""
    async with client(megaservice, llm) as ai:
        with pytest.raises((errors.ServerError, errors.StreamIncompleteError)):
            async with ai.stream(f"opea:{service}", "fail now") as stream:
                await stream.collect()


async def test_the_language_model_is_a_service_too(megaservice: Peer, llm: Peer) -> None:
    """The OpenAI wire, at an address of its own."""
    async with client(megaservice, llm) as ai:
        reply = await ai.chat("opea:llm/echo", "one two")
    assert (reply.text, reply.model, reply.usage.total_tokens) == ("one two", "echo", 2)


async def test_services_tell_of_themselves(megaservice: Peer, llm: Peer) -> None:
    """Health, statistics and metrics, each at the address of the service that is asked."""
    async with client(megaservice, llm) as ai:
        assert (await ai.opea.health_check("chatqna"))["Service Title"] == "ChatQnA"
        assert (await ai.opea.health_check("llm"))["Service Title"] == "LLM"
        assert isinstance((await ai.opea.statistics("chatqna")).raw, dict)
        assert "http_request" in await ai.opea.metrics("chatqna")


async def test_a_bad_body_is_a_typed_error(megaservice: Peer) -> None:
    """The framework answers a body that it cannot read with plain text."""
    async with Client(providers={"opea": {"base_url": megaservice.url, "max_retries": 0}}) as ai:
        with pytest.raises(errors.ServerError, match="Internal Server Error"):
            await ai.request("opea", "POST", "/v1/chatqna", json={})
