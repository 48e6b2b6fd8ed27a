"""A secret that cannot leak by accident."""

from __future__ import annotations

import hmac
import re
from typing import Any, NoReturn

from ipfs_accel_async.errors import ConfigError

_SENDABLE = re.compile(r"[\x21-\x7e]+")


class _HeaderText(str):
    """What HTTP libraries make of :class:`_HeaderBytes`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'...'"


class _HeaderBytes(bytes):
    """A key on the wire. Frames of HTTP libraries hold it in their locals, and crash reporters print those."""

    def __repr__(self) -> str:
        return "b'...'"

    __str__ = __repr__

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """As text that shows itself no more than the bytes do."""
        return _HeaderText(super().decode(encoding, errors))


class Secret:
    """A key that shows itself only to :meth:`reveal`.

    No repr, str, format, pickle, copy of attributes or equality gives it away. Surrounding white space (the usual slip
    of an ``.env`` file) is stripped; anything else that a header cannot carry is refused here, not in an exception of
    an HTTP library that would print it.

    Raises:
        ConfigError: It is empty, or has a character that no header may carry.
    """

    __slots__ = ("_value",)
    _value: str

    def __init__(self, value: str | Secret) -> None:
        fault = fault_of(value)
        if fault:
            del value  # a traceback that captures locals would show it
            raise ConfigError(fault)
        object.__setattr__(self, "_value", value.reveal() if isinstance(value, Secret) else value.strip())

    def reveal(self) -> str:
        """The key itself."""
        return self._value

    def header(self, scheme: str = "") -> bytes:
        """The key as the value of a header: bytes to send, whose repr is as empty as the Secret's.

        Args:
            scheme: Goes before it, with a space between, as ``Bearer`` does.
        """
        return _HeaderBytes(f"{scheme} {self._value}".lstrip().encode("ascii"))

    @property
    def masked(self) -> str:
        """Enough to tell keys apart, too little to use: the last four characters of a long key."""
        return f"...{self._value[-4:]}" if len(self._value) >= 16 else "..."

    def __setattr__(self, name: str, value: object) -> NoReturn:
        message = "a Secret cannot be changed"
        raise AttributeError(message)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._value, other._value)

    __hash__ = None  # type: ignore[assignment]  # a hash of the key would be a way to test guesses

    def __repr__(self) -> str:
        return "Secret(...)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return "Secret(...)"

    def __reduce__(self) -> NoReturn:
        message = "a Secret is not pickled or copied: send the name of its environment variable instead"
        raise TypeError(message)

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Secret:
        return self


class Bearer(Secret):
    """A key that is a token, for services that have a header for keys and another one for tokens."""

    __slots__ = ()


def fault_of(key: object) -> str | None:
    """Why a key cannot be sent, without a word of it; None if it can."""
    if isinstance(key, Secret) or callable(key):
        return None
    if not isinstance(key, str):
        return f"a key is a string, not {type(key).__name__}"
    text = key.strip()
    if _SENDABLE.fullmatch(text):
        return None
    fault = "is empty" if not text else "has a line break, space or non-ASCII character inside"
    return f"the key {fault}: pass exactly the key, without quotes or line breaks"
