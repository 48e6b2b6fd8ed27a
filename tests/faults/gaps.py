"""What the catalogue asks and no test shows yet: whole rows, and parts of rows."""

from __future__ import annotations

OPEN: dict[str, str] = {}

PARTLY = {
    "G04": "of a client; there is no gateway",
    "L05": "what the environment or S3's ca_bundle names is read by the first call over TLS, before it is sent",
    "E06": "of a program; there is no gateway",
}
