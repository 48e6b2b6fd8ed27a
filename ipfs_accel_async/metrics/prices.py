"""What an answer cost, by list prices: an estimate, and said to be one. Extra ``prices`` (the library genai-prices)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ipfs_accel_async.errors import ConfigError

if TYPE_CHECKING:
    from ipfs_accel_async.answers import Answer

VENDORS = {"openai": "openai", "azure_openai": "azure", "claude": "anthropic", "groq": "groq", "gemini": "google"}
"""Providers that sell tokens, by the library's name of each. What runs on one's own machines has no list price."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What an answer cost, in US dollars.

    Args:
        total: All of it.
        input: For the input tokens, cached ones at their own price.
        output: For the output tokens.
        estimated: True when it is list price times tokens; False when the service itself said it.
    """

    total: float
    input: float = 0.0
    output: float = 0.0
    estimated: bool = True


def cost_of(answer: Answer) -> Cost | None:
    """What an answer cost.

    Args:
        answer: Any answer with token counts.

    Returns:
        The cost; None where the provider sells no tokens, or the model has no list price.

    Raises:
        ConfigError: The extra ``prices`` is not installed.
    """
    usage = answer.usage
    if usage.cost is not None:
        return Cost(usage.cost, estimated=False)
    vendor = VENDORS.get(answer.target.provider)
    if vendor is None:
        return None
    try:
        from genai_prices import Usage, calc_price
    except ImportError:
        raise ConfigError("list prices need the extra: pip install 'ipfs-accel-async[prices]'") from None
    counted = Usage(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=usage.cached_tokens,
        cache_write_tokens=usage.cache_write_tokens,
    )
    for model in dict.fromkeys((answer.model, answer.target.model)):
        try:
            found = calc_price(counted, model, provider_id=vendor)
        except LookupError:
            continue
        return Cost(float(found.total_price), float(found.input_price), float(found.output_price))
    return None
