"""Search results and visited pages in a tool's output: one located item each, whichever layout the tool uses.

Layouts: Serper/Tavily/plain JSON, numbered markdown with links, page JSON, page text, extraction by another model.
"""

import json
import re
from typing import Any

import msgspec

from acc_pipeline.trajectories.content import as_text
from acc_pipeline.trajectories.footers import completeness_of
from acc_pipeline.trajectories.schema import Completeness, Evidence, EvidenceKind

_URL_KEYS = ("url", "link", "href", "uri", "docid", "doc_id", "id", "source")
_TEXT_KEYS = (
    "raw_content",
    "content",
    "text",
    "markdown",
    "page_content",
    "body",
    "contents",
    "snippet",
    "description",
)
_SNIPPET_KEYS = ("snippet", "description", "summary", "excerpt", "content", "text", "body")
_LIST_KEYS = (
    "organic",
    "organic_results",
    "results",
    "items",
    "data",
    "documents",
    "hits",
    "pages",
    "webPages",
    "value",
)
_NUMBERED_LINK = re.compile(r"^[ \t]*(\d+)\.[ \t]+\[(.*?)\]\((\S+?)\)[ \t]*$", re.MULTILINE)
_LINK_LINE = re.compile(r"^\[([^\]\n]+)\]\((https?://\S+?)\)[ \t]*$", re.MULTILINE)
_FIELD_BLOCK = re.compile(r"^(?:\[?\d+[\].)]?\s*)?(?:Title|URL|Link|Snippet|Source)\s*:", re.MULTILINE | re.IGNORECASE)
_FIELDS = re.compile(
    r"^(?:\[?\d+[\].)]?\s*)?(title|url|link|source|snippet|description|content)\s*:\s*(.*)$", re.IGNORECASE
)
_DATELINES = re.compile(r"^(?:Date published|Source): [^\n]*\n?", re.MULTILINE)
_EXTRACTED = re.compile(r"The useful information in (\S+) for user goal (.{0,2000}?) as follows:\s*", re.DOTALL)
_DOC = re.compile(r"Doc (\d+)\s*\(Title: \"?(.*?)\"?\)\s*", re.DOTALL)
_JINA = re.compile(
    r"\s*Title: ([^\n]{0,500})\n+URL Source: [^\n]*\n+(?:Published Time: [^\n]*\n+)?(?:Warning: [^\n]*\n+)*"
    r"Markdown Content:\n+"
)
_ROUND_CLIP = 1000


def search_results(text: str, *, query: str) -> list[Evidence]:
    """Results in the order shown, ranks from 1; one snippet item located by the query when no layout is recognised."""
    value = _json(text)
    if value is not None:
        listed = _result_list(value)
        if listed is not None:
            return [_from_dict(item, rank=rank) for rank, item in enumerate(listed, start=1)]
    for mark in (_NUMBERED_LINK, _LINK_LINE):
        found = _by_links(text, mark)
        if found:
            return found
    found = _by_fields(text) or _by_docs(text)
    if found or not text.strip():
        return found
    return [
        Evidence(kind=EvidenceKind.SEARCH_RESULT, locator=query, text=text, completeness=Completeness.SNIPPET, rank=1)
    ]


def pages(text: str, *, urls: list[str], by_model: bool, excerpt: bool = False) -> list[Evidence]:
    """Pages of a visit. `by_model`: the tool gives a model's extraction of the page, which is never its full text.

    `excerpt`: the tool shows passages of a page. Those, and a text of which no address is known, are snippets at best.
    """
    return [
        _at_best_snippet(one) if excerpt or not one.locator.strip() else one for one in _pages(text, urls, by_model)
    ]


def _at_best_snippet(page: Evidence) -> Evidence:
    whole = page.completeness in {Completeness.FULL, Completeness.WINDOWED}
    return msgspec.structs.replace(page, completeness=Completeness.SNIPPET) if whole else page


def _pages(text: str, urls: list[str], by_model: bool) -> list[Evidence]:
    extracted = _extractions(text)
    if extracted:
        return extracted
    value = _json(text)
    if isinstance(value, dict) and isinstance(value.get("result"), dict | list):
        value = value["result"]
    if isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
        made = [
            _page_from_dict(one, url=urls[i] if i < len(urls) else "", by_model=by_model) for i, one in enumerate(value)
        ]
        return [page for page in made if page is not None]
    if isinstance(value, dict):
        page = _page_from_dict(value, url=urls[0] if urls else "", by_model=by_model)
        if page is not None:
            return [page]
    if not text.strip():
        return []
    jina = _JINA.match(text)
    title, body = (jina.group(1).strip(), text[jina.end() :]) if jina else _title_of(text)
    return [_page(url=" ".join(urls), title=title, text=body, by_model=by_model)]


def _page(*, url: str, title: str, text: str, by_model: bool, completeness: Completeness | None = None) -> Evidence:
    if by_model:
        completeness = Completeness.SUMMARY
    elif completeness is None:
        completeness = completeness_of(text)
        if completeness == Completeness.FULL and len(text) >= 2 * _ROUND_CLIP and len(text) % _ROUND_CLIP == 0:
            completeness = Completeness.TRUNCATED  # a tool's silent cut: no page ends at a round thousand by itself
    return Evidence(kind=EvidenceKind.PAGE, locator=url, title=title, text=text, completeness=completeness)


