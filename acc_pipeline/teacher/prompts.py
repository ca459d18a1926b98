"""What the teacher is asked, and how its reply is taken apart into reasoning and answer.

The student's prompt is sent as it is, so that the rationale is written from what the student will see.
"""

import re

from acc_pipeline.agents.base import Context
from acc_pipeline.llm.reply import Reply
from acc_pipeline.llm.request import Message

_RULES = (
    "You write model solutions. Use only what the user's message contains; no tool is available and nothing may be "
    "assumed. Call a document, file or table by its title, path or name, never by a number or by its place in the "
    "message, because the order will be changed later. Say which passages bear the answer, quote them briefly, and "
    "reason from them to the answer step by step."
)
_PLAIN = (
    f"{_RULES}\nEnd your reply with a line that reads 'Final answer:' and after it, on the following lines, the answer "
    "alone, in the form that the user's message asks for."
)
_HINDSIGHT = (
    f"{_RULES}\nThe answer is already known to be right and stands after the task. Write the reasoning of somebody who "
    "does not know it yet and finds it in the material. Never mention that an answer was given to you, and do not "
    "repeat the answer in full at the end."
)
_MARK = re.compile(r"^[ \t>#*_]*final answer[ \t*_]*:[ \t*_]*", re.IGNORECASE | re.MULTILINE)
_FENCE = re.compile(r"\A```[\w+-]*\n(.*?)\n?```\s*\Z", re.DOTALL)
_TOLD = re.compile(
    r"\b(?:given|provided|supplied|known|verified|reference|gold|stated)\s+(?:correct\s+)?(?:answer|patch|solution|diff)\b"
    r"|\b(?:answer|patch|solution)\s+(?:was|is|has been)\s+(?:already\s+)?(?:given|provided|supplied|known)\b",
    re.IGNORECASE,
)


def messages(context: Context, *, hindsight: bool) -> list[Message]:
    """System rules and the student's prompt; in hindsight the verified answer follows the prompt."""
    if not hindsight:
        return [{"role": "system", "content": _PLAIN}, {"role": "user", "content": context.prompt}]
    told = f"{context.prompt}\n\nThe answer, known to be right:\n{context.answer}"
    return [{"role": "system", "content": _HINDSIGHT}, {"role": "user", "content": told}]


def reasoning_and_answer(reply: Reply) -> tuple[str, str]:
    """Reasoning and answer of a reply to a prompt without hindsight.

    The answer stands after the last "Final answer:", or is the whole text of a reply whose thinking came apart. What
    precedes the mark is the reasoning of a model that does not think apart.
    """
    marks = list(_MARK.finditer(reply.content))
    if not marks:
        return (reply.reasoning, _bare(reply.content)) if reply.reasoning else (reply.content, "")
    before, after = reply.content[: marks[-1].start()].strip(), _bare(reply.content[marks[-1].end() :])
    return reply.reasoning or before, after


def mentions_hindsight(text: str) -> str:
    """The phrase by which a rationale gives away that its writer was shown the answer, or ""."""
    found = _TOLD.search(text)
    return found.group(0) if found else ""


def _bare(text: str) -> str:
    """Without the code fence that many models put around a patch or JSON, and without emphasis marks around it all.

    Only line breaks are cut off at the ends: a patch may begin or end with a line of one space.
    """
    stripped = text.strip()
    fenced = _FENCE.match(stripped)
    if fenced:
        return fenced.group(1)
    return text.strip("\r\n").rstrip() if "\n@@ " in text else stripped.strip("*").strip()
