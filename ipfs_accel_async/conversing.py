"""The client's conversations with functions, and what answers cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from ipfs_accel_async.answers import Answer, Reply
    from ipfs_accel_async.conversation import Messages
    from ipfs_accel_async.functions import Function
    from ipfs_accel_async.metrics.prices import Cost
    from ipfs_accel_async.rounds import Conversation


class Conversing:
    """Mixed into :class:`Client`."""

    chat: Callable[..., Awaitable[Reply]]

    async def run_tools(
        self,
        model: str,
        messages: Messages,
        functions: Iterable[Callable[..., Any] | Function],
        *,
        max_rounds: int = 10,
        tell_errors: bool = False,
        **arguments: Any,
    ) -> Conversation:
        """Ask a model that may call Python functions, until it calls none any more.

        Each function's schema comes from its signature and docstring, and the model's arguments are checked against it.
        Calls of one round run at the same time.

        Args:
            model: ``"provider:model"``; one that can call tools.
            messages: As in :meth:`Client.chat`.
            functions: Plain or async functions, or :class:`Function`.
            max_rounds: How often the model is asked at most.
            tell_errors: Tell the model of a function's error or of wrong arguments, so that it may try again, instead
                of raising.
            arguments: Of each :meth:`Client.chat`, such as `temperature`, `timeout` (a round's) and `fallbacks`.

        Raises:
            RoundsExceededError: The model still calls functions after `max_rounds`.
            ResponseValidationError: It called a function that is not there, or with arguments that do not fit.
            ConfigError: A function cannot be described to a model.
            Exception: Whatever a function raised.
        """
        from ipfs_accel_async.rounds import converse

        return await converse(
            self.chat,
            model,
            messages,
            functions,
            max_rounds=max_rounds,
            tell_errors=tell_errors,
            arguments=arguments,
        )

    def cost(self, answer: Answer) -> Cost | None:
        """What an answer cost in US dollars: as the service said, else estimated by list prices (extra ``prices``).

        None where the provider sells no tokens, or the model has no list price.

        Raises:
            ConfigError: The extra is not installed.
        """
        from ipfs_accel_async.metrics.prices import cost_of

        return cost_of(answer)
