"""Resilience as pure state machines: time and randomness are arguments, so every state can be tested."""
