"""What the catalogue asks and no test shows yet: whole rows, and parts of rows."""

from __future__ import annotations

OPEN: dict[str, str] = {}

PARTLY = {
    "G04": "of a client; there is no gateway",
    "L05": "by the first call over TLS, before anything is sent, not when the client is made",
    "L02": "of a handshake that stalls the phase is connect: the library does not tell the two apart",
    "E06": "of a program; there is no gateway",
}
