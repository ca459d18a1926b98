"""Which phrases name a piece by its number or place."""

import pytest

from acc_pipeline.teacher.positions import position_named


@pytest.mark.parametrize(
    "text",
    [
        "Document 3 says so.",
        "As document #2 shows,",
        "(see Doc. 4)",
        "According to documents 1 and 2",
        "the third document",
        "in the last\ntable",
        "The 2nd passage",
        "in the document above",
        "the table at the end",
        "it is stated there [3].",
        "Source 1 and the rest",
        "file no. 7",
    ],
)
def test_named_by_place(text: str) -> None:
    assert position_named(text, quotable="")


@pytest.mark.parametrize(
    "text",
    [
        'In "Ada Lovelace" it says that she was first.',
        "The page on Ada names 1843.",
        "table singer has 6 rows",
        "The first program was written in 1843, the second one later.",
        "In `src/a.py` the line `x[3] = 1` is wrong.",
        "the final answer",
        "Run on the rows of these tables it gives: [3]",
        "tables: 2 rows and 3 columns",
        "documented 3 times",
    ],
)
def test_not_named_by_place(text: str) -> None:
    assert position_named(text, quotable="") == ""


def test_a_quotation_or_a_title_may_say_it() -> None:
    pieces = "The First Folio is the first document of its kind. See Table 4 of the census.\nDocument 12-b"
    assert position_named('It says: "is the first document of its kind".', quotable=pieces) == ""
    assert position_named('The page "Document 12-b" holds it.', quotable=pieces) == ""
    assert position_named("The page Document 12-b, too.", quotable="", names=["Document 12-B"]) == ""
    assert position_named("The page Document 12, too.", quotable=pieces) == "Document 12"
    assert position_named("It stands in the first document here.", quotable=pieces) == "the first document"
