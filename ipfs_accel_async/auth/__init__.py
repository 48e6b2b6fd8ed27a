"""Keys that are tokens of somebody else: asked for, kept until they are due, renewed once for all who wait."""

from __future__ import annotations

from ipfs_accel_async.auth.entra import entra
from ipfs_accel_async.auth.files import token_file
from ipfs_accel_async.auth.google import google_adc
from ipfs_accel_async.auth.kept import KeptToken

__all__ = ["KeptToken", "entra", "google_adc", "token_file"]
