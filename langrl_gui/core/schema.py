"""What every part of a scenario's schema is made of. Knows pydantic, and nothing of what there is to describe."""

from typing import Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict

MOST_STEPS: Final = 2**63 - 1
"""What a saved run's JSON and every reader of it can hold."""

as_tuple: Final[Any] = BeforeValidator(lambda value: tuple(value) if isinstance(value, list) else value)
"""Lets a field that is a tuple be written as a list: files have only those."""


class Part(BaseModel):
    """Base of every part of a scenario: nothing unknown, nothing converted silently, nothing changed afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)
