"""The parts of the micro-batcher: what is gathered, what one request of it looks like, whose answer is whose."""
