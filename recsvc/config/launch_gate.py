"""The gate: what a model must keep to before it takes the place of the live one."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class LaunchGate(BaseModel):
    """The limits, as `[gate]` of the settings writes them; shares are in 0..1."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    idle_churn: float = Field(
        default=0.06, ge=0, le=1, description="share of the top 10 that may change for idle people"
    )
    accuracy_loss: float = Field(
        default=0.02,
        gt=0,
        le=1,
        description="share of nDCG@10 that may be lost, by the interval's low end",
    )
    new_coverage: float = Field(
        default=0.5,
        ge=0,
        description="share of new items in somebody's top 100, in relation to known ones alike",
    )
    answered: float = Field(
        default=0.99, ge=0, le=1, description="share of the people who must get a full list"
    )
