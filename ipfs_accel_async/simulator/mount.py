"""One twin at its place: its faults, its limits, and the answer they leave of it. No I/O."""

import math
from collections.abc import Callable, Collection, Iterable, Mapping
from email.utils import formatdate

from .claude import Claude
from .delivery import Outgoing, damage
from .faults import Fault
from .gemini import Gemini
from .groq import Groq
from .hf_tei import HfTei
from .hf_tgi import HfTgi
from .limits import Meter, RateLimit, Verdict, unlimited, used_up
from .llvm import LLVM
from .ollama import Ollama
from .opea import OPEA
from .openai import OpenAI
from .ovms import OVMS
from .s3_kit import S3Kit
from .schedules import Schedule, Script
from .twin import Answer, Ask, RejectError, Twin, Whole
from .vllm import VLLM

TWINS: dict[str, type[Twin]] = {
    "openai": OpenAI,
    "claude": Claude,
    "groq": Groq,
    "vllm": VLLM,
    "ollama": Ollama,
    "gemini": Gemini,
    "hf_tgi": HfTgi,
    "hf_tei": HfTei,
    "ovms": OVMS,
    "opea": OPEA,
    "llvm": LLVM,
    "s3_kit": S3Kit,
}
PROVIDERS = tuple(TWINS)
Keys = str | Iterable[str] | None
_EDGE_PAGE = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


class Mount:
    """A twin with its fault schedule and one meter for each key.

    Args:
        provider: Name of the twin.
        seed: Decides the answers.
        clock: Wall clock, seconds since the epoch.
        keys: The accepted keys; None accepts any.
        limit: What each key may use; None is no limit.
    """

    def __init__(
        self,
        provider: str,
        seed: int,
        clock: Callable[[], float],
        keys: Collection[str] | None,
        limit: RateLimit | None,
    ) -> None:
        self.twin = TWINS[provider](seed, clock, keys)
        self.schedule: Schedule = Script()
        self._clock, self._limit = clock, limit
        self._meters: dict[str, Meter] = {}

    def answer(self, ask: Ask, fault: Fault | None, now: float) -> tuple[Answer, Outgoing, dict[str, str]]:
        """Return the answer's kind and status, its bytes, and its headers; `now` is the loop's time."""
        if fault is not None and fault.kind == "status":
            answer, headers = self._outage(ask, fault, now)
            return answer, damage(answer, None), headers
        answer, headers = self._served(ask, now)
        if fault is None or answer.status != 200:
            return answer, damage(answer, None), headers
        reject = RejectError(self.twin.trouble, fault.message or "")
        error = (self.twin.failure(ask, reject).body, self.twin.error_frames(ask, reject))
        return answer, damage(answer, fault, error), headers

    def _served(self, ask: Ask, now: float) -> tuple[Answer, dict[str, str]]:
        twin, meter, retry = self.twin, self._meter(ask, now), {}
        verdict = unlimited()
        try:
            answer = _checked(twin, ask)
            if meter is not None:
                verdict = meter.take(answer.tokens, now, answer.output)
            if verdict.wait:
                retry = twin.retry_headers(verdict.wait)
                answer = twin.failure(ask, twin.overloaded(verdict))
        except RejectError as reject:
            verdict = meter.peek(now) if meter else verdict
            answer = twin.failure(ask, reject)
        return answer, twin.headers(ask, verdict) | retry

    def _outage(self, ask: Ask, fault: Fault, now: float) -> tuple[Answer, dict[str, str]]:
        meter = self._meter(ask, now)
        verdict: Verdict = meter.peek(now) if meter else unlimited()
        if fault.status == 429 and not fault.quota:
            verdict = used_up(verdict, fault.retry_after or 1.0)
        headers = self.twin.headers(ask, verdict) | self._retry_after(fault)
        if fault.status == 502:  # it comes from the edge in front of the vendor, which speaks HTML
            return Whole(_EDGE_PAGE, 502, "text/html"), headers
        wait = None if fault.retry_after_form == "garbage" else fault.retry_after
        reject = RejectError(fault.status, fault.message or "", quota=fault.quota, wait=wait)
        return self.twin.failure(ask, reject), headers

    def _retry_after(self, fault: Fault) -> dict[str, str]:
        wait = fault.retry_after
        if wait is None:
            return {}
        match fault.retry_after_form:
            case "seconds":
                return {"retry-after": f"{wait:g}"}
            case "date":
                return {"retry-after": formatdate(math.ceil(self._clock() + wait), usegmt=True)}
            case "ms":
                return {"retry-after-ms": f"{wait * 1000:g}"}
            case "garbage":
                return {"retry-after": "soon"}

    def _meter(self, ask: Ask, now: float) -> Meter | None:
        if self._limit is None:
            return None
        key = self.twin.credential(ask)
        if key not in self._meters:
            self._meters[key] = Meter(self._limit, now)
        return self._meters[key]


def _checked(twin: Twin, ask: Ask) -> Answer:
    try:
        return twin.answer(ask)
    except (AttributeError, IndexError, KeyError, TypeError) as error:  # a field of a wrong type, somewhere
        raise RejectError(400, f"The request is malformed: {error}") from error


def accepted(keys: Keys | Mapping[str, Keys], provider: str) -> frozenset[str] | None:
    """Return the keys that a provider's twin accepts; None is any."""
    if isinstance(keys, Mapping):
        keys = keys.get(provider)
    if keys is None:
        return None
    return frozenset((keys,) if isinstance(keys, str) else keys)
