"""A checkpoint loaded for evaluation: chat to token ids, generation in batches, log-likelihood of a continuation.

Runs in a process of its own: here is where evaluation loads torch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from acc_pipeline.evaluation.sampling import Sampling


@dataclass(frozen=True)
class Reply:
    """One generated response. `finish_reason` is stop, length or too_long (the prompt leaves no room)."""

    text: str
    finish_reason: str
    tokens_prompt: int
    tokens_completion: int


class EvaluatedModel:
    """Model and tokenizer of one checkpoint folder in Hugging Face form."""

    def __init__(self, folder: str, *, threads: int = 0, dtype: str = "auto") -> None:
        if threads:
            torch.set_num_threads(threads)
        self.tokenizer: Any = AutoTokenizer.from_pretrained(folder)
        self.model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype).eval()
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.model.to(self.device)
        self.room: int = self.model.config.max_position_embeddings
        self.end_ids = [self.tokenizer.convert_tokens_to_ids("<|im_end|>"), self.tokenizer.eos_token_id]
        self.end_ids = sorted({one for one in self.end_ids if one is not None})
        self.pad_id = self.tokenizer.pad_token_id if self.tokenizer.pad_token_id is not None else self.end_ids[0]

    def prompt_ids(self, messages: Sequence[dict[str, Any]]) -> list[int]:
        """The chat through the model's own template, with the assistant's turn opened."""
        text = self.tokenizer.apply_chat_template(list(messages), tokenize=False, add_generation_prompt=True)
        return self.tokenizer(text, add_special_tokens=False)["input_ids"]

    @torch.inference_mode()
    def generate(self, prompts: Sequence[list[int]], *, sampling: Sampling, seed: int) -> list[Reply]:
        """One reply a prompt, in one left-padded batch. A prompt that leaves no room for a reply is `too_long`."""
        fits = [index for index, ids in enumerate(prompts) if len(ids) + sampling.max_new_tokens <= self.room]
        replies = [
            Reply(text="", finish_reason="too_long", tokens_prompt=len(ids), tokens_completion=0) for ids in prompts
        ]
        if not fits:
            return replies
        width = max(len(prompts[index]) for index in fits)
        ids = torch.full((len(fits), width), self.pad_id, dtype=torch.long)
        mask = torch.zeros((len(fits), width), dtype=torch.long)
        for row, index in enumerate(fits):
            ids[row, width - len(prompts[index]) :] = torch.tensor(prompts[index])
            mask[row, width - len(prompts[index]) :] = 1
        torch.manual_seed(seed)
        options: dict[str, Any] = {"do_sample": sampling.temperature > 0}
        if sampling.temperature > 0:
            options |= {"temperature": sampling.temperature, "top_p": sampling.top_p, "top_k": sampling.top_k}
        made = self.model.generate(
            input_ids=ids.to(self.device),
            attention_mask=mask.to(self.device),
            max_new_tokens=sampling.max_new_tokens,
            eos_token_id=self.end_ids,
            pad_token_id=self.pad_id,
            **options,
        )
        for row, index in enumerate(fits):
            replies[index] = self._reply(made[row, width:].tolist(), tokens_prompt=len(prompts[index]))
        return replies

    def _reply(self, ids: list[int], *, tokens_prompt: int) -> Reply:
        ends = [at for at, one in enumerate(ids) if one in self.end_ids]
        written = ids[: ends[0]] if ends else ids
        return Reply(
            text=self.tokenizer.decode(written, skip_special_tokens=False),
            finish_reason="stop" if ends else "length",
            tokens_prompt=tokens_prompt,
            tokens_completion=len(written) + bool(ends),
        )

    @torch.inference_mode()
    def log_likelihood(self, prompt: list[int], *, continuation: str) -> float | None:
        """Sum of log p (nats) of the continuation's tokens after the prompt; None when both do not fit the model."""
        target = self.tokenizer(continuation, add_special_tokens=False)["input_ids"]
        if not target or len(prompt) + len(target) > self.room:
            return None
        ids = torch.tensor([prompt + target], device=self.device)
        # Logits of the target's positions only: a full-length logit matrix is what makes long items run out of memory.
        logits = self.model(input_ids=ids, logits_to_keep=len(target) + 1, use_cache=False).logits[0, :-1].float()
        wanted = torch.tensor(target, device=self.device)
        return float(logits.log_softmax(-1).gather(1, wanted[:, None]).sum())
