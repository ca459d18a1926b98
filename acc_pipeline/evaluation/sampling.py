"""How responses are drawn; part of the key under which each response is stored."""

import msgspec


class Sampling(msgspec.Struct, frozen=True, kw_only=True):
    """`temperature` 0 is greedy: then `top_p` and `top_k` do nothing. Defaults: what Qwen recommends for thinking."""

    temperature: float = 0.6
    top_p: float = 0.95
    top_k: int = 20
    max_new_tokens: int = 32_768
