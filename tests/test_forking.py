"""A client and fork: connections stay with the process that made them."""

from __future__ import annotations

import os

import pytest

from tests.processes import run

pytestmark = [
    pytest.mark.sockets,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork"),
]

CHILD_OF_A_RUNNING_LOOP = """
    async def main():
        ai = await a_client()
        await asyncio.gather(*[ai.chat("openai:m", f"warm {n}") for n in range(4)])
        sys.stdout.flush()
        child = os.fork()
        if not child:
            asyncio.events._set_running_loop(None)
            asyncio.set_event_loop(None)
            try:
                asyncio.run(ai.chat("openai:m", "stolen"))
            except ForkedClientError as error:
                print("refused:", error.message[:40])
            asyncio.run(ai.aclose())
            del ai
            gc.collect()

            async def own():
                async with await a_client() as mine:
                    texts = [(await mine.chat("openai:m", f"child {n}")).text for n in range(20)]
                    assert texts == [f"child {n}" for n in range(20)], texts

            asyncio.run(own())
            print("child ends", flush=True)
            {end}
        asked = [f"parent {n}" for n in range(40)]
        texts = [(await ai.chat("openai:m", words)).text for words in asked[:20]]
        os.waitpid(child, 0)
        texts += [(await ai.chat("openai:m", words)).text for words in asked[20:]]
        assert texts == asked, texts
        await ai.aclose()
        print("parent ends", flush=True)

    asyncio.run(main())
"""


@pytest.mark.parametrize("end", ["os._exit(0)", "gc.collect(); sys.exit(0)"])
async def test_a_fork_in_a_running_loop_shares_no_connection(end: str) -> None:
    """The child is refused and may make its own client; the parent's warm connections go on, whatever it does."""
    ran = await run(CHILD_OF_A_RUNNING_LOOP.replace("{end}", end))
    assert ran.status == 0, ran.err
    assert "refused: this client was used before the process" in ran.out
    assert "child ends" in ran.out
    assert "parent ends" in ran.out
    assert "Unclosed" not in ran.err


async def test_a_client_made_before_a_fork_and_used_after_it_works_in_both() -> None:
    """Making one opens nothing, so servers that fork after loading the program need nothing special."""
    ran = await run(
        """
        ai = asyncio.run(a_client())
        child = os.fork()
        name = "parent" if child else "child"
        texts = [asyncio.run(ai.chat("openai:m", f"{name} {n}")).text for n in range(5)]
        assert texts == [f"{name} {n}" for n in range(5)], texts
        if child:
            os.waitpid(child, 0)
        print(name, flush=True)
        """
    )
    assert (ran.status, sorted(ran.out.split())) == (0, ["child", "parent"]), ran.err
    assert ran.err == ""


async def test_a_pool_of_forked_processes_refuses_the_parents_client() -> None:
    """With multiprocessing's start method fork, a typed error comes back to the parent, pickled."""
    ran = await run(
        """
        import multiprocessing

        def job(number):
            return asyncio.run(ai.chat("openai:m", f"{number}")).text

        ai = asyncio.run(a_client())
        asyncio.run(ai.chat("openai:m", "used"))
        with multiprocessing.get_context("fork").Pool(2) as pool:
            try:
                pool.map(job, range(4))
            except ForkedClientError as error:
                print(type(error).__name__, isinstance(error, ConfigError))
        print(asyncio.run(ai.chat("openai:m", "still mine")).text)
        """
    )
    assert ran.out == "ForkedClientError True\nstill mine\n", ran.err
    assert ran.status == 0
