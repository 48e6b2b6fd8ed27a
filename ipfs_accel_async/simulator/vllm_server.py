"""The state of a vLLM server: adapters, sleep, pauses, caches, counters.

Source: vLLM, its routers for LoRA, for the development mode and for instruments.
"""

from collections.abc import Callable, Collection
from typing import Any

from .openai_dialect import OpenAIDialect
from .shelf import Shelf
from .twin import Answer, Ask, RejectError, Whole, dumps, fields

VERSION = "0.33.0"
_TEXT = "text/plain; charset=utf-8"
_MODES = ("abort", "wait", "keep")


class VLLMServer(OpenAIDialect):
    """Mixed into the twin. All that a server may be started with is there."""

    def __init__(self, seed: int, clock: Callable[[], float], keys: Collection[str] | None) -> None:
        super().__init__(seed, clock, keys)
        self.adapters = Shelf("adapter")
        self._sleeping = self._paused = False

    def server_routes(self) -> dict[tuple[str, str], Callable[[Ask], Answer]]:
        """Return the routes of this module."""
        routes: dict[tuple[str, str], Callable[[Ask], Answer]] = {
            ("POST", "/v1/load_lora_adapter"): self.load,
            ("POST", "/v1/unload_lora_adapter"): self.unload,
            ("POST", "/sleep"): self.sleep,
            ("POST", "/wake_up"): self.wake_up,
            ("GET", "/is_sleeping"): lambda ask: _told({"is_sleeping": self._sleeping}),
            ("POST", "/pause"): self.pause,
            ("POST", "/resume"): self.resume,
            ("GET", "/is_paused"): lambda ask: _told({"is_paused": self._paused}),
            ("POST", "/abort_requests"): self.abort,
            ("GET", "/version"): lambda ask: _told({"version": VERSION}),
            ("GET", "/load"): lambda ask: _told({"server_load": 0}),
            ("GET", "/server_info"): lambda ask: _told({"vllm_config": f"model={self.models[0]!r}"}),
            ("GET", "/metrics"): self.metrics,
        }
        for path in ("/health", "/ping"):
            routes["GET", path] = _done
        for path in ("/reset_prefix_cache", "/reset_mm_cache", "/reset_encoder_cache"):
            routes["POST", path] = _done
        return routes

    def check_awake(self) -> None:
        """Refuse to generate while asleep or paused."""
        if self._sleeping or self._paused:
            raise RejectError(503, "The engine is paused.")

    def list_models(self, ask: Ask) -> Answer:
        """GET /v1/models: the model, and its adapters."""
        cards = [self.model_card(model) for model in self.models]
        for adapter in self.adapters.page(None, len(self.adapters))[0]:
            own = {"root": adapter["lora_path"], "parent": self.models[0], "max_model_len": None}
            cards.append(self.model_card(adapter["lora_name"]) | own)
        return _told({"object": "list", "data": cards})

    def load(self, ask: Ask) -> Answer:
        """POST /v1/load_lora_adapter: told in text."""
        body = fields(ask, "Invalid JSON body")
        name = body.get("lora_name")
        if not name or not body.get("lora_path"):
            raise RejectError(400, "Both 'lora_name' and 'lora_path' must be provided.")
        if name in self.adapters and not body.get("load_inplace"):
            message = f"The lora adapter '{name}' has already been loaded."
            raise RejectError(400, f"{message} If you want to load the adapter in place, set 'load_inplace' to True.")
        self.adapters.put(name, body)
        return Whole(f"Success: LoRA adapter '{name}' added successfully.".encode(), media=_TEXT)

    def unload(self, ask: Ask) -> Answer:
        """POST /v1/unload_lora_adapter: told in text."""
        name = fields(ask, "Invalid JSON body").get("lora_name")
        if not name:
            raise RejectError(400, "'lora_name' needs to be provided to unload a LoRA adapter.")
        if name not in self.adapters:
            raise RejectError(404, f"The lora adapter '{name}' cannot be found.")
        self.adapters.pop(name)
        return Whole(f"Success: LoRA adapter '{name}' removed successfully.".encode(), media=_TEXT)

    def sleep(self, ask: Ask) -> Answer:
        """POST /sleep."""
        if ask.query.get("level", "1") not in ("0", "1", "2"):
            raise RejectError(400, "level must be 0, 1 or 2")
        self._sleeping = True
        return _done(ask)

    def wake_up(self, ask: Ask) -> Answer:
        """POST /wake_up."""
        self._sleeping = False
        return _done(ask)

    def pause(self, ask: Ask) -> Answer:
        """POST /pause."""
        if ask.query.get("mode", "abort") not in _MODES:
            raise RejectError(400, f"mode: Input should be one of {', '.join(_MODES)}", param="mode")
        self._paused = True
        return _told({"status": "paused"})

    def resume(self, ask: Ask) -> Answer:
        """POST /resume."""
        self._paused = False
        return _told({"status": "resumed"})

    def abort(self, ask: Ask) -> Answer:
        """POST /abort_requests: none is ever in flight here, as answers are made at once."""
        ids = fields(ask, "Invalid JSON format").get("request_ids") or []
        return _told({"status": "aborted", "aborted": len(ids)})

    def metrics(self, ask: Ask) -> Answer:
        """GET /metrics: what a scraper reads."""
        name = "vllm:num_requests_running"
        text = f'# TYPE {name} gauge\n{name}{{model_name="{self.models[0]}"}} 0.0\n'
        return Whole(text.encode(), media=_TEXT)


def _told(value: Any) -> Whole:
    return Whole(dumps(value))


def _done(ask: Ask) -> Answer:
    return Whole(b"")
