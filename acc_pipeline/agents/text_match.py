"""Whether two short texts say the same thing: normalised match (SQuAD v1.1 `evaluate.py`), numbers, dates and lists.

Rules only, no model. What the rules cannot decide is `unknown`, never a guess. Locating an answer in long texts is here
as well, because it must normalise in the same way. What counts as an answer of a run belongs to the agent types.
"""

import re
import unicodedata
from collections import Counter
from decimal import Decimal, InvalidOperation

import msgspec

_LONGEST_ANSWER = 20_000  # characters that are looked at: an answer is a short text
_LONGEST_NUMBER = 60  # digits; a longer run of digits is compared as it stands
_ARTICLES = {"a", "an", "the"}
_TOKEN = re.compile(r"\d+(?:st|nd|rd|th)\b|\d+(?:[.,]\d+)*|[^\W_]+", re.UNICODE)
_SCALES = {"hundred": 100, "thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000, "trillion": 10**12}
_WORDS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty"),
)
_NUMBER_WORDS = {word: number for number, word in enumerate(_WORDS)}
_MONTH_NAMES = (
    *("jan january", "feb february", "mar march", "apr april", "may", "jun june", "jul july", "aug august"),
    *("sep sept september", "oct october", "nov november", "dec december"),
)
_MONTHS = {name: number for number, names in enumerate(_MONTH_NAMES, start=1) for name in names.split()}
_YES_NO = {"yes", "no", "true", "false"}
_LEAD = re.compile(
    r"^(?:(?:so|thus|therefore|hence)[, ]+)?(?:the |my )?(?:final |correct |exact )*answer(?: is| was)?\s*[:=]?\s*",
    re.I,
)
_STATED = re.compile(r"(?:\banswer\b[^.\n:]{0,40}?(?:\bis\b|:)|\\boxed\{)\s*(.+?)(?:\}?\s*(?:\n|$))", re.I)
_BOLD = re.compile(r"\*\*(.+?)\*\*")
_SENTENCE = re.compile(r"\n|(?<=[.!?])\s+(?=[A-Z])")
_ITEM = re.compile(r"\s*(?:;|\n|,(?!\d)|\band\b|&)\s*", re.I)
_BULLET = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s+")


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """`outcome` is correct, wrong or unknown; `how` names the rule; `accepted` is the accepted answer that it met."""

    outcome: str
    how: str
    accepted: str = ""


def tokens(text: str) -> list[str]:
    """Words and numbers of `text`: case, accents, punctuation, articles dropped; numbers and dates in one spelling."""
    folded = unicodedata.normalize("NFKD", text).casefold()
    folded = "".join(c for c in folded if not unicodedata.combining(c))
    folded = re.sub(r"(?<=\w)['’`](?=s\b)", "", folded)
    found = [_number(token) for token in _TOKEN.findall(folded)]
    return _dates([token for token in found if token not in _ARTICLES])


def normalise(text: str) -> str:
    """`tokens` joined by one space."""
    return " ".join(tokens(text))


def normalise_question(text: str) -> str:
    """One spelling of a question for joins and duplicate groups: width, case, white space and closing marks dropped."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split()).rstrip(" ?.!")


def is_tiny(text: str) -> bool:
    """An answer too small for its presence in a text to mean anything: yes/no, one digit, one or two letters."""
    words = tokens(text)
    return not words or set(words) <= _YES_NO or len("".join(words)) < 3


def match(answer: str, accepted: list[str]) -> Match:
    """Compare a final answer with the accepted ones.

    correct: equal after normalisation (`exact`), equal numbers (`number`), the same items in any order (`list`), the
    same yes or no (`yes_no`), or so stated in a longer text: "the answer is", a box, or the one name in bold type of
    the first sentence that has any (`stated`).
    unknown: one lies inside the other (`contained`) or a longer text shares words with it (`overlap`): a judge's work.
    """
    answer = _squeeze(answer)
    if not any(tokens(_squeeze(gold)) for gold in accepted):
        return Match(outcome="unknown", how="no_accepted_answer")
    if not tokens(answer):
        return Match(outcome="wrong", how="empty")
    for how, candidate in _candidates(answer):
        for gold in accepted:
            rule = same(candidate, gold)
            if rule:
                return Match(outcome="correct", how=rule if how == "whole" else how, accepted=gold)
    return _undecided(answer, accepted)


def same(left: str, right: str) -> str:
    """The rule by which two short answers are the same, or an empty string."""
    left, right = _squeeze(left), _squeeze(right)
    a, b = tokens(left), tokens(right)
    if not a or not b:
        return ""
    if a == b:
        return "exact"
    if len(b) == 1 and b[0] in _YES_NO:
        return "yes_no" if a[0] == b[0] and not set(a[1:]) & _YES_NO else ""
    if _amount(a) is not None and _amount(a) == _amount(b) and (_unit(a) == _unit(b) or not _unit(a) or not _unit(b)):
        return "number"
    items, others = list_items(left), list_items(right)
    if len(items) > 1 and sorted(map(normalise, items)) == sorted(map(normalise, others)):
        return "list"
    return ""


def list_items(text: str) -> list[str]:
    """The items of an enumeration (commas, semicolons, lines, "and"); one item when it is none."""
    parts = [_BULLET.sub("", part) for part in _ITEM.split(_squeeze(text).strip("[]"))]
    return [part.strip(" '\"") for part in parts if tokens(part)]


def holds(text_tokens: list[str], answer: str) -> bool:
    """True when all of the answer's facts stand in a text: the whole answer, or each item of a list, as whole words."""
    if _run_in(tokens(answer), text_tokens):
        return True
    items = list_items(answer)
    return len(items) > 1 and all(_run_in(tokens(item), text_tokens) for item in items)


