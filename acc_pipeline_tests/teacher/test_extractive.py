"""The extractive teacher on files, tables and pages: what it says stands in the context."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acc_pipeline.agents.base import Context
from acc_pipeline.agents.swe import SweAgent
from acc_pipeline.teacher.attempts import Draft
from acc_pipeline.teacher.extractive import write
from acc_pipeline.teacher.options import TeacherOptions
from acc_pipeline.teacher.positions import position_named
from acc_pipeline.teacher.sampling import judge
from acc_pipeline_tests.teacher.tiny import TinyAgent, context

OPTIONS = TeacherOptions()
SOURCE = "import math\n\n\ndef area(r):\n    return math.pi * r\n\n\ndef twice(x):\n    return 2 * x\n"
PATCH = """diff --git a/pkg/shapes.py b/pkg/shapes.py
--- a/pkg/shapes.py
+++ b/pkg/shapes.py
@@ -2,5 +2,5 @@
 
 
 def area(r):
-    return math.pi * r
+    return math.pi * r**2
 
@@ -8,2 +8,4 @@
 def twice(x):
     return 2 * x
+
+# end
"""


def _swe(patch: str = PATCH, source: str = SOURCE) -> Context:
    checks = {"patch": patch, "accepted": [patch], "windows": {}}
    return context(
        {"pkg/shapes.py": source},
        question="area is wrong",
        answer=patch,
        kind="file",
        checks=checks,
        distractors={"pkg/other.py": "def other():\n    pass\n"},
    )


def _written(made: Context) -> Draft:
    draft = write(made, options=OPTIONS)
    assert isinstance(draft, Draft), draft
    return draft


def test_a_patch_is_explained_hunk_by_hunk_and_verifies() -> None:
    draft = _written(_swe())
    assert "`pkg/shapes.py` reads:\n```\n    return math.pi * r\n```" in draft.reasoning
    assert "It should read:\n```\n    return math.pi * r**2\n```" in draft.reasoning
    assert "# end" in draft.reasoning
    assert "other" not in draft.reasoning
    attempt = judge(draft, number=0, context=_swe(), agent=SweAgent())
    assert (attempt.verdict, attempt.usable) == ("correct", True)


def test_a_patch_for_other_lines_or_files_gets_no_rationale() -> None:
    assert isinstance(write(_swe(source=SOURCE.replace("math.pi * r", "3 * r")), options=OPTIONS), str)
    assert isinstance(write(_swe(patch=PATCH.replace("shapes.py", "circles.py")), options=OPTIONS), str)


def test_a_created_file_is_said_to_be_created() -> None:
    new = "--- /dev/null\n+++ b/pkg/new.py\n@@ -0,0 +1 @@\n+x = 1\n"
    assert "`pkg/new.py` does not exist yet" in _written(_swe(patch=PATCH + new)).reasoning


def _sql(answer: str = '[["Joe", 52]]') -> Context:
    table_text = pytest.importorskip("acc_pipeline.databases.table_text")
    singer = table_text.render_table(
        name="singer", columns=["Name", "Age"], types=["VARCHAR", "INTEGER"], rows=[("Joe", 52), ("Ann | b", None)]
    )
    checks = {"sql": "SELECT Name, Age FROM singer WHERE Age > 50", "dialect": "mysql"}
    return context({"concert.singer": singer}, question="Who is over 50?", answer=answer, kind="table", checks=checks)


def test_tables_are_described_from_their_text_and_the_query_restated() -> None:
    reasoning = _written(_sql()).reasoning
    assert "concert.singer: 2 rows, columns Name, Age" in reasoning
    assert "```sql\nSELECT Name, Age FROM singer WHERE Age > 50\n```" in reasoning
    assert '[["Joe", 52]]' in reasoning


def test_a_long_result_is_cut_in_the_reasoning_and_whole_in_the_answer() -> None:
    answer = "[" + ", ".join(f'["n{n}"]' for n in range(500)) + "]"
    draft = _written(_sql(answer))
    assert draft.answer == answer
    assert len(draft.reasoning) < 1500


def test_a_long_page_is_quoted_briefly() -> None:
    filler = " ".join(f"Sentence number {n} tells nothing at all." for n in range(3000))
    body = f"{filler} The bridge at Remagen was captured on 7 March 1945. {filler}"
    draft = _written(context({"Remagen": body}, question="When was the bridge captured?", answer="7 March 1945"))
    assert "The bridge at Remagen was captured on 7 March 1945." in draft.reasoning
    assert len(draft.reasoning) < 2500


def test_a_page_is_quoted_where_it_leads_on_and_not_where_it_names_itself() -> None:
    pages = {
        "Isken Light": "# Isken Light\nIsken Light is a light at Isken. Its architect was Rowena Sallow.",
        "Rowena Sallow": "Rowena Sallow was an architect. She was born in Mossgate.",
        "Mossgate": "Mossgate is a town. At the last count it had 6,425 inhabitants.",
    }
    made = context(pages, question="How many live where the architect of Isken Light was born?", answer="6,425")
    reasoning = _written(made).reasoning
    assert 'In "Isken Light" it says: "Its architect was Rowena Sallow."' in reasoning
    assert 'In "Rowena Sallow" it says: "She was born in Mossgate."' in reasoning
    assert 'In "Mossgate" it says: "At the last count it had 6,425 inhabitants." This holds the answer.' in reasoning
    assert reasoning.index('Isken Light" it') < reasoning.index('Mossgate" it')


WORDS = st.sampled_from(["Ada", "Babbage", "engine", "London", "wrote", "1843", "the", "of", "designed", "program"])
SENTENCES = st.lists(WORDS, min_size=1, max_size=8).map(lambda read: " ".join(read) + ".")
BODIES = st.lists(SENTENCES, min_size=1, max_size=6).map(" ".join)


@given(
    pages=st.dictionaries(st.sampled_from(["One", "Two", "Three"]), BODIES, min_size=1),
    question=st.lists(WORDS, min_size=1, max_size=6).map(" ".join),
    answer=st.lists(WORDS, min_size=1, max_size=3).map(" ".join),
)
@settings(max_examples=200, deadline=None)
def test_every_quotation_stands_in_the_page_that_it_names(pages: dict[str, str], question: str, answer: str) -> None:
    made = context(pages, question=question, answer=answer)
    draft = write(made, options=OPTIONS)
    if isinstance(draft, str):
        return
    quotations = re.findall(
        r'^In "(\w+)" it says: "(.*?)"(?: This holds the answer\.)?$', draft.reasoning, re.MULTILINE
    )
    assert quotations
    assert all(quote in pages[name] for name, quote in quotations)
    assert position_named(draft.reasoning, quotable=made.prompt) == ""
    assert judge(draft, number=0, context=made, agent=TinyAgent()).usable
