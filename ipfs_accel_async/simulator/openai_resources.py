"""Everything that the OpenAI twin keeps for its users, put together.

Source: OpenAI API reference; each part's module names its section.
"""

from .openai_resources_assistants import AssistantResources
from .openai_resources_batches import BatchResources
from .openai_resources_files import FileResources
from .openai_resources_kept import KeptResources
from .openai_resources_lists import Routes
from .openai_resources_responses import ResponseResources
from .openai_resources_runs import RunResources
from .openai_resources_stores import StoreResources
from .openai_resources_training import TrainingResources
from .openai_resources_videos import VideoResources
from .twin import Twin


def resource_routes(twin: Twin) -> Routes:
    """Return the rows of a twin's stored objects; its chat must be in its table already."""
    files = FileResources(twin)
    assistants = AssistantResources(twin)
    parts = (
        files,
        BatchResources(twin, files),
        TrainingResources(twin, files),
        StoreResources(twin, files),
        ResponseResources(twin),
        KeptResources(twin, files),
        assistants,
        RunResources(twin, assistants),
        VideoResources(twin),
    )
    return {key: route for part in parts for key, route in part.routes().items()}


def file_and_batch_routes(twin: Twin) -> Routes:
    """Return the rows of files, uploads and batches only, for services that took these from OpenAI."""
    files = FileResources(twin)
    return {**files.routes(), **BatchResources(twin, files).routes()}
