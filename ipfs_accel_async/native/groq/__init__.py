"""Groq's own: files and batches, audio by address, guard models, what the live list says (Groq API reference)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipfs_accel_async.native._handle import Native
from ipfs_accel_async.native.groq.audio import Audio
from ipfs_accel_async.native.groq.files import Files
from ipfs_accel_async.native.groq.guarding import guard
from ipfs_accel_async.native.groq.models import Models, fits
from ipfs_accel_async.native.openai.batch_lines import BatchResult
from ipfs_accel_async.native.openai.batches import Batches

if TYPE_CHECKING:
    from ipfs_accel_async.conversation import Messages
    from ipfs_accel_async.native.groq.models import Kind
    from ipfs_accel_async.results import Verdict

__all__ = ["Audio", "BatchResult", "Batches", "Files", "GroqHandle", "Models", "handle"]


class GroqHandle(Native):
    """``client.groq``. Models in it are plain names: ``llama-3.3-70b-versatile``, without ``groq:``."""

    __slots__ = ()

    @property
    def files(self) -> Files:
        """The files of batches."""
        return Files(self._bound)

    @property
    def batches(self) -> Batches:
        """Batches of chats, answered within 24 hours to 7 days at half the price."""
        return Batches(self._bound)

    @property
    def audio(self) -> Audio:
        """Speech and transcripts with every field of the wire."""
        return Audio(self._bound)

    @property
    def models(self) -> Models:
        """One model; ``client.models("groq")`` lists them."""
        return Models(self._bound)

    async def is_compatible(self, model: str, kind: Kind = "chat") -> bool:
        """Whether a model can be used, by what the service's own list says at this moment.

        There is no table here that could be out of date: False means that the list lacks the model, says that it is not
        active, or says that it takes other things. Where the list says nothing of that, the answer is True, and the
        service has the last word.

        Args:
            model: Such as ``llama-3.3-70b-versatile``.
            kind: ``chat``, ``vision`` (images in) or ``audio``.

        Raises:
            InvalidRequestError: There is no such kind.
        """
        return await fits(self._bound, model, kind)

    async def guard(self, model: str, messages: Messages) -> Verdict:
        """What a guard model says of a conversation: its last turn is judged, a user's or the assistant's.

        The service has no moderation endpoint: a guard model (``meta-llama/llama-guard-4-12b``) is asked as in a chat
        and answers ``safe``, or ``unsafe`` and the categories, such as ``S1``.

        Raises:
            ResponseValidationError: It answered neither: the model is no guard.
        """
        return await guard(self._bound, model, messages)


handle = GroqHandle
