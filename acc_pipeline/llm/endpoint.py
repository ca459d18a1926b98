"""Where a model answers, how patiently it is asked, and what it costs. Nothing here changes what is asked."""

from msgspec import Struct


class Prices(Struct, frozen=True, kw_only=True):
    """USD per million tokens."""

    tokens_in: float = 0.0
    tokens_cached: float = 0.0
    tokens_out: float = 0.0

    def cost(self, *, tokens_in: int, tokens_cached: int, tokens_out: int) -> float:
        """USD; `tokens_cached` is part of `tokens_in`."""
        fresh = max(0, tokens_in - tokens_cached)
        total = fresh * self.tokens_in + tokens_cached * self.tokens_cached + tokens_out * self.tokens_out
        return total / 1_000_000


class Endpoint(Struct, frozen=True, kw_only=True):
    """`tries` requests per question, `backoff_seconds` doubling between them up to `longest_pause`; a server's own
    Retry-After is kept, but one longer than `longest_pause` ends the question for now."""

    base_url: str
    timeout_seconds: float = 1800.0
    tries: int = 5
    backoff_seconds: float = 1.0
    longest_pause: float = 120.0
    at_once: int = 16
    prices: Prices = Prices()
    budget_usd: float | None = None
