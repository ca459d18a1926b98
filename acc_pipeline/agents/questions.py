"""The task as a person would ask it: what agent frameworks wrap around a question is taken off here.

Each rule knows one framework's wrapping and leaves a text without it alone. Nothing is rewritten: the question is a
part of the logged text.
"""

import re

_TAGS = ("pr_description", "issue_description", "issue", "question", "problem_statement", "task_description")
# What opens the task and what ends it; nothing ends the last one. Ends are looked for after the opening only, and no
# pattern may run over line ends: hostile prompts must not cost more than their length.
_BETWEEN = (
    (r"(?:^|\n)ISSUE:[ \t]*\n", r"\n[ \t]*(?:INSTRUCTIONS|IMPORTANT TIPS):"),  # SWE-agent 0.x
    (r"(?:^|\n)# Problem Statement[ \t]*\n", r"\n[ \t]*IMPORTANT: You should ONLY interact|\Z"),  # OpenHands' resolver
    (
        r"\APlease solve this issue:",
        r"\n[ \t]*You can execute bash commands and edit files",
    ),  # mini-swe-agent's list form
    (r"-{5,60} NEW TASK DESCRIPTION -{5,60}", r"\n-{5,60} END OF NEW TASK DESCRIPTION"),  # OpenHands without calls
    (r"(?:^|\n)Task Description:[ \t]*\n", r"\n[ \t]*Current terminal state:"),  # Terminus
    (r"(?:^|\n)<uploaded_files>", r"\Z"),
)
_PAIRS = [(re.compile(rf"<{tag}>", re.I), re.compile(rf"</{tag}>", re.I)) for tag in _TAGS]
_PAIRS += [(re.compile(opening), re.compile(ending)) for opening, ending in _BETWEEN]
_UPLOADED = re.compile(r"</uploaded_files>", re.I)
_LEAD = re.compile(r"\A(?:Consider the following (?:PR|issue) description:|Question:)", re.I)
_TOOL_PROMPT = re.compile(r"<tools>|Example response:|calling one or more of the following tools", re.I)
_LAST_USER = re.compile(r"(?:\A|\n)[ \t]*User:", re.I)
_LAST_QUESTION = re.compile(r"(?:\A|\n)[ \t]*Question:", re.I)
# What follows a question: the first turn of a ReAct transcript, MiroFlow's page of orders, the order to box the answer.
_AFTER = (
    re.compile(r"\n[ \t]*(?:Thought|Action)(?: \d+)?:"),
    re.compile(r"\n[ \t]*Your task is to comprehensively address the question by "),
    re.compile(r"\n[ \t]*(?:Please )?(?:wrap|put|give) (?:your )?(?:final )?answer (?:in|inside|within) ", re.I),
)


def swe_question(text: str) -> str:
    """The issue's text out of the prompt of SWE-agent, mini-swe-agent, OpenHands or Terminus."""
    text = text.replace("\r\n", "\n").strip()
    for opening, ending in _PAIRS:
        inner = _between(text, opening, ending)
        if inner:
            return _LEAD.sub("", inner).strip()
    return _LEAD.sub("", text).strip()


def search_question(text: str) -> str:
    """The question out of the prompt of WebDancer (tools, example, then `User:`), ReAct, Search-R1 or plain chat."""
    text = text.replace("\r\n", "\n").strip()
    tagged = _between(text, *_PAIRS[_TAGS.index("question")])
    if tagged:
        return tagged
    # The tools and their example come first and may hold the same words, so the last mark is the real one.
    marks = (_LAST_USER, _LAST_QUESTION) if _TOOL_PROMPT.search(text) else (_LAST_QUESTION,)
    for mark in marks:
        rest = _before_orders(mark.split(text)[-1])
        if rest and rest != text:
            return rest
    return _before_orders(text)


def _between(text: str, opening: re.Pattern[str], ending: re.Pattern[str]) -> str:
    start = opening.search(text)
    end = ending.search(text, start.end()) if start else None
    if start is None or end is None:
        return ""
    inner = text[start.end() : end.start()]
    closed = _UPLOADED.search(inner)  # the list of uploaded files is no part of the task that follows it
    return (inner[closed.end() :] if closed else inner).strip()


def _before_orders(text: str) -> str:
    for pattern in _AFTER:
        found = pattern.search(text)
        text = text[: found.start()] if found else text
    return text.strip()
