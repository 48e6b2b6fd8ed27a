"""Answers kept: what is kept of each, how it is sealed, and the stores that hold it."""
