"""What a codec is: a table of operations and four pure functions between our values and a service's wire."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast
from urllib.parse import quote

from ipfs_accel_async._version import __version__
from ipfs_accel_async.answers import NativeAnswer, Reply
from ipfs_accel_async.errors import ConfigError, DecodeError, InvalidRequestError, ResponseValidationError
from ipfs_accel_async.providers import _native
from ipfs_accel_async.providers._blame import blamed
from ipfs_accel_async.providers._carrying import Carrying
from ipfs_accel_async.providers._errors import api_error
from ipfs_accel_async.providers._json import dumps, loads
from ipfs_accel_async.providers._operation import CallFacts, Content, Operation
from ipfs_accel_async.providers._preparing import Preparing
from ipfs_accel_async.types import NOTHING, NativeRequest
from ipfs_accel_async.wire.http import Request
from ipfs_accel_async.wire.sse import MEDIA_CAP, SSEDecoder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from ipfs_accel_async.answers import Answer, Delta, Event
    from ipfs_accel_async.errors import APIError
    from ipfs_accel_async.keys import Secret
    from ipfs_accel_async.wire.frames import Frame
    from ipfs_accel_async.wire.http import Headers, Response
    from ipfs_accel_async.wire.ndjson import NDJSONDecoder
    from ipfs_accel_async.wire.ratelimits import RateLimits

__all__ = ["CallFacts", "Codec", "Content", "Operation"]

USER_AGENT = f"ipfs-accel-async/{__version__}".encode()


class Codec(Carrying, Preparing):
    """Base of all codecs. A provider on a known wire overrides data; a new wire overrides the four functions.

    Args:
        headers: Extra headers to send with every request.
        options: Values for the names in `options`.

    Raises:
        ConfigError: An option that this provider does not have.
    """

    name: ClassVar[str]
    base_url: ClassVar[str]
    default_path: ClassVar[str] = ""
    """Appended to a base URL that is given without a path."""
    key_env: ClassVar[tuple[str, ...]] = ()
    key_parts: ClassVar[Mapping[str, Sequence[str]]] = NOTHING
    """Variables that together with one of `key_env` make a key; see `key_of`."""
    url_env: ClassVar[tuple[str, ...]] = ()
    url_required: ClassVar[bool] = False
    """Whether its users must say where it is; `base_url` is an example then."""
    file_keys: ClassVar[tuple[str, ...]] = ()
    """Names of the key in a credentials file, besides `name`."""
    file_urls: ClassVar[tuple[str, ...]] = ()
    key_required: ClassVar[bool] = True
    option_env: ClassVar[Mapping[str, tuple[str, ...]]] = NOTHING
    """Options of this provider, each with the environment variables that may set it."""
    capabilities: ClassVar[frozenset[str]] = frozenset()
    """What chat can do here: ``stream``, ``tools``, ``schema``, ``images``, ``seed``."""
    operations: ClassVar[Mapping[str, Operation]] = NOTHING
    """The unified ones: chat, embed, models and the other methods of the client."""
    native: ClassVar[Mapping[str, Operation]] = NOTHING
    """Those that only this service has; the methods of the provider's own handle."""
    request_id_header: ClassVar[str] = "x-request-id"
    """Where the service puts its own id of a request."""
    reasoned: ClassVar[bool] = False
    """Whether every whole stream says why the model stopped: one that does not was cut."""
    decoder: ClassVar[type[SSEDecoder] | type[NDJSONDecoder]] = SSEDecoder

    def __init__(self, *, headers: Iterable[tuple[str, str]] = (), options: Mapping[str, str] = NOTHING) -> None:
        for option in options:
            if option not in self.option_env:
                known = ", ".join(self.option_env) or "none"
                message = f"{self.name} has no option {option!r} (it has: {known})"
                raise ConfigError(message, provider=self.name)
        self.options = dict(options)
        self._extra_headers = tuple((key.lower().encode("ascii"), value.encode("latin-1")) for key, value in headers)
        self._fixed = (
            (b"accept", b"application/json"),
            (b"accept-encoding", b"gzip, deflate"),
            (b"user-agent", USER_AGENT),
            *self.fixed_headers(),
        )

    def renamed(self, name: str, key_env: tuple[str, ...] = ()) -> Self:
        """The codec of a service of another name that speaks this wire; its address is the user's to give."""
        own = {"name": name, "key_env": key_env, "url_env": (), "url_required": True, "file_keys": (), "file_urls": ()}
        own["option_env"] = dict.fromkeys(self.option_env, ())  # variables of the one are not meant for the other
        kind = type(type(self).__name__, (type(self),), {"__doc__": type(self).__doc__, "__slots__": (), **own})
        return cast("Self", kind())

    def configured(self, *, headers: Iterable[tuple[str, str]] = (), options: Mapping[str, str] = NOTHING) -> Self:
        """This codec with a client's own headers and options."""
        return type(self)(headers=headers, options=options)

    # what a provider overrides ------------------------------------------------------------------------------------

    def fixed_headers(self) -> Iterable[tuple[bytes, bytes]]:
        """Headers of every request of this provider, from its options."""
        return ()

    def auth_headers(self, key: Secret) -> Iterable[tuple[bytes, bytes]]:
        """The header that carries the key."""
        return ((b"authorization", key.header("Bearer")),)

    def normalize_url(self, url: str) -> str:
        """A base URL as users write it, made whole; it comes checked and without a trailing slash."""
        return url + self.default_path if url.count("/") == 2 else url

    def parse_url_env(self, value: str) -> str:
        """The URL that a variable of `url_env` means; some services write it short.

        Raises:
            ConfigError: It means none.
        """
        return value

    def key_of(self, values: Mapping[str, Any]) -> str | None:
        """The key that several values make, by their names in the environment or the credentials file; None: none."""
        return None

    def path(self, call: CallFacts, row: Operation) -> str:
        """The path of one of `operations`, below the base URL; with its query, if it has one."""
        path = row.path
        return path.replace("{model}", quote(call.target.model, safe="")) if "{" in path else path

    def build_body(self, call: CallFacts) -> dict[str, Any] | None:
        """The JSON body of one of `operations`; None for no body."""
        raise InvalidRequestError(f"{self.name} has no operation {call.operation!r}", provider=self.name)

    def build_content(self, call: CallFacts) -> Content | None:
        """The body of one of `operations` as bytes; overridden where one is no JSON."""
        value = self.build_body(call)
        return None if value is None else Content(dumps(value))

    def parse_answer(self, call: CallFacts, data: Any, response: Response) -> Answer:
        """An answer from the parsed JSON of a 2xx response; `data` is None where the table says that it is no JSON."""
        raise InvalidRequestError(f"{self.name} has no operation {call.operation!r}", provider=self.name)

    def parse_event(self, call: CallFacts, frame: Frame) -> Iterable[Delta]:
        """The deltas in one frame of a stream; raises the typed error that a frame may carry."""
        raise InvalidRequestError(f"{self.name} does not stream {call.operation!r}", provider=self.name)

    def parse_native_event(self, call: CallFacts, frame: Frame) -> Iterable[Event]:
        """The event in one frame of a native operation's stream; raises the typed error that it may carry."""
        return _native.event_of(self, call, frame)

    def is_last(self, call: CallFacts, event: Event) -> bool:
        """Whether a native operation's event is the end mark of its stream, beside ``[DONE]``."""
        return False

    def parse_error(self, call: CallFacts, response: Response) -> APIError:
        """The typed error in a response of 400 or above: by its status, with its text, until a codec knows better."""
        return api_error(call, response.status, response.headers, message=response.body.decode("utf-8", "replace"))

    def empty_reply(self, call: CallFacts, headers: Headers) -> Reply:
        """Metadata for a streamed reply, from the response's headers."""
        return Reply(**self.meta(call, headers))

    def empty_native(self, call: CallFacts, status: int, headers: Headers) -> NativeAnswer:
        """What is known of a native stream from the start."""
        kind = (headers.get("content-type") or "").partition(";")[0].strip()
        return NativeAnswer(**self.meta(call, headers), status=status, media_type=kind)

    def decoder_for(self, call: CallFacts) -> SSEDecoder | NDJSONDecoder:
        """The decoder of a call's stream. An image or a sound comes in one event, far larger than one of words."""
        return self.decoder(MEDIA_CAP) if call.operation.startswith(("images.", "audio.")) else self.decoder()

    def open_ended(self, call: CallFacts) -> bool:
        """Whether a call's event stream has no end mark."""
        row = self.native.get(call.operation)
        return row is not None and row.open_ended

    def rate_limits(self, get: Callable[[str], str | None]) -> RateLimits | None:
        """What the service says of its limits, from a look-up of its headers; asked for only when a caller asks."""
        return None

    # what all share -----------------------------------------------------------------------------------------------

    def build_request(self, call: CallFacts, key: Secret | None) -> Request:
        """The HTTP request of a call.

        Raises:
            InvalidRequestError: The payload cannot be sent to this provider.
        """
        payload = call.payload
        row = self.operations.get(call.operation)
        path, query = "", ""
        content: Content | None = None
        own: tuple[tuple[bytes, bytes], ...] = ()
        if row is not None:
            path, content = self.path(call, row), self.build_content(call)
        elif isinstance(payload, NativeRequest):
            row = _native.row(self, call, payload)
            path, content, own = _native.path(call, row, payload), _native.content(payload), _native.headers(payload)
            query = _native.query(payload)
        else:
            raise _native.no_operation(self, call)
        endpoint = call.target.endpoint
        if row.root and self.default_path:
            endpoint = endpoint.removesuffix(self.default_path)
        headers = [*self._fixed, (b"x-request-id", call.request_id.encode("ascii")), *self._extra_headers]
        if own or row.headers:
            headers += [*row.headers, *own]
        if key is not None:
            headers.extend(self.auth_headers(key))
        if content is None:
            return Request(row.method, endpoint + path + query, tuple(headers))
        headers += [*content.headers, (b"content-type", content.media_type.encode("latin-1"))]
        return Request(row.method, endpoint + path + query, tuple(headers), content.body)

    def parse_response(self, call: CallFacts, response: Response) -> Answer:
        """The answer in a 2xx response.

        Raises:
            DecodeError: The body is not JSON.
            ResponseValidationError: A required field is missing or of the wrong type.
            APIError: The body of a 200 is an error.
        """
        row = self.operations.get(call.operation)
        if row is None:
            return _native.answer(self, call, response)
        data = loads(call, response.body) if row.answer == "json" else None
        try:
            return self.parse_answer(call, data, response)
        except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
            if isinstance(error, (DecodeError, ConfigError, InvalidRequestError)):
                raise
            fault = blamed(lambda shown: self.parse_answer(call, shown, response), data, error)
            message = f"the answer to {call.operation} lacks a field or has one of the wrong type: {fault}"
            raise ResponseValidationError(message, target=call.target, request_id=call.request_id) from error

    def meta(self, call: CallFacts, headers: Headers) -> dict[str, Any]:
        """What every answer carries, from the call and the response's headers."""
        return {
            "target": call.target,
            "request_id": call.request_id,
            "attempts": call.attempts,
            "provider_request_id": headers.get(self.request_id_header),
            "limits": partial(self.rate_limits, headers.get),
        }
