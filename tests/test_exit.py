"""A program that ends without closing its client ends quietly."""

from __future__ import annotations

import pytest

from tests.processes import run

pytestmark = pytest.mark.sockets

PROGRAMS = {
    "never closed": """
        async def main():
            global ai
            ai = await a_client()
            print((await ai.chat("openai:m", "hello")).text)

        asyncio.run(main())
    """,
    "closed loop, client collected before the end": """
        async def main():
            ai = await a_client()
            print((await ai.chat("openai:m", "hello")).text)

        asyncio.run(main())
        gc.collect()
    """,
    "calls under way": """
        async def main():
            ai = await a_client()
            tasks = [asyncio.ensure_future(ai.chat("openai:m", "slow 60")) for _ in range(3)]
            await asked(ai, 1)
            print("hello")

        asyncio.run(main())
    """,
    "a stream left open": """
        async def main():
            global ai, stream
            ai = await a_client()
            stream = ai.stream("openai:m", "slow 60")
            task = asyncio.ensure_future(stream.__aenter__())
            await asked(ai, 1)
            print("hello")

        asyncio.run(main())
    """,
    "ends by an error": """
        async def main():
            global ai
            ai = await a_client()
            await ai.chat("openai:m", "hello")
            print("hello")
            sys.exit(0)

        asyncio.run(main())
    """,
    "two loops": """
        async def main():
            global ai
            ai = await a_client()
            await ai.chat("openai:m", "hello")

        asyncio.run(main())
        first = ai
        asyncio.run(main())
        print("hello")
    """,
    "one client, two loops, one after the other": """
        ai = asyncio.run(a_client(max_total_concurrent_requests=3))
        asyncio.run(ai.chat("openai:m", "hello"))
        print(asyncio.run(ai.chat("openai:m", "hello")).text)
    """,
}
BY_HAND = {
    "a loop that is never closed": """
        loop = asyncio.new_event_loop()
        ai = loop.run_until_complete(a_client())
        print(loop.run_until_complete(ai.chat("openai:m", "hello")).text)
    """,
    "a loop closed by hand": """
        loop = asyncio.new_event_loop()
        ai = loop.run_until_complete(a_client())
        print(loop.run_until_complete(ai.chat("openai:m", "hello")).text)
        loop.close()
    """,
}


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("flags", [(), ("-W", "default")], ids=lambda flags: " ".join(flags) or "plain")
async def test_a_client_that_is_never_closed_makes_no_noise(program: str, flags: tuple[str, ...]) -> None:
    """No traceback and no log line at the end; under -W default one ResourceWarning at most."""
    ran = await run(PROGRAMS[program], *flags)
    assert (ran.status, ran.out) == (0, "hello\n"), ran.err
    assert ran.err == "" or (flags and ran.err.count("ResourceWarning: ") == 1 and "Traceback" not in ran.err)


@pytest.mark.parametrize("program", BY_HAND)
async def test_loops_that_were_made_by_hand_make_no_noise_either(program: str) -> None:
    """There nothing is told of the loop's end; the interpreter's is."""
    ran = await run(BY_HAND[program])
    assert (ran.status, ran.out, ran.err) == (0, "hello\n", "")


async def test_a_client_that_is_forgotten_gives_its_connections_back() -> None:
    """Collected while its loop runs, it is closed there, and one warning says so."""
    ran = await run(
        """
        import warnings

        async def main():
            ai = await a_client()
            await ai.chat("openai:m", "hello")
            before = len(os.listdir("/proc/self/fd"))
            with warnings.catch_warnings(record=True) as told:
                warnings.simplefilter("always")
                del ai
                gc.collect()
                await asyncio.sleep(0.05)
            print(before - len(os.listdir("/proc/self/fd")), [str(one.message) for one in told])

        asyncio.run(main())
        """
    )
    assert ran.out == "1 [\"a Client was never closed: use it inside 'async with'\"]\n", ran.err
    assert ran.err == ""
