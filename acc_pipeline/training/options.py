"""How a student is trained, as a user may set it; which model, which seeds and which rows are said elsewhere.

Pure settings: reachable from the definitions, so nothing heavy is imported. Defaults are the paper's recipe
(arXiv 2605.21850, training section); what it does not disclose is marked.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

RULES_VERSION = 1  # raise when the same options and rows would give another checkpoint


class TrainingOptions(BaseModel):
    """One training recipe; `recipe()` has only what decides the checkpoint, not how it is computed and watched."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    objective: Literal["completion", "answer", "everything"] = Field(
        "completion",
        description="What carries loss: reasoning, actions and answers of assistant turns; only the final answer; or "
        "every token, observations and prompt too (a control).",
    )
    epochs: float = Field(4.0, gt=0, description="Passes over the rows.")
    max_steps: int = Field(0, ge=0, description="Stop after so many optimizer steps; 0: as many as the epochs need.")
    learning_rate: float = Field(1e-5, gt=0, description="Highest learning rate.")
    final_learning_rate: float = Field(1e-6, ge=0, description="Learning rate at the end of the cosine.")
    warmup_share: float = Field(0.05, ge=0, le=1, description="Share of the steps in which the rate rises.")
    batch_size: int = Field(16, ge=1, description="Sequences per optimizer step, over all processes.")
    micro_batch: int = Field(
        1, ge=1, description="Sequences per forward pass of one process; never changes the result."
    )
    max_tokens: int = Field(131_072, ge=16, description="Longest sequence; longer rows are refused by name, never cut.")
    weight_decay: float = Field(0.0, ge=0, description="Of AdamW; not disclosed in the paper.")
    adam_betas: tuple[float, float] = Field((0.9, 0.95), description="Of AdamW; not disclosed in the paper.")
    max_grad_norm: float = Field(
        1.0, gt=0, description="Gradients are clipped to this norm; not disclosed in the paper."
    )
    router_loss: float = Field(
        0.0, ge=0, description="Weight of the load-balancing loss of mixture-of-experts models; the base model has 0."
    )
    precision: Literal["auto", "fp32", "bf16"] = Field(
        "auto", description="Of the forward pass; auto: bf16 on a GPU, else fp32. Weights stay in fp32."
    )
    gradient_checkpointing: bool = Field(False, description="Recompute activations to save memory.")
    validate_rows: bool = Field(True, description="Measure the loss on the validation rows before and after.")
    threads: int = Field(2, ge=1, description="CPU threads of the training program.")
    log_every: int = Field(1, ge=1, description="Optimizer steps between two lines of the loss curve.")

    def recipe(self) -> dict[str, Any]:
        """The settings that decide what the checkpoint becomes, JSON-able."""
        kept = self.model_dump(mode="json", exclude={"threads", "micro_batch", "log_every", "validate_rows"})
        return {"rules": RULES_VERSION, **kept}
