"""Which phrases name a piece by its number or place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acc_pipeline.teacher.positions import position_named

NUMBERS = {"one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"}


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
        "Document two says so.",
        "as passage three and the rest show",
        "Documents one and two agree.",
        "Document one states it",
        "in table number four",
        "the first of the given tables",
        "the last of these three documents",
        "The second of all the sources",
        "the second and third documents",
        "the first, second, and fourth files",
        "first two files",
        "The last few pages",
        "the earlier document",
        "that later source",
        "the previous passage",
        "the latter file",
        "source II",
        "Table IV, too",
        "Document I says so",
        "Document A",
        "documents B and C",
        "(source D).",
        'in passage "E" it stands',
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
        "the first time that the file was read",
        "the first of the two men in the document",
        "the first of May, says the page",
        "table users holds it",
        "file a.py and file A.py differ",
        "the source C code",
        "the file C:\\work",
        "the source code",
        "A file, a table and a page",
        "I read the file; the document I read names her.",
        "The page one sees there, the file one of them wrote",
        "It read the file three times.",
        "one of the documents, both of the tables, two files",
        "The source two million people cite",
        "It documents two cases.",
        "the page A Beautiful Mind",
        "earlier that year, later in the film",
        "the following rows of the table",
        "In table a the row is there.",
        "World War II is the topic of the page.",
        "an earlier version of the file",
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


NOUNS = st.sampled_from(["document", "Passage", "source", "file", "table", "page", "snippet"])
LABELS = st.sampled_from(["2", "17", "two", "ten", "II", "VII", "A", "B", "Z", "#4", "no. 5", "number six"])
ORDINALS = st.sampled_from(
    ["first", "second", "tenth", "last", "next", "previous", "following", "earlier", "later", "3rd"]
)
FRAMES = st.sampled_from(["{}", "As {} says, it is so.", "It stands in {}.", "({}) and so on", "From {}, then: yes"])


@given(FRAMES, NOUNS, LABELS)
def test_a_label_after_a_noun_names_it(frame: str, noun: str, label: str) -> None:
    assert position_named(frame.format(f"{noun} {label}"), quotable="")


@given(FRAMES, ORDINALS, st.lists(ORDINALS, max_size=2), NOUNS, st.sampled_from(["", "given ", "provided "]))
def test_an_ordinal_before_a_noun_names_it(frame: str, one: str, more: list[str], noun: str, given_word: str) -> None:
    joined = " and ".join([one, *more])
    assert position_named(frame.format(f"the {joined} {given_word}{noun}"), quotable="")
    assert position_named(frame.format(f"the {one} of the {given_word}{noun}s"), quotable="")


@given(FRAMES, ORDINALS, st.sampled_from(["time", "man", "race", "program", "row", "of May", "of the races"]))
def test_an_ordinal_before_another_noun_is_prose(frame: str, one: str, noun: str) -> None:
    assert position_named(frame.format(f"the {one} {noun}"), quotable="") == ""


@given(
    FRAMES,
    NOUNS,
    st.from_regex(r"(?!no$|nr$)[a-z][a-z_]{2,9}(?:\.py)?", fullmatch=True).filter(lambda w: w not in NUMBERS),
)
def test_a_name_after_a_noun_is_a_name(frame: str, noun: str, name: str) -> None:
    assert position_named(frame.format(f"the {noun} {name}"), quotable="") == ""


def test_a_piece_whose_name_is_a_letter_may_be_named() -> None:
    assert position_named("The table A holds 3 rows.", quotable="", names=["A", "B"]) == ""
    assert position_named("The table C holds 3 rows.", quotable="", names=["A", "B"]) == "table C"
