"""Bytes to values and back, as pure functions and incremental decoders."""
