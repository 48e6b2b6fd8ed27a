"""The loopback server that the twins stand behind."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import orjson
from aiohttp import web
from aiohttp.web_request import BaseRequest

from .delivery import body_of, deliver, reset
from .faults import Fault, fault
from .limits import RateLimit
from .mount import PROVIDERS, Keys, Mount, accepted
from .schedules import FaultSpec, Schedule, schedule
from .twin import Ask

FAULT_HEADER = "x-sim-fault"

Faults = FaultSpec | Schedule | Sequence[FaultSpec | None] | None


@dataclass(slots=True)
class Seen:
    """One request as the server saw it.

    Header names are lower-case; `body` is parsed when it is JSON, bytes otherwise; `status` is None until
    an answer has begun; `fault` is the name of the fault it met; `at` is the loop's time of arrival;
    `disconnected` is true when the client left before the answer was complete.
    """

    provider: str
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str] = field(repr=False)  # they hold the key
    at: float
    body: Any = b""
    status: int | None = None
    fault: str | None = None
    disconnected: bool = False


class Simulator:
    """Twins of one or several providers on one loopback port; an async context manager.

    One provider is mounted where its real service has it, several under ``/NAME``; no name is all.

    Args:
        providers: Names out of `PROVIDERS`.
        faults: What goes wrong: a name, a list of steps for successive requests, a schedule; or a mapping
            of these by provider. The header ``X-Sim-Fault: NAME`` overrides it for one request.
        seed: Decides the answers.
        latency: Seconds before each answer.
        pace: Seconds after each frame of a stream.
        rate_limit: What each key may use at each provider; None is no limit.
        port: 0 takes a free one.
        keys: The keys that are accepted, for all or by provider; None accepts any.
        clock: Wall clock for the stamps in bodies and headers.

    Raises:
        ValueError: A name is unknown or a number is negative.
    """

    def __init__(
        self,
        *providers: str,
        faults: Faults | Mapping[str, Faults] = None,
        seed: int = 0,
        latency: float = 0.0,
        pace: float = 0.0,
        rate_limit: RateLimit | None = None,
        port: int = 0,
        keys: Keys | Mapping[str, Keys] = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if unknown := [name for name in providers if name not in PROVIDERS]:
            raise ValueError(f"unknown provider {unknown[0]!r}; use one of {', '.join(PROVIDERS)}")
        if latency < 0 or pace < 0:
            raise ValueError("latency and pace are seconds and cannot be negative")
        self.providers = providers or PROVIDERS
        self.latency, self.pace = latency, pace
        self.requests: list[Seen] = []
        self.in_flight = self.peak_in_flight = 0
        self._mounts = {name: Mount(name, seed, clock, accepted(keys, name), rate_limit) for name in self.providers}
        self.faults = faults
        self._wanted_port, self._count = port, 0
        self._runner: web.ServerRunner | None = None
        self._port: int | None = None
        self._closing = asyncio.Event()

    # -- life ---------------------------------------------------------------------------------------

    async def start(self) -> Self:
        """Listen on 127.0.0.1."""
        if self._runner is not None:
            raise RuntimeError("the simulator is already started; stop it first")
        self._closing = asyncio.Event()  # of this loop
        server = web.Server(self._handle, handler_cancellation=True, access_log=None)
        runner = web.ServerRunner(server, shutdown_timeout=0.5)
        self._runner = runner
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", self._wanted_port, backlog=2048).start()
        except BaseException:
            await self.stop()
            raise
        self._port = runner.addresses[0][1]
        return self

    async def stop(self) -> None:
        """Close every connection, also those that stall; requests under way are cut off."""
        self._closing.set()
        runner, self._runner, self._port = self._runner, None, None
        if runner is not None:
            await runner.cleanup()

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    # -- addresses ----------------------------------------------------------------------------------

    @property
    def port(self) -> int:
        """The port it listens on."""
        if self._port is None:
            raise RuntimeError("the simulator is not started; use 'async with' or await start()")
        return self._port

    @property
    def root_urls(self) -> dict[str, str]:
        """The root of each twin, which the SDKs of Groq, Claude and Ollama take."""
        origin = f"http://127.0.0.1:{self.port}"
        return {name: origin if len(self._mounts) == 1 else f"{origin}/{name}" for name in self._mounts}

    @property
    def base_urls(self) -> dict[str, str]:
        """The base URL of each twin, as its provider is configured."""
        return {name: root + self._mounts[name].twin.base_path for name, root in self.root_urls.items()}

    @property
    def root_url(self) -> str:
        """The root of the only twin."""
        return self._only(self.root_urls)

    @property
    def base_url(self) -> str:
        """The base URL of the only twin."""
        return self._only(self.base_urls)

    def _only(self, urls: dict[str, str]) -> str:
        if len(urls) != 1:
            raise ValueError("several providers are simulated: use base_urls[NAME] or root_urls[NAME]")
        return next(iter(urls.values()))

    # -- faults -------------------------------------------------------------------------------------

    @property
    def faults(self) -> Faults | Mapping[str, Faults]:
        """What goes wrong; may be replaced at any time."""
        return self._faults

    @faults.setter
    def faults(self, faults: Faults | Mapping[str, Faults]) -> None:
        if isinstance(faults, Mapping):
            if unknown := [name for name in faults if name not in self.providers]:
                raise ValueError(f"faults for {unknown[0]!r}, which is not simulated here")
            schedules = {name: schedule(faults.get(name)) for name in self.providers}
        else:
            schedules = dict.fromkeys(self.providers, schedule(faults))
        for name, mount in self._mounts.items():
            mount.schedule = schedules[name]
        self._faults = faults

    # -- a request ----------------------------------------------------------------------------------

    async def _handle(self, request: BaseRequest) -> web.StreamResponse:
        path, provider = request.path, self.providers[0]
        if len(self.providers) > 1:
            provider, _, path = path[1:].partition("/")
            path = "/" + path
        mount = self._mounts.get(provider)
        if mount is None:
            return web.Response(status=404, text=f"no twin is mounted here; try {', '.join(self.root_urls.values())}")
        headers = {name.lower(): value for name, value in request.headers.items()}
        now = asyncio.get_running_loop().time()
        seen = Seen(provider, request.method, request.path, dict(request.query), headers, now)
        self.requests.append(seen)
        try:
            spec = headers.get(FAULT_HEADER)
            struck = mount.schedule.draw() if spec is None else fault(spec)
        except ValueError as error:
            seen.status = 400
            return web.Response(status=400, text=str(error))
        self._count += 1
        ask = Ask(self._count, seen.method, path, seen.query, headers)
        self.in_flight += 1
        self.peak_in_flight = max(self.peak_in_flight, self.in_flight)
        try:
            return await self._serve(request, seen, mount, ask, struck)
        except (asyncio.CancelledError, ConnectionError) as gone:
            seen.disconnected = not self._closing.is_set()
            if isinstance(gone, asyncio.CancelledError):
                raise
            return reset(request)
        finally:
            self.in_flight -= 1

    async def _serve(
        self, request: BaseRequest, seen: Seen, mount: Mount, ask: Ask, struck: Fault | None
    ) -> web.StreamResponse:
        seen.fault = struck.name if struck else None
        ask.raw = await body_of(request)
        ask.body = seen.body = _parsed(ask.raw)
        if struck and struck.kind == "reset":
            return reset(request)
        if self.latency:
            await self._pause(self.latency)
        if struck and struck.kind == "delay":
            await self._pause(struck.delay)
        answer, out, headers = mount.answer(ask, struck, asyncio.get_running_loop().time())
        seen.status = answer.status
        return await deliver(request, answer, out, headers, self._pause, self.pace)

    async def _pause(self, seconds: float | None) -> None:
        """Wait, for ever when None; stopping the server ends every wait at once."""
        try:
            async with asyncio.timeout(seconds):
                await self._closing.wait()
        except TimeoutError:
            return
        raise ConnectionAbortedError("the simulator is stopping")


simulate = Simulator  # the name that reads well: async with simulate("openai") as sim


def _parsed(raw: bytes) -> Any:
    try:
        return orjson.loads(raw) if raw else raw
    except orjson.JSONDecodeError:
        return raw