def _page_from_dict(item: dict[str, Any], *, url: str, by_model: bool) -> Evidence | None:
    body = next((item[key] for key in _TEXT_KEYS if isinstance(item.get(key), str) and item[key].strip()), None)
    if body is None:
        return None
    only_snippet = not any(item.get(key) for key in _TEXT_KEYS[:7])
    cut = Completeness.TRUNCATED if item.get("truncated") is True else None
    return _page(
        url=url or _url(item),
        title=as_text(item.get("title")),
        text=str(body),
        by_model=by_model,
        completeness=Completeness.SNIPPET if only_snippet else cut,
    )


def _title_of(text: str) -> tuple[str, str]:
    match = re.match(r"\s*(?:Title: ?|# )([^\n]{1,300})\n", text)
    return (match.group(1).strip(), text) if match else ("", text)


def _json(text: str) -> Any:
    stripped = text.strip()
    if stripped[:1] not in ("{", "["):
        return None
    try:
        return json.loads(stripped, strict=False)
    except (ValueError, RecursionError):
        return None


def _url(item: dict[str, Any]) -> str:
    return next((as_text(item[key]) for key in _URL_KEYS if isinstance(item.get(key), str | int)), "")


def _result_list(value: Any) -> list[dict[str, Any]] | None:
    if isinstance(value, dict):
        for key in _LIST_KEYS:
            if key in value:
                return _result_list(value[key])
        if isinstance(value.get("result"), dict | list):
            return _result_list(value["result"])
        return None
    if isinstance(value, list) and all(isinstance(item, dict) for item in value):
        good = [
            item for item in value if _url(item) and (item.get("title") or any(item.get(key) for key in _SNIPPET_KEYS))
        ]
        return good if good or not value else None
    return None


def _from_dict(item: dict[str, Any], *, rank: int) -> Evidence:
    text = next((item[key] for key in _SNIPPET_KEYS if isinstance(item.get(key), str) and item[key]), "")
    return Evidence(
        kind=EvidenceKind.SEARCH_RESULT,
        locator=_url(item),
        title=as_text(item.get("title")),
        text=str(text),
        completeness=Completeness.SNIPPET,
        rank=rank,
    )


def _by_links(text: str, mark: re.Pattern[str]) -> list[Evidence]:
    matches = list(mark.finditer(text))
    found = []
    for rank, match in enumerate(matches, start=1):
        end = matches[rank].start() if rank < len(matches) else len(text)
        body = text[match.end() : end].split("\n=======\n")[0]
        title, url = match.groups()[-2:]
        found.append(
            Evidence(
                kind=EvidenceKind.SEARCH_RESULT,
                locator=url,
                title=title,
                text=_DATELINES.sub("", body.strip("\n")).strip(),
                completeness=Completeness.SNIPPET,
                rank=rank,
            )
        )
    return found


def _by_fields(text: str) -> list[Evidence]:
    if not _FIELD_BLOCK.search(text):
        return []
    rows: list[dict[str, str]] = []
    current: dict[str, str] = {}
    last = ""
    for line in text.split("\n"):
        match = _FIELDS.match(line.strip())
        if match:
            key = {"link": "url", "source": "url"}.get(match.group(1).lower(), match.group(1).lower())
            if key in current:
                rows.append(current)
                current = {}
            current[key], last = match.group(2), key
        elif not line.strip() and "url" in current and last not in {"title", "url"}:
            rows.append(current)
            current, last = {}, ""
        elif last and line.strip():
            current[last] += "\n" + line
    rows.append(current)
    good = [row for row in rows if row.get("url") and (row.get("title") or len(row) > 1)]
    return [_from_dict(dict(row), rank=rank) for rank, row in enumerate(good, start=1)]


def _by_docs(text: str) -> list[Evidence]:
    matches = list(_DOC.finditer(text))
    return [
        Evidence(
            kind=EvidenceKind.SEARCH_RESULT,
            locator=match.group(2),
            title=match.group(2),
            text=text[match.end() : matches[i + 1].start() if i + 1 < len(matches) else len(text)].strip(),
            completeness=Completeness.SNIPPET,
            rank=i + 1,
        )
        for i, match in enumerate(matches)
    ]


def _extractions(text: str) -> list[Evidence]:
    matches = list(_EXTRACTED.finditer(text))
    found = []
    for index, match in enumerate(matches):
        end = matches[index + 1].start() if index + 1 < len(matches) else len(text)
        body = text[match.end() : end].split("\n=======\n")[0].strip()
        failed = "The provided webpage content could not be accessed" in body
        found.append(
            Evidence(
                kind=EvidenceKind.PAGE,
                locator=match.group(1),
                text="" if failed else body,
                completeness=Completeness.ABSENT if failed else Completeness.SUMMARY,
            )
        )
    return found
