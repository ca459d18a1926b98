"""How replies come apart into reasoning and answer."""

import pytest

from acc_pipeline.llm.reply import Reply
from acc_pipeline.teacher.prompts import mentions_hindsight, reasoning_and_answer

PATCH = "--- a/x.py\n+++ b/x.py\n@@ -1,2 +1,2 @@\n-a\n+b\n c"


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (Reply(content="It is so.\n\nFinal answer: 4"), ("It is so.", "4")),
        (Reply(content="It is so.\n**Final answer:** **4**"), ("It is so.", "4")),
        (Reply(content="Final answer: 3? No.\nFinal answer:\n4"), ("Final answer: 3? No.", "4")),
        (Reply(content="4", reasoning="thought"), ("thought", "4")),
        (Reply(content="Because.\nFinal answer: 4", reasoning="thought"), ("thought", "4")),
        (Reply(content="just text"), ("just text", "")),
        (Reply(content=f"So.\nFinal answer:\n```diff\n{PATCH}\n```"), ("So.", PATCH)),
        (Reply(content=f"So.\nFinal answer:\n{PATCH}\n"), ("So.", PATCH)),
        (Reply(content='So.\nFinal answer:\n```json\n[["a", 1]]\n```'), ("So.", '[["a", 1]]')),
    ],
)
def test_apart(reply: Reply, expected: tuple[str, str]) -> None:
    assert reasoning_and_answer(reply) == expected


def test_giving_hindsight_away() -> None:
    assert mentions_hindsight("The provided patch changes it.") == "provided patch"
    assert mentions_hindsight("so the answer was given") == "answer was given"
    assert mentions_hindsight("The patch adds a line; the answer follows from it.") == ""
