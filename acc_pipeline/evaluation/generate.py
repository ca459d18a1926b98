"""`python -m acc_pipeline.evaluation.generate --config C.json`: responses and likelihoods of one checkpoint, durable.

Each batch of responses is on disk before the next is asked for, keyed by (checkpoint content, item, sampling, sample):
a killed evaluation repeats nothing that was stored, and a second model never sees the first one's responses.
"""

import argparse
import hashlib
import json
import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from acc_pipeline.evaluation.sampling import Sampling
from acc_pipeline.training.threads import calm_threads, keep_freed_memory

_LOG = logging.getLogger("acc_pipeline.evaluation")


class GenerateConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One evaluation run. `items` is a JSONL file of `Item`, `out` one of response rows; both are paths."""

    model: str
    items: str
    out: str
    samples: int = 1
    sampling: Sampling = Sampling()
    likelihood: bool = False
    seed: int = 0
    batch_tokens: int = 16_384  # padded prompt tokens in one batch
    threads: int = 0
    dtype: str = "auto"


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """What the model is asked. `variants` are chats by name (see likelihood.py), `answer` what they are scored on."""

    item_id: str
    messages: list[dict[str, Any]]
    answer: str = ""
    variants: dict[str, list[dict[str, Any]]] = {}


def main() -> None:
    """Read the config, finish what is missing, tell the progress in log lines."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--config", type=Path, required=True)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    calm_threads()
    keep_freed_memory()
    run(msgspec.json.decode(parser.parse_args().config.read_bytes(), type=GenerateConfig))


def run(config: GenerateConfig) -> int:
    """Write every missing response; returns how many were made. Nothing is loaded when nothing is missing."""
    from acc_pipeline.evaluation.digest import content_digest

    items = [msgspec.json.decode(line, type=Item) for line in Path(config.items).read_bytes().splitlines() if line]
    digest = content_digest(Path(config.model))
    out = Path(config.out)
    stored = {row["key"] for row in stored_rows(out)}
    wanted = [
        (item, sample, response_key(digest, item, config=config, sample=sample))
        for item in items
        for sample in range(config.samples)
    ]
    missing = [one for one in wanted if one[2] not in stored]
    if not missing:
        _LOG.info("%d responses are stored already", len(wanted))
        return 0
    from acc_pipeline.evaluation.model import EvaluatedModel

    model = EvaluatedModel(config.model, threads=config.threads, dtype=config.dtype)
    started = time.monotonic()
    done = 0
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("ab") as file:
        for batch in _batches(model, missing, config=config):
            for row in _answer(model, batch, config=config, digest=digest):
                file.write(msgspec.json.encode(row) + b"\n")
            file.flush()
            os.fsync(file.fileno())
            done += len(batch)
            rate = done / (time.monotonic() - started)
            _LOG.info("%d/%d responses, %.1f/s", done, len(missing), rate)
    return done


def stored_rows(out: Path) -> list[dict[str, Any]]:
    """Rows of the response file; a last line cut off by a kill is removed from the file, so that it can grow again."""
    if not out.exists():
        return []
    raw = out.read_bytes()
    whole = raw[: raw.rfind(b"\n") + 1]
    if len(whole) != len(raw):
        with out.open("r+b") as file:
            file.truncate(len(whole))
    return [json.loads(line) for line in whole.splitlines()]


def response_key(digest: str, item: Item, *, config: GenerateConfig, sample: int) -> str:
    """Identity of one response (32 hex digits): what was asked of which weights, and how it was drawn."""
    parts = [digest, item.item_id, item.messages, config.sampling, config.seed, sample, config.likelihood]
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:32]


_Missing = tuple[Item, int, str]


def _batches(
    model: Any, missing: list[_Missing], *, config: GenerateConfig
) -> Iterator[list[tuple[_Missing, list[int]]]]:
    """Longest first, so that running out of memory shows at once; each batch within `batch_tokens` padded tokens."""
    ready = sorted(
        ((one, model.prompt_ids(one[0].messages)) for one in missing), key=lambda pair: (-len(pair[1]), pair[0][2])
    )
    batch: list[tuple[_Missing, list[int]]] = []
    for pair in ready:
        if batch and (len(batch) + 1) * len(batch[0][1]) > config.batch_tokens:
            yield batch
            batch = []
        batch.append(pair)
    if batch:
        yield batch


def _answer(
    model: Any, batch: list[tuple[_Missing, list[int]]], *, config: GenerateConfig, digest: str
) -> Iterator[dict[str, Any]]:
    from acc_pipeline.evaluation.likelihood import measure

    seed = config.seed + int(batch[0][0][2][:8], 16)  # another batch draws other numbers, the same one the same
    replies = model.generate([ids for _, ids in batch], sampling=config.sampling, seed=seed % 2**31)
    for ((item, sample, key), _), reply in zip(batch, replies, strict=True):
        measured = measure(model, item.variants, answer=item.answer) if config.likelihood and sample == 0 else {}
        yield {
            "key": key,
            "model_digest": digest,
            "item_id": item.item_id,
            "sample": sample,
            "response": reply.text,
            "finish_reason": reply.finish_reason,
            "tokens_prompt": reply.tokens_prompt,
            "tokens_completion": reply.tokens_completion,
            **measured,
        }


if __name__ == "__main__":
    main()
