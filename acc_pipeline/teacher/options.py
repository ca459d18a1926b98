"""What a user may set about the teacher, and which of it decides what a rationale becomes.

Where the teacher runs, how fast and for how much money is kept apart from identity: none of it enters the recipe.
The API key is no option: it is passed beside them and never stored.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

RULES_VERSION = 2

_PLACEMENT = {
    "base_url",
    "budget_usd",
    "price_in",
    "price_cached",
    "price_out",
    "timeout_seconds",
    "tries",
    "backoff_seconds",
    "at_once",
}


class TeacherOptions(BaseModel):
    """How rationales are written. `extractive` is a rule that needs nothing; `openai` asks a compatible server."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    backend: Literal["extractive", "openai"] = Field(
        "extractive", description="extractive: a rule that quotes the pieces; openai: an OpenAI-compatible server."
    )
    model: str = Field("deepseek-reasoner", description="Model name as the server knows it (backend openai).")
    base_url: str = Field("https://api.deepseek.com/v1", description="Root of the OpenAI-compatible API.")
    samples: int = Field(8, ge=1, le=1024, description="Most candidates per example.")
    enough: int = Field(1, ge=1, description="Stop asking once this many candidates of an example are right.")
    temperature: float = Field(0.6, ge=0.0, le=2.0, description="0 means one candidate: a second would be the same.")
    top_p: float = Field(0.95, gt=0.0, le=1.0, description="Nucleus sampling.")
    max_tokens: int = Field(32768, ge=1, description="Most tokens of one reply, thinking included.")
    extra_body: dict[str, Any] = Field(
        default_factory=dict, description="Further request fields, such as {'top_k': 20}; they count as sampling."
    )
    hindsight: tuple[str, ...] = Field(
        (),
        description="Agent types whose teacher is shown the verified answer and explains it, at temperature 0 "
        "(paper v2, appendix F, does this for swe).",
    )
    quote_characters: int = Field(300, ge=40, description="Longest single quotation of the extractive teacher.")
    quotes: int = Field(6, ge=1, description="Most quotations in one extractive rationale.")
    at_once: int = Field(16, ge=1, description="Most requests in flight per process.")
    timeout_seconds: float = Field(1800.0, gt=0, description="Longest wait for one reply.")
    tries: int = Field(5, ge=1, description="Requests per candidate before its cause counts as not passing now.")
    backoff_seconds: float = Field(1.0, gt=0, description="First pause between tries; it doubles with each.")
    budget_usd: float | None = Field(None, ge=0, description="Most money for rationales; None: no limit.")
    price_in: float = Field(0.0, ge=0, description="USD per million prompt tokens.")
    price_cached: float = Field(0.0, ge=0, description="USD per million prompt tokens that the server had cached.")
    price_out: float = Field(0.0, ge=0, description="USD per million completion tokens.")

    @property
    def model_label(self) -> str:
        """What the `model` column says; `rule` counts in no pass rate."""
        return "rule" if self.backend == "extractive" else self.model


def recipe(options: TeacherOptions) -> dict[str, Any]:
    """The settings that decide what a rationale becomes, JSON-able; those of the other backend are left out."""
    if options.backend == "extractive":
        settings = options.model_dump(mode="json", include={"backend", "quote_characters", "quotes"})
    else:
        settings = options.model_dump(mode="json", exclude=_PLACEMENT | {"quote_characters", "quotes"})
    return {**settings, "rules": RULES_VERSION}
