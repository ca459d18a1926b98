"""What decides how a verified run becomes contexts. All of it bears identity: it is the recipe of the compile stage."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Form = Literal["pieces", "no-distractors", "multi-turn"]


class CompileOptions(BaseModel):
    """Budget, forms and order of compiled contexts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    budget: int = Field(default=8192, ge=64, description="Tokens that prompt and completion may take together.")
    reserve: int = Field(
        default=1024,
        ge=0,
        description="Tokens of the budget kept free for rationale and answer; "
        "what takes more than the budget with them gives no training row.",
    )
    forms: tuple[Form, ...] = Field(
        default=("pieces", "multi-turn"), min_length=1, description="How contexts are written; one row each."
    )
    seed: int = Field(default=0, description="With the example's id it decides the order of pieces.")
    max_distractors: int = Field(default=100, ge=0, description="Most distractors in a context; 0: none.")
    unknown_sufficiency: Literal["keep", "reject"] = Field(
        default="keep", description="Contexts of which no machine can tell whether they hold the answer."
    )

    @model_validator(mode="after")
    def _reserve_leaves_room(self) -> "CompileOptions":
        if self.reserve >= self.budget:
            raise ValueError(f"reserve = {self.reserve} must be less than budget = {self.budget}")
        return self

    @property
    def prompt_budget(self) -> int:
        """Tokens that the prompt may take, chat template included."""
        return self.budget - self.reserve
