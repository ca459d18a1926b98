"""The rule for pages (and any piece of plain text): quote the sentences that bear the answer's terms.

A question of several hops is answered by several pages, so besides the sentences with the answer each further page
gives the sentence that shares most words with the question and with the titles of the other pages.
"""

import re
import unicodedata

from acc_pipeline.agents.base import Context
from acc_pipeline.teacher.options import TeacherOptions
from acc_pipeline.teacher.quoting import Quotable, evidence, shorten

_SENTENCE_END = re.compile(r"(?<=[.!?。!?])\s+(?=[\"'“(\[]?[A-Z0-9\u0370-\uffff])|\n+|(?<=[。!?])")
_HEADING = re.compile(r"\s*(?:#{1,6}\s|=+[^=]+=+\s*$)")
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|\w+")
_COMMON = frozenset(
    re.findall(
        r"\w+",
        "a an and are as at be been but by did do does for from had has have he her his how in is it its of on one or "
        "she that the their them they this to was were what when where which who whom whose why will with would "
        "please answer question find give name",
    )
)


def words(text: str) -> list[str]:
    """Comparable words of `text`: folded, in order, without the commonest English ones."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return [word for word in _WORD.findall(folded) if word not in _COMMON]


def sentences(text: str) -> list[str]:
    """The sentences (or lines, in lists and tables) of a text, without blank ones and headings."""
    return [part.strip() for part in _SENTENCE_END.split(text) if part and part.strip() and not _HEADING.match(part)]


def reasoning(context: Context, *, options: TeacherOptions) -> str:
    """Quotations, then the conclusion; "" when no evidence sentence bears half of the answer's words."""
    answer_words = _answer_words(context)
    question_words = set(words(context.question)) - set(answer_words)
    pages = evidence(context)
    ranked = [
        (score, page, sentence)
        for page in pages
        for score, sentence in _best(page, answer=answer_words, related=_related(page, pages, question=question_words))
    ]
    bearing = [entry for entry in ranked if entry[0][0] >= 0.5]
    if not bearing:
        return ""
    chosen = _choose(ranked, options=options)
    lines = [f"The question: {shorten(context.question, limit=options.quote_characters)}"]
    for score, quotable, sentence in chosen:
        held = " This holds the answer." if score[0] >= 0.5 else ""
        quote = shorten(sentence, limit=options.quote_characters, around=_where(sentence, answer_words))
        lines.append(f'In "{shorten(quotable.name, limit=160)}" it says: "{quote}"{held}')
    lines.append(f"So the answer is: {shorten(context.answer, limit=2 * options.quote_characters)}")
    return "\n\n".join(lines)


def _answer_words(context: Context) -> list[str]:
    found = words(context.answer)
    # An answer of common words only ("The Who", "It") is compared with all of its words.
    return found or _WORD.findall(context.answer.casefold())


def _related(page: Quotable, pages: list[Quotable], *, question: set[str]) -> set[str]:
    """Words that make a sentence of `page` a step: of the question and of other pages' titles. Its own name is none,
    or the sentence that says it most often would win."""
    titles = {word for other in pages if other is not page for word in words(other.piece.title)}
    return (question | titles) - set(words(page.name))


def _best(quotable: Quotable, *, answer: list[str], related: set[str]) -> list[tuple[tuple[float, float], str]]:
    """The two best sentences of a piece as ((share of answer words, related words), sentence)."""
    wanted = set(answer)
    scored = []
    for place, sentence in enumerate(sentences(quotable.text)):
        has = set(words(sentence)) or set(_WORD.findall(sentence.casefold()))
        share = len(wanted & has) / len(wanted) if wanted else 0.0
        scored.append(((share, float(len(related & has))), -place, sentence))
    scored.sort(key=lambda entry: entry[:2], reverse=True)
    return [(score, sentence) for score, _, sentence in scored[:2] if score != (0.0, 0.0)]


_Ranked = tuple[tuple[float, float], Quotable, str]


def _choose(ranked: list[_Ranked], *, options: TeacherOptions) -> list[_Ranked]:
    """Bearing sentences first come first served by share; then one bridging sentence a page; bridges are told first."""
    by_score = sorted(range(len(ranked)), key=lambda i: (-ranked[i][0][0], -ranked[i][0][1], i))
    bearing = [i for i in by_score if ranked[i][0][0] >= 0.5][: max(1, options.quotes // 2)]
    pages = {ranked[i][1].piece.locator for i in bearing}
    bridges: list[int] = []
    for i in sorted(by_score, key=lambda i: (-ranked[i][0][1], i)):
        room = len(bearing) + len(bridges) < options.quotes
        if room and i not in bearing and ranked[i][1].piece.locator not in pages and ranked[i][0][1] >= 2:
            bridges.append(i)
            pages.add(ranked[i][1].piece.locator)
    return [ranked[i] for i in bridges + list(reversed(bearing))]


def _where(sentence: str, answer: list[str]) -> int:
    folded = sentence.casefold()
    return min((found for word in answer if (found := folded.find(word)) >= 0), default=0)
