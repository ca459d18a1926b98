"""The tiny student of runs without a real model: a random Qwen3-MoE of 1.3M parameters for the tiny tokenizer.

Imports torch and transformers, so only child processes may import this module. It has every part of the real
architecture (query-key norms, grouped heads, routed experts), so that whatever trains or serves it trains or serves
the real one.
"""

from typing import TYPE_CHECKING

from acc_pipeline.training.tiny_tokenizer import MAX_LENGTH, VOCABULARY

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def make_tiny_model(*, seed: int) -> "PreTrainedModel":
    """A Qwen3-MoE causal language model with weights drawn from `seed` (fp32, CPU); the same on every call."""
    import torch
    from transformers import Qwen3MoeConfig, Qwen3MoeForCausalLM

    config = Qwen3MoeConfig(
        vocab_size=VOCABULARY,
        hidden_size=96,
        intermediate_size=192,
        moe_intermediate_size=64,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=32,  # type: ignore[call-arg]
        num_experts=8,
        num_experts_per_tok=2,
        norm_topk_prob=True,
        max_position_embeddings=MAX_LENGTH,
        rope_parameters={"rope_type": "default", "rope_theta": 1e6},
        tie_word_embeddings=True,
        output_router_logits=False,
        bos_token_id=None,
        eos_token_id=None,
        pad_token_id=None,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Qwen3MoeForCausalLM(config)
