"""Twins of the backends on loopback: real HTTP, deterministic answers, faults on demand.

Use it to try the client without a key, and to test your own code against outages that real services
will not produce on request::

    async with simulate("openai", faults=["429", None, "cut@200"]) as sim:
        ...  # point any OpenAI client at sim.base_url
        assert sim.requests[0].status == 429
"""

from .faults import PRESETS, Fault
from .limits import RateLimit
from .mount import PROVIDERS
from .schedules import Every, Flapping, Schedule, Script, Seeded
from .server import Seen, Simulator, simulate

__all__ = [
    "PRESETS",
    "PROVIDERS",
    "Every",
    "Fault",
    "Flapping",
    "RateLimit",
    "Schedule",
    "Script",
    "Seeded",
    "Seen",
    "Simulator",
    "simulate",
]
