"""Instances of JSON schemas: the smallest value that fits, chosen by some noise.

Knows what structured outputs and tool parameters are made of: types, enum, const, $ref, anyOf, oneOf,
allOf, bounds and the common formats. A `pattern` is not solved.
"""

from typing import Any

_DEPTH = 6  # a schema that refers to itself stops here
_FORMATS = {
    "date": "2026-01-31",
    "time": "12:30:00Z",
    "date-time": "2026-01-31T12:30:00Z",
    "email": "synthetic@example.com",
    "uri": "https://example.com/synthetic",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "ipv4": "192.0.2.1",
    "hostname": "example.com",
}
_WORDS = ("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heath")


def instance(schema: Any, noise: bytes) -> Any:
    """Return a value that fits the schema, the same one for the same noise."""
    return _Maker(schema, noise).make(schema, 0)


class _Maker:
    def __init__(self, root: Any, noise: bytes) -> None:
        self._root, self._noise, self._used = root, noise, 0

    def make(self, schema: Any, depth: int) -> Any:
        if not isinstance(schema, dict) or depth > 3 * _DEPTH:
            return None
        schema = self._resolve(schema)
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return schema["enum"][self._draw(len(schema["enum"]))]
        for union in ("anyOf", "oneOf"):
            if schema.get(union):
                return self.make(self._branch(schema[union], depth), depth + 1)
        return self._typed(self._type(schema), schema, depth)

    def _typed(self, kind: str, schema: dict[str, Any], depth: int) -> Any:
        match kind:
            case "object":
                return self._object(schema, depth)
            case "array":
                least = schema.get("minItems", 0 if depth >= _DEPTH else 1)
                length = min(max(least, 0 if depth >= _DEPTH else 1), schema.get("maxItems", least or 1))
                return [self.make(schema.get("items", {"type": "string"}), depth + 1) for _ in range(length)]
            case "integer":
                return int(self._number(schema, 1))
            case "number":
                return self._number(schema, 0.5)
            case "boolean":
                return self._draw(2) == 1
            case "null":
                return None
            case _:
                return self._string(schema)

    def _object(self, schema: dict[str, Any], depth: int) -> dict[str, Any]:
        required = set(schema.get("required", ()))
        return {
            name: self.make(property_, depth + 1)
            for name, property_ in schema.get("properties", {}).items()
            if depth < _DEPTH or name in required
        }

    def _number(self, schema: dict[str, Any], unit: float) -> float:
        step = schema.get("multipleOf", unit)
        low, high = schema.get("minimum"), schema.get("maximum")
        if low is None and "exclusiveMinimum" in schema:
            low = schema["exclusiveMinimum"] + step
        if high is None and "exclusiveMaximum" in schema:
            high = schema["exclusiveMaximum"] - step
        if low is None:
            low = 0 if high is None or high >= 0 else high
        first = -(-low // step)  # the least multiple of the step that is not below the bound
        room = 100 if high is None else max(0, high // step - first)
        value: float = (first + self._draw(int(min(room, 100)) + 1)) * step
        return value

    def _string(self, schema: dict[str, Any]) -> str:
        text = _FORMATS.get(schema.get("format", "")) or _WORDS[self._draw(len(_WORDS))]
        least, most = schema.get("minLength", 0), schema.get("maxLength")
        while len(text) < least:
            text += "-" + _WORDS[self._draw(len(_WORDS))]
        return text if most is None else text[:most]

    def _type(self, schema: dict[str, Any]) -> str:
        kind = schema.get("type")
        if isinstance(kind, list):
            kind = next((each for each in kind if each != "null"), "null")
        if kind is None:
            kind = "object" if "properties" in schema else "array" if "items" in schema else "string"
        return str(kind)

    def _branch(self, branches: list[Any], depth: int) -> Any:
        if depth >= _DEPTH:  # the branch that cannot go deeper: null when there is one, else most likely the last
            return next((each for each in branches if each.get("type") == "null"), branches[-1])
        return branches[0]

    def _resolve(self, schema: dict[str, Any]) -> dict[str, Any]:
        for _ in range(_DEPTH):
            if "$ref" not in schema:
                break
            target: Any = self._root
            for part in str(schema["$ref"]).removeprefix("#").strip("/").split("/"):
                if part:
                    target = target.get(part, {}) if isinstance(target, dict) else {}
            schema = {**target, **{key: value for key, value in schema.items() if key != "$ref"}}
        for part in schema.get("allOf", ()):
            schema = _merged(schema, self._resolve(part))
        return schema

    def _draw(self, n: int) -> int:
        self._used += 1
        return self._noise[self._used % len(self._noise)] % n


def _merged(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    both = {**other, **one}
    both["properties"] = {**other.get("properties", {}), **one.get("properties", {})}
    both["required"] = [*other.get("required", ()), *one.get("required", ())]
    both.pop("allOf", None)
    return both
