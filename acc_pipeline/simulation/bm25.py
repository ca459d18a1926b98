"""A small search index over a list of texts: Okapi BM25, and the excerpt that a search engine would show."""

import math
import re
from collections import Counter

_WORD = re.compile(r"[\w']+")
_SENTENCE = re.compile(r"(?<=[.!?])\s+")
K1, B = 1.5, 0.75


def words(text: str) -> list[str]:
    """Lower-case words."""
    return _WORD.findall(text.lower())


class Index:
    """Ranks documents, given as (title, text), for a query; words of a title count as three of the text."""

    def __init__(self, documents: list[tuple[str, str]]) -> None:
        self._texts = [text for _, text in documents]
        self._counts = [Counter(words(text) + words(title) * 3) for title, text in documents]
        self._lengths = [sum(counts.values()) for counts in self._counts]
        self._mean = sum(self._lengths) / max(len(self._lengths), 1) or 1.0  # all texts may be empty
        found = Counter(word for counts in self._counts for word in counts)
        self._weight = {
            word: math.log(1 + (len(documents) - number + 0.5) / (number + 0.5)) for word, number in found.items()
        }

    def search(self, query: str, *, top: int) -> list[int]:
        """Positions of the best documents, best first; documents that share no word with the query never come."""
        scored = []
        for position, counts in enumerate(self._counts):
            scale = K1 * (1 - B + B * self._lengths[position] / self._mean)
            score = sum(
                self._weight[word] * counts[word] * (K1 + 1) / (counts[word] + scale)
                for word in words(query)
                if counts[word]
            )
            if score > 0:
                scored.append((-score, position))
        return [position for _, position in sorted(scored)[:top]]

    def excerpt(self, position: int, query: str, *, sentences: int = 2) -> str:
        """The run of sentences that holds most of the query's rare words."""
        parts = _SENTENCE.split(self._texts[position].replace("\n", " "))
        wanted = set(words(query))
        starts = range(max(1, len(parts) - sentences + 1))

        def score(start: int) -> float:
            seen = set(words(" ".join(parts[start : start + sentences]))) & wanted
            return sum(self._weight.get(word, 0.0) for word in seen)

        best = max(starts, key=lambda start: (score(start), -start))
        return " ".join(parts[best : best + sentences])
