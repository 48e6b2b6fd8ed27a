"""What the LLVM handle sends, and what it makes of the answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pytest

from ipfs_accel_async import Client, MockTransport
from ipfs_accel_async.errors import BadRequestError, InvalidRequestError, ResponseValidationError
from ipfs_accel_async.native.llvm_values import BatchInference, Execution

if TYPE_CHECKING:
    from ipfs_accel_async.wire.http import Request

CODE = "define i64 @one() {\n ret i64 1\n}"
DONE = {"result": 1, "arrays": [], "output": "", "errors": [], "execution_time": 1e-6}


class Asked:
    """A client whose service answers one thing, and what was sent to it."""

    def __init__(self, body: Any) -> None:
        self.mock = MockTransport(lambda request: MockTransport.reply(body))
        self.client = Client(transport=self.mock, keys={"llvm": "token-0123456789"})

    @property
    def request(self) -> Request:
        """The only request."""
        (request,) = self.mock.requests
        return request

    @property
    def body(self) -> Any:
        """Its JSON."""
        return orjson.loads(self.request.body)


@pytest.mark.parametrize(
    ("call", "method", "path", "body"),
    [
        (lambda llvm: llvm.info("a/b"), "GET", "/models/a%2Fb", None),
        (lambda llvm: llvm.statistics("m"), "GET", "/models/m/statistics", None),
        (lambda llvm: llvm.optimize("m", "speed"), "POST", "/models/m/optimize", {"optimization_type": "speed"}),
        (lambda llvm: llvm.optimize("m", x=1), "POST", "/models/m/optimize", {"optimization_type": "balanced", "x": 1}),
        (lambda llvm: llvm.reload("m"), "POST", "/models/m/reload", {}),
        (
            lambda llvm: llvm.run("t5", "Hello", max_tokens=9),
            "POST",
            "/models/t5/infer",
            {"input": "Hello", "parameters": {"max_tokens": 9}},
        ),
        (lambda llvm: llvm.status(), "GET", "/status", None),
        (lambda llvm: llvm.health(), "GET", "/health", None),
        (
            lambda llvm: llvm.optimize_code(CODE, 3, debug=True),
            "POST",
            "/optimize",
            {"code": CODE, "optimization_level": "O3", "options": {"debug": True}},
        ),
    ],
)
async def test_methods_send_their_row(call: Any, method: str, path: str, body: Any) -> None:
    """Method, path, body; the key in its header; the answer as it came."""
    asked = Asked({"optimized_code": "", "outputs": ["Hi"], "fine": True})
    async with asked.client as ai:
        answer = await call(ai.llvm)
    assert (asked.request.method, asked.request.url) == (method, f"http://localhost:8090{path}")
    assert (asked.body if asked.request.body else None) == body
    assert (b"authorization", b"Bearer token-0123456789") in asked.request.headers
    assert answer["fine"] is True


async def test_an_execution_has_its_options_and_arguments() -> None:
    """Arrays go as bytes with their type; what was not set is not sent."""
    body = {**DONE, "result": 4, "arrays": [[2.0, 5.0]], "dtypes": ["float32"], "output": "hi\n", "errors": ["oops"]}
    asked = Asked(body)
    async with asked.client as ai:
        array = np.array([1.0, 2.5], np.float32)
        args = [2, 0.5, "text", None, True, [1, 2], array, np.int64(7)]
        done = await ai.llvm.execute(CODE, args, entry="one", time_limit=2.0, debug=1)
    assert isinstance(done, Execution)
    assert (done.result, done.output, done.errors, done.execution_time) == (4, "hi\n", ("oops",), 1e-6)
    assert (done.arrays[0].dtype, done.arrays[0].tolist()) == (np.float32, [2.0, 5.0])
    assert done.raw == body
    sent = asked.body
    assert sent["code"] == CODE
    assert sent["options"].keys() == {"entry", "args", "time_limit", "debug"}
    assert sent["options"]["args"][:6] == [2, 0.5, "text", None, True, [1, 2]]
    assert sent["options"]["args"][6] == {"dtype": "float32", "shape": [2], "data": "AACAPwAAIEA="}
    assert sent["options"]["args"][7] == 7


async def test_code_is_not_sent_twice() -> None:
    """Running it may have had effects: an answer that is lost is not asked for again."""
    calls = 0

    def fail(request: Request) -> Any:
        nonlocal calls
        calls += 1
        return MockTransport.reply({"error": {"message": "broken", "code": "internal"}}, status=500)

    async with Client(transport=MockTransport(fail)) as ai:
        with pytest.raises(Exception, match="broken"):
            await ai.llvm.execute(CODE)
    assert calls == 1


async def test_many_codes_keep_their_places() -> None:
    """Errors stand where their code stood."""
    asked = Asked({"results": [DONE, None], "errors": [None, {"message": "bad", "code": "bad_ir"}]})
    async with asked.client as ai:
        done = await ai.llvm.batch_execute(
            [CODE, {"code": "x", "options": {"args": [np.array([1], np.int8)]}}], optimization_level="O1"
        )
    assert isinstance(done[0], Execution)
    assert isinstance(done[1], BadRequestError)
    assert (done[1].code, done[1].message) == ("bad_ir", "bad")
    assert asked.body == {
        "code_batch": [
            CODE,
            {"code": "x", "options": {"args": [{"dtype": "int8", "shape": [1], "data": "AQ=="}]}},
        ],
        "options": {"optimization_level": "O1"},
    }


async def test_a_batch_is_inferred_in_one_request() -> None:
    """Results are arrays of the model's types, an error in the place of one that failed."""
    asked = Asked(
        {"results": [{"y": [0.5]}, {"error": {"message": "no", "code": "bad_shape"}}], "dtypes": {"y": "float32"}}
    )
    async with asked.client as ai:
        made = await ai.llvm.batch_infer("linear", [{"x": [1.0]}, {"x": np.float32([2.0])}], {"t": 1})
    assert isinstance(made, BatchInference)
    first, second = made.results
    assert not isinstance(first, BadRequestError)
    assert first["y"].dtype == np.float32
    assert isinstance(second, BadRequestError)
    assert second.code == "bad_shape"
    assert made.items_per_second > 0
    assert asked.body == {"inputs": [{"x": [1.0]}, {"x": [2.0]}], "parameters": {"t": 1}}


