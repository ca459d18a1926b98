"""One request to a model: what was asked, with which sampling, as which sample; and the key that follows from it.

The key is the identity of a response: model, messages, sampling and sample number. Where the server stands, what it
costs and who asks are no part of it.
"""

import hashlib
import json
from typing import Any

from msgspec import Struct

Message = dict[str, Any]


class Sampling(Struct, frozen=True, kw_only=True):
    """How to sample. `extra` holds further request fields, such as {"top_k": 20}, that the server knows."""

    temperature: float = 1.0
    top_p: float = 1.0
    max_tokens: int = 4096
    seed: int | None = None
    extra: dict[str, Any] = {}

    def as_json(self) -> str:
        """Stable text: equal settings give equal text; unset ones are left out."""
        named = {"temperature": self.temperature, "top_p": self.top_p, "max_tokens": self.max_tokens}
        seed = {} if self.seed is None else {"seed": self.seed}
        return _stable({**named, **seed, **({"extra": self.extra} if self.extra else {})})


class Request(Struct, frozen=True, kw_only=True):
    """`sample_no` tells apart samples that ask the same; `tag` names the record that it is for (for a takedown)."""

    model: str
    messages: list[Message]
    sampling: Sampling
    sample_no: int = 0
    tag: str = ""

    @property
    def prompt_sha256(self) -> str:
        return hashlib.sha256(_stable(self.messages).encode()).hexdigest()

    @property
    def key(self) -> str:
        """Hex sha256 over (model, prompt, sampling, sample number)."""
        parts = [self.model, self.prompt_sha256, self.sampling.as_json(), self.sample_no]
        return hashlib.sha256(_stable(parts).encode()).hexdigest()

    @property
    def characters(self) -> int:
        """Length of all message texts, for estimates."""
        return sum(len(str(message.get("content") or "")) for message in self.messages)


def _stable(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
