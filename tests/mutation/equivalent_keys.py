"""Mutants of the policies of keys and their quotas that change nothing anyone could notice, each with the reason."""

from __future__ import annotations

FALSE = "None is as false as False"
SAME_LEVEL = "one that has been full since 0 is as full"

FAR = "far enough to stay apart from what is added"
FEWEST = "return (seat.load * seat.step << {}) + seat.turn  # ties: the one unused for longest"
NOW = "  # where the shares are: what the seat that went last had passed"
ALONE = "  # nothing to choose: its rank is left alone"
LONG_WAY = "the long way finds the only seat too"
AGAIN = "what is not remembered is made again, the same"
BOTH = "for rank, seat in zip(self._ranks.each, self.seats{}):"
NOT_STRICT = (", strict=None", ", ", ", strict=False")
DRAWN = 'drawn = blake2b(f"{{user}}\\0{{seat.alias}}".encode("{}", "surrogatepass"), digest_size=8).digest()'
SCORE = "return -log((int.from_bytes(drawn, {}) / (1 << 64)) * seat.step"

KNOWN = "known = self._blocked.get({})"
LEARNT = "allowance = Allowance(name, kind, limit, window, self.limits.burst_seconds, learnt=True, {}"

KEYS: dict[str, list[tuple[str, str, str]]] = {
    "policy/health.py": [
        *((KNOWN.format("model"), other, AGAIN) for other in ("known = None", KNOWN.format("None"))),
        (
            "self._blocked[model] = (found, min(groups.values(), default=NEVER))",
            "self._blocked[model] = None",
            AGAIN,
        ),
        (
            "times = self._ends.get(seat.alias, (0.0, 0))[1] + 1",
            "times = self._ends.get(seat.alias, (1.0, 0))[1] + 1",
            "only the second of them is read",
        ),
    ],
    "policy/keyring.py": [
        ("self.base = tier << 200", "self.base = tier << 201", FAR),
        (FEWEST.format(64), FEWEST.format(65), FAR),
        ("self.passed = 0", "self.passed = None", "it is set with the ring"),
        ("self.passed = 0", "self.passed = 1", "it is set with the ring"),
        ("self.index = -1", "self.index = -2", "one is as much below 0 as the other"),
        ("seat.index = -1", "seat.index = -2", "one is as much below 0 as the other"),
        ("self._turn = 0", "self._turn = 1", "only the order counts"),
        ("self._turn = seat.turn = self._turn + 1", "self._turn = seat.turn = self._turn + 2", "only the order counts"),
        (f"self._now = 0{NOW}", f"self._now = 1{NOW}", "only the differences count"),
        ("lone = self._lone", "lone = None", LONG_WAY),
        ("only = self.seats[0] if len(self.seats) == 1 else None", "only = None", LONG_WAY),
        (
            "only = self.seats[0] if len(self.seats) == 1 else None",
            "only = self.seats[0] if (len(self.seats) == 1) and False else None",
            LONG_WAY,
        ),
        ('plain = only is not None and not only.out and only.room == float("inf")', "plain = None", LONG_WAY),
        (f"self._lone = only if plain else None{ALONE}", f"self._lone = None{ALONE}", LONG_WAY),
        (
            f"self._lone = only if plain else None{ALONE}",
            f"self._lone = only if (plain) and False else None{ALONE}",
            LONG_WAY,
        ),
        *((BOTH.format(", strict=True"), BOTH.format(other), "they are equally long") for other in NOT_STRICT),
        ("order = self._users.get(user)", "order = None", AGAIN),
        ("order = self._users.get(user)", "order = self._users.get(None)", AGAIN),
        ("self._users[user] = order", "self._users[user] = None", AGAIN),
        ("self._users.popitem(last=False)", "self._users.popitem(last=None)", FALSE),
        ("self._users.popitem(last=False)", "self._users.popitem(last=True)", AGAIN),
        (DRAWN.format("utf-8"), DRAWN.format("UTF-8"), "the same encoding"),
        (SCORE.format('"big") + 1'), SCORE.format('"big") - 1'), "by less than any draw differs from another"),
        (SCORE.format('"big") + 1'), SCORE.format('"big") + 2'), "by less than any draw differs from another"),
        (SCORE.format('"big") + 1'), SCORE.format(") + 1"), "the default"),
    ],
    "policy/quota.py": [
        ("if ready > at:", "if ready >= at:", "it is equal then"),
        (LEARNT.format("now=now)"), LEARNT.format(")"), SAME_LEVEL),
    ],
}
"""By file: what stands there, what it became, and why that changes nothing."""