@pytest.mark.parametrize(
    "call",
    [
        lambda llvm: llvm.execute(""),
        lambda llvm: llvm.execute(None),
        lambda llvm: llvm.execute(CODE, "args"),
        lambda llvm: llvm.execute(CODE, [object()]),
        lambda llvm: llvm.execute(CODE, [np.array(["a"])]),
        lambda llvm: llvm.optimize_code(7),
        lambda llvm: llvm.batch_execute(CODE),
        lambda llvm: llvm.batch_execute([]),
        lambda llvm: llvm.batch_execute([{"options": {}}]),
        lambda llvm: llvm.batch_infer("m", {"x": [1]}),
        lambda llvm: llvm.batch_infer("m", [{"x": ["a"]}]),
        lambda llvm: llvm.batch_infer("", [{"x": [1]}]),
        lambda llvm: llvm.info(""),
    ],
)
async def test_bad_input_is_refused_before_anything_is_sent(call: Any) -> None:
    """With what was expected."""
    asked = Asked({})
    async with asked.client as ai:
        with pytest.raises(InvalidRequestError):
            await call(ai.llvm)
    assert not asked.mock.requests


@pytest.mark.parametrize(
    ("call", "body"),
    [
        (lambda llvm: llvm.execute(CODE), {"output": ""}),
        (lambda llvm: llvm.execute(CODE), {"result": 1, "arrays": [[1]], "dtypes": ["odd"]}),
        (lambda llvm: llvm.execute(CODE), {"result": 1, "arrays": [[[1], 2]]}),
        (lambda llvm: llvm.execute(CODE), {"result": 1, "arrays": 7}),
        (lambda llvm: llvm.batch_execute([CODE]), {"results": [7], "errors": [None]}),
        (lambda llvm: llvm.batch_infer("m", [{"x": [1]}]), {"results": [{"y": [[1], 2]}]}),
        (lambda llvm: llvm.batch_infer("m", [{"x": [1]}]), {"results": [{"y": [1]}], "dtypes": {"y": "odd"}}),
    ],
)
async def test_malformed_answers_are_typed(call: Any, body: Any) -> None:
    """Never an AttributeError."""
    asked = Asked(body)
    async with asked.client as ai:
        with pytest.raises(ResponseValidationError):
            await call(ai.llvm)


async def test_results_that_json_has_no_word_for() -> None:
    """A result that is not a number is one here."""
    asked = Asked({**DONE, "result": {"dtype": "float64", "shape": [], "data": "AAAAAAAA+H8="}})
    async with asked.client as ai:
        assert np.isnan((await ai.llvm.execute(CODE)).result)


async def test_calls_go_through_the_stack() -> None:
    """Priority, timeout and base URL are those of the handle."""
    asked = Asked(DONE)
    async with asked.client as ai:
        llvm = ai.llvm.with_options(priority="HIGH", timeout=5.0, base_url="http://127.0.0.1:9")
        await llvm.execute(CODE)
        assert ai.report().to_json()
    assert asked.request.url == "http://127.0.0.1:9/execute"
