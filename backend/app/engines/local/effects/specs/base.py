"""Fields that all effect models share."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

Colour = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]
"""A colour as #rrggbb."""

Cycles = Annotated[int, Field(ge=1, le=12)]
Fraction = Annotated[float, Field(ge=0.0, le=1.0)]


class EffectSpec(BaseModel):
    """Fields of every effect."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str
    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)] | None = None
    size: Annotated[float, Field(ge=0.3, le=3.0)] = 1.0
    seed: Annotated[int, Field(ge=0, le=9999)] = 1

    @property
    def channel(self) -> str:
        """Name under which its strength is found: ``fx.<channel>``."""
        return self.name or self.kind


class TimedSpec(EffectSpec):
    """An effect that appears at ``start`` and is gone at ``end`` of the loop; 0 and 1 keep it there always."""

    start: Fraction = 0.12
    end: Fraction = 0.94

    @model_validator(mode="after")
    def _in_order(self) -> TimedSpec:
        if self.end - self.start < 0.05:
            msg = "end must lie at least 0.05 after start"
            raise ValueError(msg)
        return self
