"""What a user may set about evaluation: which items are made, how often and how each is answered, what is measured."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

MIN_TOKENS = 512
NEEDLES = (2, 4, 8)


class EvaluationOptions(BaseModel):
    """Items of MRCR and GraphWalks and the way that a model answers them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mrcr_items: int = Field(12, ge=0, description="MRCR items, spread evenly over `mrcr_needles`; 0: none.")
    mrcr_needles: tuple[int, ...] = Field(
        (2, 4), min_length=1, description="How many identical requests an item holds; allowed: 2, 4, 8."
    )
    mrcr_tokens: int = Field(
        4096,
        ge=MIN_TOKENS,
        description="Length of an MRCR item: tokens of all messages' contents and the answer, by the student's "
        "tokenizer and without its chat template.",
    )
    graphwalks_items: int = Field(12, ge=0, description="GraphWalks items, half parents and half bfs; 0: none.")
    graphwalks_tokens: int = Field(
        4096, ge=MIN_TOKENS, description="Length of a GraphWalks prompt in tokens of the student's tokenizer."
    )
    graphwalks_variant: Literal["clean", "official"] = Field(
        "clean",
        description="`clean`: random node ids, shuffled edges, no duplicates or self-loops. `official`: as the "
        "published rows, whose ids repeat across items and can be memorised.",
    )
    seed: int = Field(0, ge=0, description="Seed of the items and of sampling.")
    samples: int = Field(3, ge=1, description="Responses per item; scores are means over all of them.")
    max_new_tokens: int = Field(
        32_768, ge=1, description="Longest response in tokens, thinking included; thinking models need 16K to 32K."
    )
    temperature: float = Field(0.6, ge=0, le=2, description="Sampling temperature; 0 is greedy.")
    top_p: float = Field(0.95, gt=0, le=1, description="Nucleus sampling: share of probability that is kept.")
    top_k: int = Field(20, ge=0, description="Tokens to sample from; 0: all.")
    likelihood: bool = Field(
        False, description="Also measure the log-likelihood of the true answer; for models that cannot yet generate."
    )
    likelihood_items: int = Field(
        8, ge=0, description="Items per benchmark that the likelihood is measured on, the first ones; 0: all."
    )

    @field_validator("mrcr_needles")
    @classmethod
    def _known_needles(cls, needles: tuple[int, ...]) -> tuple[int, ...]:
        unknown = sorted(set(needles) - set(NEEDLES))
        if unknown or len(set(needles)) != len(needles):
            raise ValueError(f"mrcr_needles is {list(needles)}; allowed are distinct values of {list(NEEDLES)}")
        return needles

    def items_recipe(self) -> dict[str, Any]:
        """The settings that decide which items are made, JSON-able."""
        names = {name for name in type(self).model_fields if name.startswith(("mrcr_", "graphwalks_"))} | {"seed"}
        return self.model_dump(mode="json", include=names)

    def scores_recipe(self) -> dict[str, Any]:
        """The settings that decide how items are answered and measured, JSON-able."""
        names = {"seed", "samples", "max_new_tokens", "temperature", "top_p", "top_k", "likelihood", "likelihood_items"}
        return self.model_dump(mode="json", include=names)
