"""An MLServer runtime for an OpenVINO model, and the model: a classifier of eight numbers whose weights are a formula.

``python openvino_runtime.py FOLDER`` writes the model and its settings into a folder, from which MLServer serves it.
"""

import json
import sys
from pathlib import Path

import numpy as np
import openvino
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse
from openvino import opset13 as ops


class OpenVINORuntime(MLModel):
    """Runs the model on the CPU."""

    async def load(self) -> bool:
        """Read and compile it."""
        exact = {"INFERENCE_PRECISION_HINT": "f32"}  # some processors would compute in half precision
        self._compiled = openvino.Core().compile_model(self.settings.parameters.uri, "CPU", exact)
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """Run it on the tensors of a request."""
        given = {tensor.name: NumpyCodec.decode_input(tensor) for tensor in payload.inputs}
        made = self._compiled(given)
        outputs = [NumpyCodec.encode_output(next(iter(port.get_names())), made[port]) for port in made]
        return InferenceResponse(model_name=self.name, model_version=self.version, outputs=outputs)


def weights() -> np.ndarray:
    """The same eight by three numbers wherever they are needed."""
    return np.array([[((3 * row + column) % 5 - 2) / 10 for column in range(3)] for row in range(8)], np.float32)


def write(folder: Path) -> None:
    """Write the model and its settings."""
    folder.mkdir(parents=True)
    x = ops.parameter([-1, 8], np.float32, name="x")
    probs = ops.softmax(ops.matmul(x, ops.constant(weights()), False, False), 1)
    x.output(0).set_names({"x"})
    probs.output(0).set_names({"probs"})
    openvino.save_model(openvino.Model([probs], [x], "tiny"), str(folder / "model.xml"), compress_to_fp16=False)
    settings = {
        "name": "tiny",
        "implementation": "openvino_runtime.OpenVINORuntime",
        "parameters": {"uri": str(folder / "model.xml"), "version": "1"},
        "inputs": [{"name": "x", "datatype": "FP32", "shape": [-1, 8]}],
        "outputs": [{"name": "probs", "datatype": "FP32", "shape": [-1, 3]}],
    }
    (folder / "model-settings.json").write_text(json.dumps(settings))


if __name__ == "__main__":
    write(Path(sys.argv[1]))
