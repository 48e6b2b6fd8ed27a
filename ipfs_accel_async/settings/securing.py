"""How connections are secured."""

from __future__ import annotations

import ssl
from collections.abc import Mapping

from pydantic import Field, field_validator

from ipfs_accel_async.errors import ConfigError
from ipfs_accel_async.settings.group import Group
from ipfs_accel_async.tls import TLS


class Securing(Group):
    """How connections are secured."""

    tls: TLS | None = Field(
        None,
        repr=False,
        exclude=True,
        description="authorities and client certificate: `{'ca_file': ..., 'cert_file': ..., 'key_file': ...}`",
    )

    @field_validator("tls", mode="before")
    @classmethod
    def _tls_of_files(cls, value: object) -> object:
        if value is None or isinstance(value, TLS):
            return value
        if isinstance(value, ssl.SSLContext):
            return TLS(context=value)
        fault = "tls: a mapping with ca_file, cert_file, key_file and password, an ssl.SSLContext, or TLS(...)"
        if isinstance(value, Mapping):
            known = {"ca_file", "cert_file", "key_file", "password"}
            if value.keys() <= known:
                try:
                    return TLS(**value)
                except ConfigError as error:
                    fault = error.message
        del value  # a traceback that captures locals would show where the key is
        raise ValueError(fault)
