"""What a user may set about training rows, and the recipe that follows from it."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from acc_pipeline.privacy import scrub
from acc_pipeline.sft import decontamination

RULES_VERSION = 2


class SftOptions(BaseModel):
    """How examples become training rows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ngram: int = Field(13, ge=3, le=50, description="Words in a row that count as overlap with an evaluation item.")
    context_overlap: Literal["flag", "reject"] = Field(
        "flag",
        description="What to do when only the evidence overlaps with an evaluation item; an overlap of question, "
        "rationale or answer always rejects. With reject, forms with other pieces may keep other examples.",
    )
    licence: str = Field("unknown", description="Licence written to rows whose log names none.")


def recipe(options: SftOptions) -> dict[str, Any]:
    """The settings that decide what a training row becomes, JSON-able."""
    rules = {"rules": RULES_VERSION, "scrub_rules": scrub.RULES_VERSION, "overlap_rules": decontamination.RULES_VERSION}
    return {**options.model_dump(mode="json"), **rules}
