"""OpenAI's own: everything that it keeps, and the native forms of its media."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipfs_accel_async.native._handle import Native
from ipfs_accel_async.native.openai.assistants import Assistants
from ipfs_accel_async.native.openai.audio import Audio
from ipfs_accel_async.native.openai.batch_lines import BatchResult
from ipfs_accel_async.native.openai.batches import Batches
from ipfs_accel_async.native.openai.chat import Chat
from ipfs_accel_async.native.openai.containers import Containers
from ipfs_accel_async.native.openai.conversations import Conversations
from ipfs_accel_async.native.openai.files import Files
from ipfs_accel_async.native.openai.fine_tuning import FineTuning
from ipfs_accel_async.native.openai.images import Images
from ipfs_accel_async.native.openai.models import Models
from ipfs_accel_async.native.openai.moderations import Moderations
from ipfs_accel_async.native.openai.response_answer import ResponseAnswer, output_text, tool_calls
from ipfs_accel_async.native.openai.responses import Responses
from ipfs_accel_async.native.openai.threads import Threads, ThreadTurn
from ipfs_accel_async.native.openai.training import check_training_file, jsonl_from_messages
from ipfs_accel_async.native.openai.uploads import Uploads
from ipfs_accel_async.native.openai.vector_stores import VectorStores
from ipfs_accel_async.native.openai.videos import Videos
from ipfs_accel_async.native.openai.voice import VoiceTurn, voice_turn

if TYPE_CHECKING:
    from ipfs_accel_async.uploads import File

__all__ = [
    "BatchResult",
    "OpenAIHandle",
    "ResponseAnswer",
    "ThreadTurn",
    "VoiceTurn",
    "check_training_file",
    "handle",
    "jsonl_from_messages",
    "output_text",
    "tool_calls",
]


class OpenAIHandle(Native):
    """``client.openai``. Models in it are plain names: ``gpt-4.1``, without ``openai:``."""

    __slots__ = ()

    @property
    def responses(self) -> Responses:
        """Responses: created, streamed, stored, continued."""
        return Responses(self._bound)

    @property
    def conversations(self) -> Conversations:
        """Conversations that the service keeps for responses."""
        return Conversations(self._bound)

    @property
    def chat(self) -> Chat:
        """Stored chat completions; ``client.chat`` makes them."""
        return Chat(self._bound)

    @property
    def models(self) -> Models:
        """One model; ``client.models("openai")`` lists them."""
        return Models(self._bound)

    @property
    def files(self) -> Files:
        """Files."""
        return Files(self._bound)

    @property
    def uploads(self) -> Uploads:
        """Files in parts."""
        return Uploads(self._bound)

    @property
    def batches(self) -> Batches:
        """Batches of requests."""
        return Batches(self._bound)

    @property
    def fine_tuning(self) -> FineTuning:
        """Models of one's own."""
        return FineTuning(self._bound)

    @property
    def vector_stores(self) -> VectorStores:
        """Files that the service searches."""
        return VectorStores(self._bound)

    @property
    def containers(self) -> Containers:
        """Containers of the code interpreter."""
        return Containers(self._bound)

    @property
    def assistants(self) -> Assistants:
        """Assistants; switched off by OpenAI on 2026-08-26."""
        return Assistants(self._bound)

    @property
    def threads(self) -> Threads:
        """Threads, messages and runs of assistants; switched off by OpenAI on 2026-08-26."""
        return Threads(self._bound)

    @property
    def videos(self) -> Videos:
        """Videos; switched off by OpenAI on 2026-09-24."""
        return Videos(self._bound)

    @property
    def images(self) -> Images:
        """Images in their native form; ``client.image`` is the unified one."""
        return Images(self._bound)

    @property
    def audio(self) -> Audio:
        """Speech and transcripts in their native form."""
        return Audio(self._bound)

    @property
    def moderations(self) -> Moderations:
        """Moderations in their native form."""
        return Moderations(self._bound)

    async def voice_turn(self, audio: File, **options: Any) -> VoiceTurn:
        """Hear a spoken turn, answer it and speak the answer.

        Args:
            audio: What was said.
            options: ``messages``, ``chat_model``, ``transcribe_model``, ``speech_model``, ``voice`` and the others of
                :func:`ipfs_accel_async.native.openai.voice.voice_turn`.

        Raises: as ``client.transcribe``, ``client.chat`` and ``client.speech``.
        """
        return await voice_turn(self._bound, audio, **options)


handle = OpenAIHandle
