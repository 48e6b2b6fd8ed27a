"""Layers of the stack: thin async shells over policy/, without a network. docs/layers.md says why each stands where."""
