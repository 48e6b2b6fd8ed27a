"""Whether a client that was used holds nothing any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ipfs_accel_async import Client


def unquiet(ai: Client) -> list[str]:
    """What is still held or waits, in words; empty when all is quiet."""
    told = ai.statistics()
    wrong = [f"{told['under_way']} calls are under way"] if told["under_way"] else []
    runtime = ai._engine._home.current
    if runtime is None:
        return wrong
    for (provider, _), lane in runtime.dispatcher.lanes.items():
        found = (lane.active, lane.queue.waiting, lane.queue.groups)
        if found != (0, 0, {}):
            wrong.append(f"{provider}: active, waiting, groups are {found}")
        if lane.caps[0].free != lane.settings.max_concurrent_requests:
            wrong.append(f"{provider}: {lane.caps[0].free} of {lane.settings.max_concurrent_requests} permits are free")
    for lane_told in told["lanes"]:
        if any(any(loads) for loads in lane_told["keys"]):
            wrong.append(f"{lane_told['provider']}: keys are lent: {lane_told['keys']}")
    for scope, breaker in [*runtime.scopes.breakers.items(), *runtime.scopes.breakers.endpoints()]:
        if breaker._out:
            wrong.append(f"{scope}: {len(breaker._out)} permits of the breaker are out")
    if runtime.scopes.total is not None and runtime.scopes.total.free != ai._engine._home.max_total:
        wrong.append(f"{runtime.scopes.total.free} permits of the total are free")
    return wrong
