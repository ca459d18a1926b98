import json

import pytest

from acc_pipeline.trajectories.schema import Completeness
from acc_pipeline.trajectories.web_results import pages, search_results

_ROWS = [
    {"title": "A", "url": "https://a.org", "snippet": "about a"},
    {"title": "B", "url": "https://b.org", "snippet": "about b"},
]


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(_ROWS),
        json.dumps({"results": _ROWS}),
        json.dumps({"organic": [{"title": r["title"], "link": r["url"], "snippet": r["snippet"]} for r in _ROWS]}),
        json.dumps({"result": {"items": _ROWS}}),
        "1. [A](https://a.org)\nDate published: 2020\n\nabout a\n\n2. [B](https://b.org)\nabout b\n",
        "[A](https://a.org)\nabout a\n\n[B](https://b.org)\nabout b",
        "[1] Title: A\nURL: https://a.org\nSnippet: about a\n\n[2] Title: B\nURL: https://b.org\nSnippet: about b",
    ],
)
def test_layouts_of_search_results(text: str) -> None:
    found = [(one.rank, one.title, one.locator, one.text, one.completeness) for one in search_results(text, query="q")]
    assert found == [
        (1, "A", "https://a.org", "about a", Completeness.SNIPPET),
        (2, "B", "https://b.org", "about b", Completeness.SNIPPET),
    ]


def test_unknown_layouts_are_one_snippet_of_the_query() -> None:
    found = search_results("Ada Lovelace was born in 1815.", query="ada birth")
    assert [(one.locator, one.text) for one in found] == [("ada birth", "Ada Lovelace was born in 1815.")]
    assert search_results("[]", query="q") == []


def test_pages_by_text_and_by_json() -> None:
    text = pages("# Ada\n\nBorn in 1815.\n", urls=["https://a.org"], by_model=False)[0]
    assert (text.locator, text.title, text.completeness) == ("https://a.org", "Ada", Completeness.FULL)
    assert text.text == "# Ada\n\nBorn in 1815.\n"
    page = pages(json.dumps({"url": "https://a.org", "title": "Ada", "content": "Born."}), urls=[], by_model=False)[0]
    assert (page.locator, page.title, page.text, page.completeness) == (
        "https://a.org",
        "Ada",
        "Born.",
        Completeness.FULL,
    )


def test_a_reader_s_header_is_no_page_text() -> None:
    text = "Title: Ada\n\nURL Source: https://a.org\n\nMarkdown Content:\nBorn in 1815.\n"
    page = pages(text, urls=["https://a.org"], by_model=False)[0]
    assert (page.title, page.text) == ("Ada", "Born in 1815.\n")


def test_what_is_not_the_whole_page_says_so() -> None:
    assert pages("words", urls=["u"], by_model=True)[0].completeness == Completeness.SUMMARY
    assert pages("x" * 4000, urls=["u"], by_model=False)[0].completeness == Completeness.TRUNCATED
    assert pages("text [truncated]", urls=["u"], by_model=False)[0].completeness == Completeness.TRUNCATED
    cut = json.dumps({"content": "Born.", "truncated": True})
    assert pages(cut, urls=["u"], by_model=False)[0].completeness == Completeness.TRUNCATED
    found = pages("1 match: Born in 1815.", urls=["https://a.org"], by_model=False, excerpt=True)[0]
    assert (found.locator, found.completeness) == ("https://a.org", Completeness.SNIPPET)
    extracted = "The useful information in https://a.org for user goal birth as follows: \n\nEvidence in page:\nBorn."
    assert pages(extracted, urls=["https://a.org"], by_model=False)[0].completeness == Completeness.SUMMARY


@pytest.mark.parametrize("text", ["# Ada\n\nBorn in 1815.", json.dumps([{"title": "Ada", "content": "Born in 1815."}])])
def test_a_page_of_no_known_address_is_no_whole_page(text: str) -> None:
    assert [(one.locator, one.completeness) for one in pages(text, urls=[], by_model=False)] == [
        ("", Completeness.SNIPPET)
    ]
    assert pages(text, urls=[], by_model=True)[0].completeness == Completeness.SUMMARY
    assert pages("text [truncated]", urls=[], by_model=False)[0].completeness == Completeness.TRUNCATED
