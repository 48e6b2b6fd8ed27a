"""A key on its way, and what the end of its attempt teaches the pool."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipfs_accel_async.errors import (
    APIError,
    AuthenticationError,
    ConfigError,
    PermissionDeniedError,
    QuotaExhaustedError,
    RateLimitError,
)
from ipfs_accel_async.keys import Token
from ipfs_accel_async.types import NativeRequest

if TYPE_CHECKING:
    from ipfs_accel_async.call import Call, Outcome
    from ipfs_accel_async.keys import Secret
    from ipfs_accel_async.middleware.keyring import KeyPool
    from ipfs_accel_async.middleware.member import Member
    from ipfs_accel_async.middleware.quotas import Reserved

LONGEST_PARK = 86_400.0
"""Quotas of a day are the longest there are: what is beyond that is a slip of the service."""


class KeyLease:
    """A key on its way."""

    __slots__ = ("_call", "_member", "_pool", "_reserved", "_round", "_since", "key")

    def __init__(self, pool: KeyPool, member: Member, call: Call, since: float, reserved: Reserved | None) -> None:
        self.key: Secret | None = member.secret
        self._pool = pool
        self._member = member
        self._call = call
        self._since = since
        self._reserved = reserved
        self._round = member.rounds

    def settle(self, outcome: Outcome, now: float) -> None:
        """Give it back, with what its attempt tells of it."""
        pool, member, call = self._pool, self._member, self._call
        error, answer = outcome.error, outcome.answer
        used = error is not None or answer is not None  # else the attempt was never made
        pool.ring.give(member, used=used)
        attempt = call.trace.current
        sent = used and attempt is not None and attempt.sent is not None and not isinstance(error, ConfigError)
        if self._reserved is not None or isinstance(error, RateLimitError):
            pool.quotas.settle(member, call, self._reserved, outcome, now)
        if not sent:
            return
        member.count(call.target.model, answer, error, now - self._since)
        stale = self.key is not member.secret or member.index < 0  # what becomes of it says nothing of the new one
        if isinstance(error, APIError):
            if not stale:
                _learn(pool, member, call, error, self._round, now)
            call.trace.elsewhere = pool.another(call, member, error, now, stale=stale)
        if not stale and not isinstance(error, AuthenticationError) and (member.refusals or member.trial):
            member.refusals = 0
            pool.health.recovered(member)


def _learn(pool: KeyPool, member: Member, call: Call, error: APIError, round_: int, now: float) -> None:
    """An attempt with a key failed: what that says of the key, of its group, or of the key and the model."""
    health = pool.health
    if isinstance(error, AuthenticationError):
        if isinstance(member.secret, Token):
            if round_ < member.rounds:  # it had the token that is known to be refused
                return
            member.rounds += 1
            member.secret.forget()
            member.refusals += 1
            if member.refusals == 1:
                return
        if len(pool.members) > 1 or pool.backed:  # of a lone key the service's own answer is the best there is
            health.quarantine(member, now)
    elif isinstance(error, PermissionDeniedError):
        if not isinstance(call.payload, NativeRequest):  # those are refused for what they ask, not for their model
            health.deny(member, call.target.model)
    elif isinstance(error, QuotaExhaustedError) and member.alias:  # without a key nobody's bill could be paid
        health.unpaid(member.group)
    elif isinstance(error, RateLimitError):
        pause = error.retry_after or _until_reset(error)
        if not pause and (pool.backed or any(seat.group != member.group for seat in pool.ring.seats)):
            pause = pool.pause
        if pause:
            health.park(member.group, pool.scope(call.target), now + min(pause, LONGEST_PARK))


def _until_reset(error: APIError) -> float:
    """Seconds until what is used up is there again, as the headers of rate limits say."""
    return max(
        (
            reset
            for said in error.rate_limits
            for left, reset in (
                (said.remaining_requests, said.reset_requests),
                (said.remaining_tokens, said.reset_tokens),
                (said.remaining_input_tokens, said.reset_input_tokens),
                (said.remaining_output_tokens, said.reset_output_tokens),
            )
            if left == 0 and reset is not None
        ),
        default=0.0,
    )
