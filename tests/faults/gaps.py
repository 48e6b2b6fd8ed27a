"""What the catalogue asks and no test shows yet: whole rows, and parts of rows."""

from __future__ import annotations

OPEN = {
    "C14": "HTTP/2 comes only with a client of one's own",
    "L05": "authorities come from SSL_CERT_FILE alone, read on the first call",
    "R08": "there are no callbacks of callers to hang in",
    "R09": "no mark tells a client below that its caller retries",
    "K04": "a probe that hangs is ended by the call's deadline, which says nothing about the endpoint",
    "K08": "slow first tokens open nothing",
    "X06": "calls are not put together into batches",
    "X07": "calls are not put together into batches",
    "Q08": "caps are fixed when the client is made",
    "Q10": "there is no local limit on tokens",
    "Q11": "there is no local limit on tokens",
    "Q12": "there is no local limit on tokens",
    "Q13": "what a service says is left is reported, not obeyed beforehand",
    "Q14": "the cap does not adapt",
    "Q15": "the cap does not adapt",
    "Q16": "the cap does not adapt",
    "Q18": "there is no dispatcher task that could die",
    "Q19": "no permits are kept back for high priorities",
    "E06": "there is no gateway to stop",
    "E07": "aiohttp says 'Unclosed client session' on standard error",
    "G04": "there is no gateway",
    "G05": "no image is fetched on a caller's behalf",
    "G06": "no image is fetched on a caller's behalf",
    "G07": "inputs are sent as they are given",
    "G09": "nothing unpacks archives",
}

PARTLY = {
    "B12": "the phase says first byte, not write",
    "H08": "the group of keys is not parked",
    "H10": "each call waits for itself: there is no pause of a whole group",
    "J05": "the place of the fault is in the message, not a field",
    "J06": "of a wrong type the message has Python's words, not the path",
    "J09": "the reply shows the service's own number; the report's sums are kept right",
    "K13": "the scope is the model, not the key",
    "C04": "the look-ups hang in the loop, not in the threads of its executor",
    "C03": "retried as any connection that fails, not once",
    "E11": "debug mode alone: no eager tasks, no other loop, no other version",
    "Q06": "with twenty thousand",
    "K15": "with five thousand",
    "G18": "a hundred thousand keys, and a bound on the time instead of its growth",
    "S06": "the cap is the same for every operation",
}
