"""The shape of a twin: a question comes in as a value, an answer goes out as a value, no I/O."""

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, ClassVar

import orjson

from .answers import CACHEABLE_TOKENS, digest
from .limits import Verdict

JSON = "application/json"


@dataclass(slots=True)
class Ask:
    """One request as a twin sees it: `path` without the mount prefix, `body` parsed when it was JSON.

    `raw` is the body's bytes, `args` what stands in the path for the names in braces of its route.
    """

    number: int
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any = b""
    raw: bytes = b""
    args: dict[str, str] = field(default_factory=dict)

    @property
    def bearer(self) -> str:
        """The token of the Authorization header, empty when there is none."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""


@dataclass(slots=True)
class Whole:
    """An answer in one piece. `tokens` is what it costs a token limit, `output` the part of the answer in that."""

    body: bytes
    status: int = 200
    media: str = JSON
    headers: dict[str, str] = field(default_factory=dict)
    tokens: int = 0
    output: int = 0


@dataclass(slots=True)
class Frames:
    """A streamed answer: its frames, the last of which says that the stream is complete."""

    frames: list[bytes]
    media: str
    headers: dict[str, str] = field(default_factory=dict)
    tokens: int = 0
    status: int = 200
    output: int = 0


Answer = Whole | Frames


class RejectError(Exception):
    """A request that the service would not serve, to be told in the vendor's own words."""

    def __init__(
        self,
        status: int,
        message: str = "",
        *,
        code: str | None = None,
        param: str | None = None,
        quota: bool = False,
        wait: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.code, self.param, self.quota = status, message, code, param, quota
        self.wait = wait  # seconds, for the services that tell it in the body


class Twin(ABC):
    """One vendor's service.

    Args:
        seed: Decides the answers.
        clock: Wall clock for the stamps in bodies and headers, seconds since the epoch.
        keys: The keys it accepts; None accepts any.
    """

    name: ClassVar[str]
    base_path: ClassVar[str] = ""
    trouble: ClassVar[int] = 500  # the status whose error is told when one strikes under a 200

    def __init__(self, seed: int, clock: Callable[[], float], keys: Collection[str] | None) -> None:
        self.seed, self.clock, self.keys = seed, clock, keys
        self.routes: dict[tuple[str, str], Callable[[Ask], Answer]] = {}
        self._prompts: set[bytes] = set()

    def answer(self, ask: Ask) -> Answer:
        """Answer a request.

        Raises:
            RejectError: The service would refuse it.
        """
        self.authorise(ask)
        route = self.routes.get((ask.method, ask.path))
        if route is not None:
            return route(ask)
        found = self.match(ask.method, ask.path)
        if found is not None:
            route, ask.args = found
            return route(ask)
        return self.other(ask)

    def match(self, method: str, path: str) -> tuple[Callable[[Ask], Answer], dict[str, str]] | None:
        """Return the route whose pattern, such as ``/v1/files/{id}``, a path has, and what stands for its names.

        A name takes one segment; ``{name:path}`` takes the rest of the path. Of several the first in the table counts.
        """
        for (verb, pattern), route in self.routes.items():
            if verb == method:
                hit = _pattern(pattern).fullmatch(path)
                if hit:
                    return route, hit.groupdict()
        return None

    def other(self, ask: Ask) -> Answer:
        """Answer a path that is not in the table."""
        if any(_pattern(pattern).fullmatch(ask.path) for _, pattern in self.routes):
            raise RejectError(405, f"Method {ask.method} is not allowed for {ask.path}")
        raise RejectError(404, f"Unknown URL: {ask.method} {ask.path}")

    @abstractmethod
    def authorise(self, ask: Ask) -> None:
        """Check the key."""

    @abstractmethod
    def failure(self, ask: Ask, reject: RejectError) -> Whole:
        """Tell an error as this vendor does."""

    @abstractmethod
    def error_frames(self, ask: Ask, reject: RejectError) -> list[bytes]:
        """Tell an error inside a stream as this vendor does."""

    def headers(self, ask: Ask, verdict: Verdict) -> dict[str, str]:
        """Headers of every answer."""
        return {}

    def credential(self, ask: Ask) -> str:
        """Whose rate limit a request counts against."""
        return ask.bearer

    def overloaded(self, verdict: Verdict) -> RejectError:
        """How this vendor says that a rate limit is used up."""
        return RejectError(429, f"Rate limit reached for {verdict.short}.", code="rate_limit_exceeded")

    def retry_headers(self, wait: float) -> dict[str, str]:
        """How this vendor says when to come back; `wait` is in seconds."""
        return {"retry-after": str(math.ceil(wait))}

    def cached(self, text: str, tokens: int) -> bool:
        """Whether a prompt prefix has been seen before; from now on it has been."""
        if tokens < CACHEABLE_TOKENS:
            return False
        key = digest(text)[:16]
        seen = key in self._prompts
        self._prompts.add(key)
        return seen

    def ident(self, prefix: str, ask: Ask) -> str:
        """Return an id that looks like the vendor's and is the same in every run."""
        return f"{prefix}{self.seed & 0xFFFF:04x}{ask.number:020x}"


@lru_cache(maxsize=1024)
def _pattern(route: str) -> re.Pattern[str]:
    text = re.escape(route).replace(r"\{", "{").replace(r"\}", "}")
    return re.compile(re.sub(r"\{(\w+)(:path)?\}", lambda hit: f"(?P<{hit[1]}>{'.+' if hit[2] else '[^/]+'})", text))


def fields(ask: Ask, message: str) -> dict[str, Any]:
    """Return the body as an object.

    Raises:
        RejectError: 400, with the message, when it is not one.
    """
    if not isinstance(ask.body, dict):
        raise RejectError(400, message)
    return ask.body


def dumps(value: Any) -> bytes:
    """Write JSON; numpy vectors too."""
    return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY)
