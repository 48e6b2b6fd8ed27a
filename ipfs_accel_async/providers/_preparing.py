"""Where a call goes, and what it must fit before it goes: hooks that few codecs need."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ipfs_accel_async.answers import Answer
    from ipfs_accel_async.providers._operation import CallFacts
    from ipfs_accel_async.types import NativeRequest, Payload


class Preparing:
    """Base of :class:`Codec`: every operation at the provider's address, and every payload sent as it is."""

    def endpoint(self, operation: str) -> str | None:
        """The base URL of an operation, where the options give it one of its own; None for the provider's."""
        return None

    def endpoint_of(self, model: str, operation: str) -> str | None:
        """The same, for services where the model's name decides too."""
        return self.endpoint(operation)

    def describe(self, call: CallFacts) -> tuple[str, NativeRequest] | None:
        """The operation, and its payload, whose answer describes what a call must fit; None where nothing does.

        It is asked once for each endpoint, model and set of arguments, and :meth:`fitted` gets its answer.
        """
        return None

    def stacks(self, call: CallFacts, description: Answer) -> bool:
        """Whether a model takes the rows of several calls one below the other, by what :meth:`describe` brought."""
        return False

    def fitted(self, call: CallFacts, description: Answer) -> Payload:
        """The payload of a call, made to fit what :meth:`describe` brought.

        Raises:
            InvalidRequestError: It does not fit; the message says what was expected.
        """
        return call.payload
