"""What is gathered into one request, and for how long."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pydantic import Field, field_validator

from ipfs_accel_async.settings.group import Group

OPERATIONS = ("embed", "rerank", "similarity", "classify", "moderate", "complete", "infer", "delete")
"""What can be gathered, where the provider's wire has room for several callers' items."""


class BatchingOfModel(Group):
    """What is gathered of one model's calls; what is not given is as the provider's settings say."""

    batching: tuple[str, ...] = Field(
        ("embed",), description="operations whose calls are put together; `True` is `embed` alone, `False` is none"
    )
    max_batch_size: int | None = Field(None, ge=1, description="items in such a request; none: as the service takes")
    max_batch_tokens: int | None = Field(None, ge=1, description="tokens in it, as estimated here")
    max_batch_bytes: int | None = Field(None, ge=1, description="bytes of items in it, as estimated here")
    batch_timeout: float = Field(0.01, ge=0, le=3_600, description="wait for more items, while a request is under way")

    @field_validator("batching", mode="before")
    @classmethod
    def _names_of_operations(cls, value: object) -> tuple[object, ...]:
        if isinstance(value, bool):
            return ("embed",) if value else ()
        if isinstance(value, Mapping) or not isinstance(value, Iterable):
            message = f"is True, False or names of operations: {', '.join(OPERATIONS)}"
            raise ValueError(message)
        return (value,) if isinstance(value, str) else tuple(value)

    @field_validator("batching")
    @classmethod
    def _known_operations(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if name not in OPERATIONS:
                message = f"there is no gathering of {name!r}: there is of {', '.join(OPERATIONS)}"
                raise ValueError(message)
        return value


class Batching(BatchingOfModel):
    """What is gathered into one request, and for how long."""

    models: dict[str, BatchingOfModel] = Field(
        default_factory=dict, description="these five by the name of a model, where one has its own"
    )

    def of_model(self, name: str) -> BatchingOfModel:
        """The settings of one model: its own over these."""
        own = self.models.get(name)
        if own is None:
            return self
        unset = BatchingOfModel.model_fields.keys() - own.model_fields_set
        return own.model_copy(update={field: getattr(self, field) for field in unset})
