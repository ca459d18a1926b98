"""The task as a person would ask it: what agent frameworks wrap around a question is taken off here.

Each rule knows one framework's wrapping and leaves a text without it alone. Nothing is rewritten: the question is a
part of the logged text.
"""

import re

_TAGGED = [
    re.compile(rf"<{tag}>\s*(.*?)\s*</{tag}>", re.S | re.I)
    for tag in ("pr_description", "issue_description", "issue", "question", "problem_statement", "task_description")
]
_BETWEEN = [
    # SWE-agent 0.x; OpenHands' issue resolver; mini-swe-agent's list form; OpenHands without function calls; Terminus.
    re.compile(r"(?:^|\n)ISSUE:\s*\n(.*?)\n\s*(?:INSTRUCTIONS|IMPORTANT TIPS):", re.S),
    re.compile(r"(?:^|\n)# Problem Statement\s*\n(.*?)(?:\n\s*IMPORTANT: You should ONLY interact|\Z)", re.S),
    re.compile(r"\APlease solve this issue:\s*(.*?)\n\s*You can execute bash commands and edit files", re.S),
    re.compile(r"-{5,} NEW TASK DESCRIPTION -{5,}\s*\n(.*?)\n\s*-{5,} END OF NEW TASK DESCRIPTION", re.S),
    re.compile(r"(?:^|\n)Task Description:\s*\n(.*?)\n\s*Current terminal state:", re.S),
]
_UPLOADED = re.compile(r"<uploaded_files>.*?</uploaded_files>\s*", re.S)
_LEAD = re.compile(r"\A(?:Consider the following (?:PR|issue) description:|Question:)\s*", re.I)
_TOOL_PROMPT = re.compile(r"<tools>|Example response:|calling one or more of the following tools", re.I)
_LAST_USER = re.compile(r"(?:\A|\n)\s*User:[ \t]*", re.I)
_LAST_QUESTION = re.compile(r"(?:\A|\n)\s*Question:[ \t]*", re.I)
_AFTER_SEARCH = re.compile(r"\n\s*(?:Thought|Action)(?: \d+)?:.*\Z", re.S)
_BOXED_ORDER = re.compile(
    r"\n\s*(?:Please )?(?:wrap|put|give) (?:your )?(?:final )?answer (?:in|inside|within) .*\Z", re.S | re.I
)


# MiroFlow follows the question with a page of orders to its main agent.
_MIROFLOW = re.compile(r"\n\s*Your task is to comprehensively address the question by .*\Z", re.S)


def swe_question(text: str) -> str:
    """The issue's text out of the prompt of SWE-agent, mini-swe-agent, OpenHands or Terminus."""
    text = text.replace("\r\n", "\n")
    for pattern in (*_TAGGED, *_BETWEEN):
        found = pattern.search(text)
        if found and found[1].strip():
            return _LEAD.sub("", found[1].strip()).strip()
    return _LEAD.sub("", _UPLOADED.sub("", text).strip()).strip()


def search_question(text: str) -> str:
    """The question out of the prompt of WebDancer (tools, example, then `User:`), ReAct, Search-R1 or plain chat."""
    text = text.replace("\r\n", "\n").strip()
    tagged = _TAGGED[3].search(text)
    if tagged and tagged[1].strip():
        return tagged[1].strip()
    if _TOOL_PROMPT.search(text):
        # The tools and their example come first and may hold the same words, so the last mark is the real one.
        for mark in (_LAST_USER, _LAST_QUESTION):
            rest = mark.split(text)[-1].strip()
            if rest and rest != text:
                return _tail(rest)
    if _LAST_QUESTION.search(text):
        return _tail(_LAST_QUESTION.split(text)[-1].strip()) or text
    return _tail(text)


def _tail(text: str) -> str:
    for pattern in (_AFTER_SEARCH, _MIROFLOW, _BOXED_ORDER):
        text = pattern.sub("", text)
    return text.strip()
