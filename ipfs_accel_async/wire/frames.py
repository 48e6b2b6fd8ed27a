"""What a streamed body is made of, whatever its format."""

from __future__ import annotations

from typing import NamedTuple, Protocol


class Frame(NamedTuple):
    """One event of a stream; a named tuple, as every piece of every stream is one.

    Attributes:
        event: The event's name; "" when the format or the server gives none.
        data: Its payload, still encoded.
    """

    event: str
    data: bytes


class Decoder(Protocol):
    """Turns the chunks of one response body into frames; where the chunks are cut makes no difference."""

    def feed(self, chunk: bytes) -> list[Frame]:
        """The frames that this chunk completes.

        Raises:
            ResponseTooLargeError: One frame passes the decoder's cap.
        """
        ...

    def close(self) -> list[Frame]:
        """The frames that the end of the body completes.

        Raises:
            ResponseTooLargeError: As `feed`, when the frame over the cap came last.
        """
        ...