def f1(left: str, right: str) -> float:
    """Token F1 of SQuAD, in [0, 1]."""
    a, b = tokens(left), tokens(right)
    common = sum((Counter(a) & Counter(b)).values())
    return 2 * common / (len(a) + len(b)) if common else 0.0


def _squeeze(text: str) -> str:
    return re.sub(r"\n+", "\n", re.sub(r"[^\S\n]+", " ", text[:_LONGEST_ANSWER])).strip()


def _undecided(answer: str, accepted: list[str]) -> Match:
    words = tokens(answer)
    shortened = {gold: _squeeze(gold) for gold in accepted}
    for gold, short in shortened.items():
        want = tokens(short)
        if set(want) <= _YES_NO:
            continue
        if _run_in(want, words) or _run_in(words, want):
            return Match(outcome="unknown", how="contained", accepted=gold)
    longer = len(words) > 2 * max(len(tokens(short)) for short in shortened.values())
    best = max(shortened, key=lambda gold: f1(answer, shortened[gold]))
    if longer and f1(answer, shortened[best]) > 0 and not set(tokens(shortened[best])) <= _YES_NO:
        return Match(outcome="unknown", how="overlap", accepted=best)
    return Match(outcome="wrong", how="different")


def _candidates(answer: str) -> list[tuple[str, str]]:
    text = answer.strip()
    found = [("whole", text), ("whole", _LEAD.sub("", text))]
    stated = [m.strip() for m in _STATED.findall(text)]
    if stated:
        last = stated[-1].strip("*$ ")
        found += [("stated", last), ("stated", re.split(r"\.(?:\s|$)", last, maxsplit=1)[0])]
    # Two bold names in one sentence may be a hedge or a side remark: only a single one is a statement.
    first = next((sentence for sentence in _SENTENCE.split(text) if _BOLD.search(sentence)), "")
    bold = _BOLD.findall(first)
    return [*found, ("stated", bold[0].strip())] if len(bold) == 1 else found


def _run_in(needle: list[str], haystack: list[str]) -> bool:
    if not needle:
        return False
    joined = " " + " ".join(haystack) + " "
    return f" {' '.join(needle)} " in joined


def _number(token: str) -> str:
    if token in _NUMBER_WORDS:
        return str(_NUMBER_WORDS[token])
    if not token[0].isdigit() or len(token) > _LONGEST_NUMBER:
        return token
    plain = re.sub(r",(?=\d{3}(?:\D|$))", "", token).replace(",", ".")
    try:
        value = Decimal(plain)
    except InvalidOperation:  # a version or date such as 1.2.3
        return token
    return format(value.normalize(), "f") if "." in plain else str(int(plain))


def _dates(words: list[str]) -> list[str]:
    """`june 4 1964` and `4 june 1964` become one token `1964-06-04`; ordinal endings count as the number."""
    out: list[str] = []
    index = 0
    while index < len(words):
        trio = [re.sub(r"^(\d{1,2})(?:st|nd|rd|th)$", r"\1", word) for word in words[index : index + 3]]
        if len(trio) == 3 and re.fullmatch(r"\d{4}", trio[2]):
            month, day = (trio[0], trio[1]) if trio[0] in _MONTHS else (trio[1], trio[0])
            if month in _MONTHS and re.fullmatch(r"\d{1,2}", day):
                out.append(f"{trio[2]}-{_MONTHS[month]:02d}-{int(day):02d}")
                index += 3
                continue
        out.append(words[index])
        index += 1
    return out


def _amount(words: list[str]) -> Decimal | None:
    if not re.fullmatch(r"\d+(?:\.\d+)?", words[0]):
        return None
    value = Decimal(words[0])
    return value * _SCALES[words[1]] if len(words) > 1 and words[1] in _SCALES else value


def _unit(words: list[str]) -> list[str]:
    rest = words[1:]
    return rest[1:] if rest and rest[0] in _SCALES else rest
