"""Reading TEI's requests, with the limits that the server keeps.

Source: Text Embeddings Inference, OpenAPI description and its messages. What does not fit the shape of a request is
told in plain text, what the server finds wrong with it as JSON; `SHAPE` marks the first kind.
"""

from typing import Any

from .answers import count
from .twin import RejectError

MODEL, DIMENSIONS = "BAAI/bge-small-en-v1.5", 384
MAX_BATCH, MAX_INPUT_TOKENS, MAX_BODY_BYTES = 32, 512, 2_000_000
SHAPE = "shape"


def shape(fault: str) -> RejectError:
    """A body that is no request."""
    return RejectError(422, f"Failed to deserialize the JSON body into the target type: {fault}", code=SHAPE)


def invalid(fault: str) -> RejectError:
    """A request that the server checks and refuses."""
    return RejectError(422, fault, code="Validation")


def empty(field: str) -> RejectError:
    """Nothing to work on."""
    return RejectError(400, f"`{field}` cannot be empty", code="Empty")


def body_of(body: Any) -> dict[str, Any]:
    """Return the body as an object.

    Raises:
        RejectError: It is none: 400 when it is no JSON, else 422.
    """
    if isinstance(body, bytes):
        fault = "Failed to parse the request body as JSON: expected value at line 1 column 1"
        raise RejectError(400, fault, code=SHAPE)
    if not isinstance(body, dict):
        raise shape("expected a map")
    return body


def inputs_of(body: dict[str, Any], field: str = "inputs") -> list[str]:
    """Read one input or many; a list of token ids is one input."""
    value = body.get(field)
    if isinstance(value, str) or (isinstance(value, list) and value and _ids(value)):
        value = [value]
    if not isinstance(value, list):
        raise shape(f"missing field `{field}`" if value is None else f"{field}: data did not match any variant")
    return within(checked(value, field, body), field)


def texts_of(body: dict[str, Any], field: str) -> list[str]:
    """Read a list of texts."""
    value = body.get(field)
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise shape(f"missing field `{field}`" if value is None else f"{field}: invalid type, expected a sequence")
    return within(value, field)


def within(batch: list[Any], field: str, more: int = 0) -> list[Any]:
    """Return the batch when it is neither empty nor larger than a client may send; `more` counts with it."""
    if not batch:
        raise empty(field)
    if len(batch) + more > MAX_BATCH:
        raise invalid(f"batch size {len(batch) + more} > maximum allowed batch size {MAX_BATCH}")
    return batch


def checked(batch: list[Any], field: str, options: dict[str, Any]) -> list[str]:
    """Return the inputs as texts no longer than the model takes; they are cut unless truncation is switched off."""
    texts = []
    for item in batch:
        if not isinstance(item, str) and not _ids(item):
            raise shape(f"{field}: data did not match any variant of untagged enum Input")
        if not item:
            raise RejectError(400, f"Input validation error: `{field}` cannot be empty", code="Empty")
        text = item if isinstance(item, str) else " ".join(map(str, item))
        size = count(text) if isinstance(item, str) else len(item)
        if size > MAX_INPUT_TOKENS:
            if options.get("truncate") is False:
                fault = f"`{field}` must have less than {MAX_INPUT_TOKENS} tokens. Given: {size}"
                raise invalid(f"Input validation error: {fault}")
            text = _cut(text, options.get("truncation_direction") or "Right")
        texts.append(text)
    return texts


def ids_of(body: dict[str, Any]) -> list[list[int]]:
    """Read one list of token ids, or many."""
    value = body.get("ids")
    if _ids(value) and value:
        value = [value]
    if not isinstance(value, list) or not all(_ids(each) for each in value):
        raise shape("missing field `ids`" if value is None else "ids: data did not match any variant")
    return value


def sequences_of(body: dict[str, Any]) -> tuple[list[str], bool]:
    """Read what is to be classified: a text, a pair, or a batch of both as lists; and whether it was a batch."""
    value = body.get("inputs")
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list) or not value:
        raise shape("inputs: invalid type, expected a string, a pair of strings or a batch")
    batch = isinstance(value[0], list)
    for item in value if batch else [value]:
        if not isinstance(item, list) or len(item) not in (1, 2) or not all(isinstance(text, str) for text in item):
            raise shape("inputs: invalid length, expected a string, a pair of strings or a batch")
    sequences = within(value if batch else [value], "inputs")
    return checked(["\n".join(item) for item in sequences], "inputs", body), batch


def _ids(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, int) and item >= 0 for item in value)


def _cut(text: str, direction: str) -> str:
    raw, most = text.encode(), MAX_INPUT_TOKENS * 4
    return (raw[-most:] if direction == "Left" else raw[:most]).decode(errors="ignore")
