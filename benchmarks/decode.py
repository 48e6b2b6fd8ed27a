"""No call at all: the bodies of answers, held in memory and decoded. What a call costs beyond this is its own cost."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from benchmarks import _bodies
from benchmarks.clients import Bench

if TYPE_CHECKING:
    from collections.abc import Mapping


class Decode(Bench):
    """orjson and numpy, in the shortest way from bytes to values."""

    library = "numpy"

    async def open(self) -> None:
        """Import the libraries and make the bodies."""
        import numpy  # noqa: F401 - loaded before it is measured
        import orjson

        self._loads = orjson.loads
        self._chat = _body(_bodies.CHAT)
        self._embeddings = {way: _body(_bodies.embeddings(packed=way == "base64")) for way in ("base64", "float")}

    async def chat(self) -> str:
        """The text of the prebuilt answer."""
        return self._loads(self._chat)["choices"][0]["message"]["content"]  # type: ignore[no-any-return]

    async def embed(self, texts: list[str], encoding: str) -> Any:
        """The vectors of the prebuilt answer as one array."""
        return vectors(self._loads(self._embeddings[encoding]), encoding)


def vectors(answer: Mapping[str, Any], encoding: str) -> Any:
    """The vectors of a parsed answer as one array (n, d) of float32."""
    import numpy as np

    rows = [item["embedding"] for item in answer["data"]]
    if encoding == "base64":
        return np.array([np.frombuffer(base64.b64decode(row), "<f4") for row in rows])
    return np.array(rows, np.float32)


def _body(response: bytes) -> bytes:
    return response.partition(b"\r\n\r\n")[2]
