"""The hashes by which the lake knows what is done and what has changed: record keys, row digests, data versions.

All of them are over content only, never over time or place. They are stored, so their rules must not change.
"""

import hashlib
from collections.abc import Mapping

import msgspec
import polars as pl


def record_key(*, key: str, digest: str, recipe: str, side: Mapping[str, str]) -> str:
    """The identity of one piece of work: which input, with what content, by which recipe, seeing which side inputs."""
    return _hash(msgspec.json.encode([key, digest, recipe, sorted(side.items())]))


def row_digests(frame: pl.DataFrame) -> list[str]:
    """One content hash a row, over all columns of `frame` in their order."""
    # ascii() of Python values: exact for every type that Delta stores, and 1, 1.0, "1" and None stay apart.
    return [_hash(ascii(row).encode()) for row in frame.iter_rows()]


def data_version(rows: pl.DataFrame) -> str:
    """One hash over the content of a partition: `input_key`, `output_no` and `digest` of its rows, in any order."""
    total = hashlib.sha256()
    ordered = rows.select("input_key", "output_no", "digest").sort("input_key", "output_no", "digest")
    for batch in ordered.iter_slices(10_000):
        total.update(msgspec.json.encode(batch.rows()))
        total.update(b"\n")
    return total.hexdigest()[:16]


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]
