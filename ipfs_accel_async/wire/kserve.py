"""Tensors of the Open Inference Protocol (KServe v2 REST), as JSON and in its binary extension, to and from numpy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

HEADER = "inference-header-content-length"
"""Says how many bytes of a body are JSON, where tensors follow it."""
NUMPY_OF = {
    "BOOL": "?",
    "UINT8": "<u1",
    "UINT16": "<u2",
    "UINT32": "<u4",
    "UINT64": "<u8",
    "INT8": "<i1",
    "INT16": "<i2",
    "INT32": "<i4",
    "INT64": "<i8",
    "FP16": "<f2",
    "FP32": "<f4",
    "FP64": "<f8",
}
"""Datatypes by name, each as numpy calls it; ``BF16`` and ``BYTES`` beside them have no name there."""
_KINDS = {"b": "BOOL", "u": "UINT", "i": "INT", "f": "FP"}
_LENGTH = 4  # bytes before each element of BYTES


def datatype_of(array: NDArray[Any]) -> str:
    """The protocol's name of an array's datatype; strings and bytes are ``BYTES``.

    Raises:
        ValueError: It has none.
    """
    kind = array.dtype.kind
    if kind in "USO":
        return "BYTES"
    if array.dtype.name == "bfloat16":
        return "BF16"
    name = _KINDS.get(kind, "")
    name = name if kind == "b" else f"{name}{array.dtype.itemsize * 8}"
    if name not in NUMPY_OF:
        raise ValueError(f"{array.dtype} is no datatype of the protocol (it has {', '.join(NUMPY_OF)}, BYTES)")
    return name


def has_json_form(array: NDArray[Any]) -> bool:
    """Whether JSON can carry it: no half precision, no NaN or infinity, no bytes that are no text."""
    import numpy as np

    kind = datatype_of(array)
    if kind in {"FP16", "BF16"}:
        return False
    if kind in {"FP32", "FP64"}:
        return bool(np.isfinite(array).all())
    if kind != "BYTES":
        return True
    try:
        _texts(array)
    except UnicodeDecodeError:
        return False
    return True


def to_json(array: NDArray[Any]) -> list[Any]:
    """The elements as JSON values, flat, in row-major order.

    Raises:
        ValueError: :func:`has_json_form` is not so.
    """
    if not has_json_form(array):
        raise ValueError(f"{datatype_of(array)} values, or some of these, have no JSON form")
    values: list[Any] = _texts(array) if datatype_of(array) == "BYTES" else array.ravel().tolist()
    return values


def from_json(datatype: str, shape: Sequence[int], data: Any) -> NDArray[Any]:
    """The array that JSON values, flat or nested, mean. Elements of ``BYTES`` become bytes.

    Raises:
        ValueError: They are not of this type, or not as many as the shape says.
    """
    import numpy as np

    if not isinstance(data, list):
        raise ValueError("data is no list")
    if datatype == "BYTES":
        return _objects([_as_bytes(item) for item in _flat(data)], shape)
    name = "<f4" if datatype == "BF16" else NUMPY_OF.get(datatype)
    if name is None:
        raise ValueError(f"{datatype!r} is no datatype of the protocol")
    wanted = np.dtype(name)
    raw = np.array(data)
    if wanted.kind == "u" and raw.dtype.kind == "f":  # numpy makes floats of 2**63 beside small ones
        raw = np.array(data, object)
        if all(type(item) is int and 0 <= item <= np.iinfo(wanted).max for item in raw.flat):
            raw = raw.astype(wanted)
    fits = {"b": "b", "i": "iu", "u": "iu", "f": "fiu"}[wanted.kind]
    if raw.size and raw.dtype.kind not in fits:
        raise ValueError(f"data has other values than {datatype}")
    if raw.size and wanted.kind in "iu" and not _within(raw, np.iinfo(wanted)):
        raise ValueError(f"data has values beyond {datatype}")
    with np.errstate(over="ignore"):
        array = raw.astype(wanted)
    if wanted.kind == "f" and not np.isfinite(array).all():  # JSON has no infinity: it came by the narrower type
        raise ValueError(f"data has values beyond {datatype}")
    return array.reshape(_checked(shape, raw.size))


def to_binary(array: NDArray[Any]) -> bytes:
    """The elements as the binary extension has them: little-endian, row-major; ``BYTES`` with a length before each.

    Raises:
        ValueError: The array's type has no name in the protocol.
    """
    kind = datatype_of(array)
    if kind == "BYTES":
        pieces = []
        for item in array.flat:
            data = _as_bytes(item)
            pieces += [len(data).to_bytes(_LENGTH, "little"), data]
        return b"".join(pieces)
    if kind == "BF16":
        return array.view("u2").astype("<u2", copy=False).tobytes()
    return array.astype(NUMPY_OF[kind], copy=False).tobytes()


def from_binary(datatype: str, shape: Sequence[int], data: bytes) -> NDArray[Any]:
    """The array in these bytes: a copy, as they stand unaligned in a body. ``BF16`` becomes float32, exactly.

    Raises:
        ValueError: They are not as many as shape and type say.
    """
    import numpy as np

    if datatype == "BYTES":
        return _objects(_elements(data), shape)
    name = "<u2" if datatype == "BF16" else NUMPY_OF.get(datatype)
    if name is None:
        raise ValueError(f"{datatype!r} is no datatype of the protocol")
    size = np.dtype(name).itemsize
    if len(data) % size:
        raise ValueError(f"{len(data)} bytes are no whole number of {datatype}")
    array = np.frombuffer(data, name).reshape(_checked(shape, len(data) // size))
    if datatype == "BF16":
        widened = array.astype("<u4") << np.uint32(16)
        return widened.view("<f4").reshape(array.shape)
    return array.copy()


def read(items: Any, tail: bytes | None) -> dict[str, NDArray[Any]]:
    """The tensors of an answer, by name.

    Args:
        items: Its ``outputs``, parsed.
        tail: The bytes after the JSON, all of which belong to some tensor; None where the body is all JSON.

    Raises:
        KeyError, TypeError, ValueError: A field is missing or wrong; the message has its path.
    """
    if not isinstance(items, list):
        raise KeyError("outputs")
    tensors: dict[str, NDArray[Any]] = {}
    at = 0
    for place, item in enumerate(items):
        where = f"outputs[{place}]"
        for field in ("name", "datatype", "shape"):
            if not isinstance(item, dict) or field not in item:
                raise KeyError(f"{where}.{field}")
        size = (item.get("parameters") or {}).get("binary_data_size")
        try:
            if size is None:
                made = from_json(item["datatype"], item["shape"], item.get("data"))
            else:
                left = len(tail or b"") - at
                if not isinstance(size, int) or not 0 <= size <= left:
                    raise ValueError(f"binary_data_size is {size!r}, and {left} bytes are left")
                made = from_binary(item["datatype"], item["shape"], (tail or b"")[at : at + size])
                at += size
        except (TypeError, ValueError, OverflowError) as error:
            raise ValueError(f"{where}: {error}") from None
        tensors[item["name"]] = made
    if at != len(tail or b""):
        raise ValueError(f"{len(tail or b'') - at} bytes after the tensors belong to none")
    return tensors


def _checked(shape: Sequence[int], size: int) -> tuple[int, ...]:
    if not isinstance(shape, (list, tuple)):
        raise ValueError("the shape is no list")
    count = 1
    for dimension in shape:
        if isinstance(dimension, bool) or not isinstance(dimension, int) or dimension < 0:
            raise ValueError(f"the shape {list(shape)} has something else than whole numbers from 0")
        count *= dimension
    if count != size:
        raise ValueError(f"the shape {list(shape)} has {count} elements, and {size} came")
    return tuple(shape)


def _within(raw: NDArray[Any], bounds: Any) -> bool:
    return bool(int(raw.min()) >= bounds.min and int(raw.max()) <= bounds.max)


def _elements(data: bytes) -> list[bytes]:
    items = []
    at = 0
    while at < len(data):
        start = at + _LENGTH
        end = start + int.from_bytes(data[at:start], "little")
        if start > len(data) or end > len(data):
            raise ValueError("an element of BYTES is cut off")
        items.append(data[start:end])
        at = end
    return items


def _objects(items: list[bytes], shape: Sequence[int]) -> NDArray[Any]:
    import numpy as np

    array = np.empty(len(items), object)
    array[:] = items
    return array.reshape(_checked(shape, len(items)))


def _flat(data: list[Any]) -> list[Any]:
    return [inner for item in data for inner in (_flat(item) if isinstance(item, list) else [item])]


def _as_bytes(item: Any) -> bytes:
    if isinstance(item, str):
        return item.encode()
    if isinstance(item, bytes):
        return item
    raise ValueError(f"an element of BYTES is {type(item).__name__}, neither text nor bytes")


def _texts(array: NDArray[Any]) -> list[str]:
    return [_as_bytes(item).decode() for item in array.flat]
