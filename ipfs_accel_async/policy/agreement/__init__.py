"""Whether two questions ask the same: what a similarity cannot tell, read from their words.

Embeddings put a question next to its opposite, to the same question about another number, and to the same words in
another order. So a candidate counts only if nothing in one question is left unexplained by the other:
:func:`read` takes a question apart once, :func:`differs` names the first thing in which two of them part.
"""

from ipfs_accel_async.policy.agreement.compare import differs
from ipfs_accel_async.policy.agreement.reading import Reading, read

__all__ = ["Reading", "differs", "read"]
