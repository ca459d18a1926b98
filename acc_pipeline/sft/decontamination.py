"""Does a training row overlap with an evaluation item: the same question, or n words in a row in common?

The index is two sorted arrays of hashes in a folder, mapped from disk, so that every worker can look things up without
carrying it. Words are compared folded, without punctuation; each CJK character is a word.
"""

import functools
import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from msgspec import Struct

RULES_VERSION = 1
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|\w+")
_FACTOR = np.uint64(0x9E3779B97F4A7C15)  # odd, so that no word of a run is lost modulo 2**64


class EvalText(Struct, frozen=True, kw_only=True):
    """One evaluation item: all its text (each message, the answer), and its question."""

    question: str
    texts: list[str]


class EvalIndex(Struct, frozen=True):
    """`ngrams` and `questions` are sorted uint64 arrays; `digest` changes when their content does."""

    ngram: int
    items: int
    ngrams: np.ndarray
    questions: np.ndarray
    digest: str


class Overlap(Struct, frozen=True):
    """`runs` n-grams of the text stand in evaluation items; `sample` is the first of them, in words."""

    runs: int
    sample: str


def words(text: str) -> list[str]:
    """Comparable words, in order."""
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def items_of_rows(rows: Iterable[dict[str, str]]) -> list[EvalText]:
    """Evaluation items from rows with `prompt` (JSON list of messages) and `answer` (JSON); the last user message is
    the question. Raises ValueError naming the item that has no user message."""
    items = []
    for row in rows:
        messages = json.loads(row["prompt"])
        asked = [str(message["content"]) for message in messages if message["role"] == "user"]
        if not asked:
            raise ValueError(f"evaluation item {row.get('item_id', '?')!r}: prompt has no user message")
        items.append(
            EvalText(question=asked[-1], texts=[*(str(m["content"]) for m in messages), row.get("answer") or ""])
        )
    return items


def build(items: Iterable[EvalText], *, ngram: int = 13) -> EvalIndex:
    """The index of some items; needs memory for 8 bytes a word."""
    found: list[np.ndarray] = []
    questions: list[int] = []
    for item in items:
        questions.append(_question_hash(item.question))
        found += [_ngram_hashes(words(text), ngram) for text in item.texts]
    ngrams = np.unique(np.concatenate(found)) if found else np.empty(0, dtype=np.uint64)
    asked = np.unique(np.array(questions, dtype=np.uint64))
    digest = hashlib.sha256(f"{RULES_VERSION} {ngram} ".encode() + ngrams.tobytes() + asked.tobytes()).hexdigest()
    return EvalIndex(ngram, len(questions), ngrams, asked, digest)


def save(index: EvalIndex, folder: Path) -> Path:
    """Write the index as `<folder>/<digest>/`, whole or not at all; answers that path. Equal content, equal path."""
    target = folder / index.digest[:16]
    if not (target / "index.json").exists():
        target.mkdir(parents=True, exist_ok=True)
        np.save(target / "ngrams.npy", index.ngrams)
        np.save(target / "questions.npy", index.questions)
        about = {"ngram": index.ngram, "items": index.items, "digest": index.digest}
        (target / "index.json").write_text(json.dumps(about))  # last: its presence says that the rest is whole
    return target


@functools.lru_cache(maxsize=4)
def load(path: Path) -> EvalIndex:
    """The index that `save` wrote, mapped from disk; once per process, because a saved path never changes."""
    about = path / "index.json"
    if not about.exists():
        raise FileNotFoundError(f"no evaluation index at {path}: write one with decontamination.save")
    told = json.loads(about.read_text())
    ngrams, questions = (np.load(path / f"{name}.npy", mmap_mode="r") for name in ("ngrams", "questions"))
    return EvalIndex(told["ngram"], told["items"], ngrams, questions, told["digest"])


def same_question(text: str, *, index: EvalIndex) -> bool:
    """Is this, but for case, spacing and punctuation, the question of an item?"""
    return bool(_known(np.array([_question_hash(text)], dtype=np.uint64), index.questions)[0])


def overlap(text: str, *, index: EvalIndex) -> Overlap:
    """How much of `text` stands in evaluation items. A text shorter than n words overlaps with nothing."""
    read = words(text)
    hits = _known(_ngram_hashes(read, index.ngram), index.ngrams)
    places = np.flatnonzero(hits)
    sample = " ".join(read[places[0] : places[0] + index.ngram]) if len(places) else ""
    return Overlap(len(places), sample)


def _known(hashes: np.ndarray, table: np.ndarray) -> np.ndarray:
    if not len(table) or not len(hashes):
        return np.zeros(len(hashes), dtype=bool)
    places = np.minimum(np.searchsorted(table, hashes), len(table) - 1)
    return np.asarray(table[places] == hashes)


def _ngram_hashes(read: list[str], ngram: int) -> np.ndarray:
    """One hash for each run of `ngram` words: a polynomial in the words' hashes modulo 2**64."""
    count = len(read) - ngram + 1
    if count < 1:
        return np.empty(0, dtype=np.uint64)
    known: dict[str, int] = {}
    for word in read:
        if word not in known:
            known[word] = _hash64(word)
    hashes = np.array([known[word] for word in read], dtype=np.uint64)
    total = np.zeros(count, dtype=np.uint64)
    with np.errstate(over="ignore"):
        for place in range(ngram):
            total = total * _FACTOR + hashes[place : place + count]
    return total


def _question_hash(text: str) -> int:
    return _hash64("question " + " ".join(words(text)))


def _hash64(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")
