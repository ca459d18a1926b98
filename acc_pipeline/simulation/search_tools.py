"""The search tools of three frameworks over one index: each answers in its framework's own layout.

`hits` are kept beside the text so that a scripted agent can choose among them as a model would from the text.
"""

import json
from dataclasses import dataclass
from typing import Any, Protocol

from acc_pipeline.simulation.bm25 import Index
from acc_pipeline.simulation.search_world import Page, SearchWorld

TOP = 5


@dataclass(frozen=True)
class Result:
    """A tool's name, arguments and answer; the pages that the answer lists."""

    tool: str
    arguments: dict[str, Any]
    text: str
    hits: list[Page]


class Library:
    """The pages of a world with their index."""

    def __init__(self, world: SearchWorld) -> None:
        self.pages = list(world.pages.values())
        self.index = Index([(page.title, page.text) for page in self.pages])

    def search(self, query: str, *, top: int = TOP) -> list[tuple[Page, str]]:
        """The best pages with the excerpt that shows why."""
        return [(self.pages[i], self.index.excerpt(i, query)) for i in self.index.search(query, top=top)]


class Tools(Protocol):
    """What an agent can do: search, and read a page."""

    def search(self, query: str) -> Result: ...

    def read(self, page: Page) -> Result: ...


class SerperTools:
    """`google_search` with Serper's JSON, `scrape_website` with a page as markdown under a title and its address."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def search(self, query: str) -> Result:
        found = self._library.search(query)
        organic = [
            {"title": page.title, "link": page.url, "snippet": excerpt, "position": rank}
            for rank, (page, excerpt) in enumerate(found, start=1)
        ]
        answer = {"searchParameters": {"q": query, "type": "search", "num": TOP}, "organic": organic}
        text = json.dumps(answer, ensure_ascii=False, indent=2)
        return Result("google_search", {"q": query, "num": TOP}, text, [page for page, _ in found])

    def read(self, page: Page) -> Result:
        text = f"Title: {page.title}\n\nURL Source: {page.url}\n\nMarkdown Content:\n{page.text}"
        return Result("scrape_website", {"url": page.url}, text, [page])


class MarkdownTools:
    """`web_search` with a numbered list of links, `visit_webpage` with the page as markdown."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def search(self, query: str) -> Result:
        found = self._library.search(query)
        blocks = [
            f"{rank}. [{page.title}]({page.url})\n{excerpt}" for rank, (page, excerpt) in enumerate(found, start=1)
        ]
        return Result("web_search", {"query": query}, "\n\n".join(blocks), [page for page, _ in found])

    def read(self, page: Page) -> Result:
        return Result("visit_webpage", {"url": page.url}, f"# {page.title}\n\n{page.text}", [page])


class WikiTools:
    """ReAct's `Search[title]`, which gives a page's first paragraph, and `Lookup[word]` on the page last found."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._last = ""

    def search(self, query: str) -> Result:
        exact = [page for page in self._library.pages if page.title == query]
        if not exact:
            similar = [page for page, _ in self._library.search(query)]
            text = f"Could not find [{query}]. Similar: {[page.title for page in similar]}"
            return Result("Search", {"entity": query}, text, similar)
        self._last = exact[0].text
        return Result("Search", {"entity": query}, self._last.split("\n\n")[0], exact)

    def read(self, page: Page) -> Result:
        return self.search(page.title)

    def lookup(self, word: str) -> Result:
        sentences = [s.strip() for part in self._last.split("\n\n") for s in part.split(". ") if word in s]
        text = f"(Result 1 / {len(sentences)}) {sentences[0]}" if sentences else "No more results."
        return Result("Lookup", {"keyword": word}, text, [])
