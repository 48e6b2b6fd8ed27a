"""Starts KServe's model server with a classifier: ``python kserve_model.py --http_port PORT --enable_grpc false``."""

from typing import Any

import numpy as np
from kserve import InferOutput, InferRequest, InferResponse, Model, ModelServer


class Tiny(Model):
    """Softmax of eight numbers times weights that are a formula."""

    def __init__(self) -> None:
        super().__init__("tiny")
        self.ready = False

    def load(self) -> bool:
        """Make the weights."""
        rows = [[((3 * row + column) % 5 - 2) / 10 for column in range(3)] for row in range(8)]
        self._weights = np.array(rows, np.float32)
        self.ready = True
        return True

    async def get_input_types(self) -> list[dict[str, Any]]:
        """What the metadata tells of the input."""
        return [{"name": "x", "datatype": "FP32", "shape": [-1, 8]}]

    async def get_output_types(self) -> list[dict[str, Any]]:
        """What the metadata tells of the output."""
        return [{"name": "probs", "datatype": "FP32", "shape": [-1, 3]}]

    async def predict(self, payload: Any, *_: Any, **__: Any) -> Any:
        """Answer either protocol; outputs go as they were asked for."""
        if not isinstance(payload, InferRequest):
            return {"predictions": self._run(np.array(payload["instances"], np.float32)).tolist()}
        made = self._run(payload.inputs[0].as_numpy())
        output = InferOutput("probs", list(made.shape), "FP32")
        output.set_data_from_numpy(made, binary_data=True)
        return InferResponse(payload.id or "0", self.name, [output], use_binary_outputs=True)

    def _run(self, x: Any) -> Any:
        powers = np.exp(x @ self._weights)
        return (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)


if __name__ == "__main__":
    tiny = Tiny()
    tiny.load()
    ModelServer().start([tiny])
