"""A member leaves, or its clock jumps, at every place where it waits: the others never notice, nothing is left."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from ipfs_accel_async.errors import BadRequestError
from tests.embedding_server import EmbeddingServer, right
from tests.soak.quiet import unquiet
from tests.sweeping import Watched
from tests.virtual_loop import VirtualLoop

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sweeping import Act


@dataclass(frozen=True)
class Scene:
    """What the swept member and the others do.

    Attributes:
        texts: Of the swept call.
        others: Texts of the others' calls; they come in the same step.
        busy: Whether a request is under way before.
        failures: Answers of 429 before the good ones.
        settings: Of the client.
    """

    texts: list[str]
    others: list[str]
    busy: bool = False
    failures: int = 0
    settings: dict[str, Any] = field(default_factory=dict)


OTHERS = [f"text {n}" for n in range(1, 5)]
SCENES = {
    "alone": Scene(["text 0"], []),
    "with others": Scene(["text 0"], OTHERS),
    "behind a request": Scene(["text 0"], OTHERS, busy=True),
    "behind the timer": Scene(["text 0"], OTHERS, busy=True, settings={"batch_timeout": 0.2}),
    "one at a time": Scene(["text 0"], OTHERS, busy=True, settings={"max_concurrent_requests": 1}),
    "as the bad one": Scene(["poison 0"], OTHERS),
    "beside a bad one": Scene(["text 0"], [*OTHERS, "poison 9"]),
    "sent again": Scene(["text 0"], OTHERS, failures=2),
    "in parts": Scene([f"text {n}" for n in range(10, 17)], OTHERS, settings={"max_batch_size": 3}),
    "in parts alone": Scene([f"text {n}" for n in range(10, 17)], [], settings={"max_batch_size": 3}),
}
ALL = pytest.mark.parametrize("name", SCENES)


def run(scene: Scene, act: Act | None) -> tuple[int, Any]:
    """Run a scene on a loop of its own; how often the swept call waited, and how it ended."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(_run(scene, act))


async def _run(scene: Scene, act: Act | None) -> tuple[int, Any]:
    noise: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: noise.append(context))
    left = [scene.failures]

    def spoil(_: Any, good: dict[str, Any]) -> Any:
        if not left[0]:
            return good
        left[0] -= 1
        return server.mock.reply({"error": {"message": "slow down"}}, status=429)

    server = EmbeddingServer(0.5, spoil=spoil)
    ai = server.client(retry_jitter=0, **scene.settings)
    ai._engine.runtime()
    baseline = asyncio.all_tasks()
    first = [asyncio.ensure_future(ai.embed("openai:m", "text 99"))] if scene.busy else []
    await asyncio.sleep(0)
    others = [asyncio.ensure_future(ai.embed("openai:m", text)) for text in scene.others]
    watched = Watched(ai.embed("openai:m", scene.texts), act)
    task = asyncio.ensure_future(_awaited(watched))
    (end,) = await asyncio.gather(task, return_exceptions=True)
    for other, text in zip(others, scene.others, strict=True):
        (made,) = await asyncio.gather(other, return_exceptions=True)
        assert isinstance(made, BadRequestError) if "poison" in text else right(made, "m", text)
    await asyncio.gather(*first)
    for _ in range(3):  # a request whose last member has just left ends in its own task
        await asyncio.sleep(0)
    told = [*unquiet(ai), *noise]
    assert not told, told
    assert not ai._engine.runtime()._batcher._gatherings
    assert server.now == 0
    assert asyncio.all_tasks() == baseline
    left[0] = 0
    assert right(await ai.embed("openai:m", "text 77"), "m", "text 77")
    await ai.aclose()
    return watched.points, end


async def _awaited(watched: Watched) -> Any:
    return await watched


def soon(point: int) -> Act:
    """Cancels once the task has gone to sleep there."""

    def act(at: int, _: Any, task: asyncio.Task[Any]) -> None:
        if at == point:
            asyncio.get_running_loop().call_soon(task.cancel)

    return act


def with_the_result(point: int) -> Act:
    """Cancels in the step in which what is waited for has come."""

    def act(at: int, waited: Any, task: asyncio.Task[Any]) -> None:
        if at == point and waited is not None:
            waited.add_done_callback(lambda _: task.cancel())

    return act


def jump(point: int) -> Act:
    """Finds the clock half a minute on."""

    def act(at: int, _: Any, __: asyncio.Task[Any]) -> None:
        if at == point:
            asyncio.get_running_loop().advance(31.0)  # type: ignore[attr-defined]

    return act


@ALL
@pytest.mark.parametrize("how", [soon, with_the_result, jump])
def test_a_member_may_leave_at_any_point(name: str, how: Callable[[int], Act]) -> None:
    """Cancelled or late at each of its suspensions: others have their own vectors, no task and no place is lost."""
    scene = SCENES[name]
    points, end = run(scene, None)
    assert isinstance(end, BadRequestError) == ("poison" in scene.texts[0])
    assert points
    for point in range(1, points + 1):
        run(scene, how(point))


@ALL
def test_a_member_may_leave_at_any_moment(name: str) -> None:
    """Cancelled at instants spread over the whole run, whatever it waits for then."""
    scene = SCENES[name]
    for step in range(40):

        def act(at: int, _: Any, task: asyncio.Task[Any], when: float = step * 0.05) -> None:
            if at == 1:
                asyncio.get_running_loop().call_later(when, task.cancel)

        run(scene, act)
