"""MRCR items in the columns of `openai/mrcr`, made offline from a seed, and the benchmark's grader.

A long conversation holds 2, 4 or 8 identical requests (the needles); the last message asks for the reply to one of
them, with a nonce before it. The text of the replies comes from mrcr_prose.py.
"""

import json
import random
import re
import string
from collections.abc import Callable, Mapping
from difflib import SequenceMatcher
from typing import Any

from acc_pipeline.evaluation.mrcr_prose import FORMATS, TOPICS, Format, reply, request, sentence
from acc_pipeline.evaluation.reply_text import after_thinking

RULES_VERSION = 1
COLUMNS = (
    "prompt",
    "answer",
    "random_string_to_prepend",
    "n_needles",
    "desired_msg_index",
    "total_messages",
    "n_chars",
)
TOLERANCE = 0.01  # an item is at most this share shorter than asked for, and never longer
_NONCE = string.ascii_letters + string.digits
_QUESTION = re.compile(
    r"Prepend (?P<nonce>\S+) to the (?P<ordinal>\d+)(?:st|nd|rd|th) \(1 indexed\) (?P<what>.+ about .+)\. "
    r"Do not include any other text in your response\."
)
_REQUEST = re.compile(r"write an? (?P<what>.+ about .+)")
PREAMBLE = """Two examples of a talk, each with its last question answered correctly:

Example 1
User: write a poem about rain
Assistant: Wet hat.
User: write a poem about rain
Assistant: Wet feet.
User: Prepend q7 to the 2nd (1 indexed) poem about rain. Do not include any other text in your response.
Assistant: q7Wet feet.

Example 2
User: write a note about tea
Assistant: At noon.
User: write a poem about tea
Assistant: Hot cup.
User: Prepend L9 to the 1st (1 indexed) note about tea. Do not include any other text in your response.
Assistant: L9At noon.

Now the real talk."""


def make_row(*, n_needles: int, tokens: int, seed: int, index: int, count: Callable[[str], int]) -> dict[str, Any]:
    """Item `index` of a seed in the official columns; `prompt` is a JSON list of messages.

    `tokens` is met within 1 % from below, counted as the official bins are: all contents and the answer. Raises
    ValueError when the requests alone are longer.
    """
    rng = random.Random(f"mrcr/{RULES_VERSION}/{seed}/{n_needles}/{tokens}/{index}")
    ordinal = rng.randrange(n_needles) + 1
    nonce = "".join(rng.choices(_NONCE, k=10))
    smallest: list[int] = []
    for chars in _reply_sizes(tokens - count(PREAMBLE), n_needles=n_needles, rng=rng, count=count):
        # The last tries go down to the shortest requests and replies that the grammar has.
        draws = 1 if chars or not smallest else 8 * len(smallest)
        form, topic = min(
            (_subject(rng) for _ in range(draws)), key=lambda pair: count(request(pair[0], topic=pair[1]))
        )
        question = _question(nonce, ordinal=ordinal, what=f"{form.name} about {topic}")
        pairs = _needles(rng, n_needles, form=form, topic=topic, chars=chars, draws=draws)
        answer = pairs[ordinal - 1][1]
        distractors = [_distractor(rng, kind, form=form, topic=topic, chars=chars) for kind in (0, 1)]
        left = tokens - count(PREAMBLE) - count(question) - count(nonce) - count(answer)
        left -= sum(count(asked) + count(text) for asked, text in pairs + distractors)
        if left >= 0:
            break
        smallest.append(tokens - left)
    else:
        raise ValueError(f"mrcr: {tokens} tokens are too few for {n_needles} needles; {min(smallest)} would do")
    distractors += _fill(rng, left, form=form, topic=topic, chars=chars, count=count, known=distractors)
    row = _row(rng, pairs, distractors=distractors, ordinal=ordinal, nonce=nonce, question=question)
    check_row(row)
    return row


def _subject(rng: random.Random) -> tuple[Format, str]:
    return rng.choice(FORMATS), rng.choice(TOPICS)


def _question(nonce: str, *, ordinal: int, what: str) -> str:
    suffix = {1: "st", 2: "nd", 3: "rd"}.get(ordinal, "th")
    return (
        f"Prepend {nonce} to the {ordinal}{suffix} (1 indexed) {what}. Do not include any other text in your response."
    )


def _reply_sizes(room: int, *, n_needles: int, rng: random.Random, count: Callable[[str], int]) -> list[int]:
    """Characters of a reply to try, from the wanted size down to one short sentence."""
    sample = reply(random.Random(0), form=FORMATS[1], topic=TOPICS[0], chars=1000)
    chars_per_token = len(sample) / max(1, count(sample))
    chars = room * chars_per_token
    pairs = max(2 * n_needles + 2, min(36.0, chars / 400))
    wanted = int(min(2200.0, chars / pairs) * rng.uniform(0.85, 1.15))
    return [wanted, wanted * 2 // 3, 0, 0, 0, 0] if wanted >= 110 else [0] * 6


def _needles(rng: random.Random, n: int, *, form: Format, topic: str, chars: int, draws: int) -> list[tuple[str, str]]:
    """`n` different replies, each the shortest of some draws."""
    replies: dict[str, None] = {}
    while len(replies) < n:
        drawn = (reply(rng, form=form, topic=topic, chars=_vary(rng, chars)) for _ in range(draws))
        new = [text for text in drawn if text not in replies]
        if new:
            replies[min(new, key=len)] = None
    return [(request(form, topic=topic), text) for text in replies]


def _distractor(rng: random.Random, kind: int, *, form: Format, topic: str, chars: int) -> tuple[str, str]:
    """Kind 0: same topic, another format; 1: same format, another topic; 2: neither, like the rest of the talk."""
    if kind != 1:
        form = _other(rng, FORMATS, form)
    if kind != 0:
        topic = _other(rng, TOPICS, topic)
    return request(form, topic=topic), reply(rng, form=form, topic=topic, chars=_vary(rng, chars))


def _other(rng: random.Random, pool: tuple[Any, ...], taken: Any) -> Any:
    while (drawn := rng.choice(pool)) == taken:
        pass
    return drawn


def _vary(rng: random.Random, chars: int) -> int:
    return int(chars * rng.uniform(0.6, 1.4))


def _fill(
    rng: random.Random,
    left: int,
    *,
    form: Format,
    topic: str,
    chars: int,
    count: Callable[[str], int],
    known: list[tuple[str, str]],
) -> list[tuple[str, str]]:
    """More distractors for `left` tokens; the last of all, in `known` if no other fits, is stretched to the rest."""
    more: list[tuple[str, str]] = []
    while True:
        asked, text = _distractor(rng, rng.choice((0, 1, 2, 2)), form=form, topic=topic, chars=chars)
        cost = count(asked) + count(text)
        if cost > left:
            break
        more.append((asked, text))
        left -= cost
    stretched = more or known
    asked, text = stretched[-1]
    about = asked.partition(" about ")[2]
    tries = 0
    while left > 0 and tries < 24:
        # Short sentences from the second refusal on: the rest is smaller than a long one.
        longer = f"{text} {sentence(rng, topic=about, short=tries > 1)}"
        cost = count(longer) - count(text)
        if cost <= left:
            text, left = longer, left - cost
        else:
            tries += 1
    stretched[-1] = (asked, text)
    return more


def _row(
    rng: random.Random,
    needles: list[tuple[str, str]],
    *,
    distractors: list[tuple[str, str]],
    ordinal: int,
    nonce: str,
    question: str,
) -> dict[str, Any]:
    places = sorted(rng.sample(range(len(needles) + len(distractors)), len(needles)))
    pairs = list(distractors)
    rng.shuffle(pairs)
    for place, needle in zip(places, needles, strict=True):
        pairs.insert(place, needle)
    messages = [{"role": "user", "content": PREAMBLE}]
    for asked, text in pairs:
        messages += [{"role": "user", "content": asked}, {"role": "assistant", "content": text}]
    messages.append({"role": "user", "content": question})
    return {
        "prompt": json.dumps(messages, ensure_ascii=False),
        "answer": nonce + needles[ordinal - 1][1],
        "random_string_to_prepend": nonce,
        "n_needles": len(needles),
        "desired_msg_index": 1 + 2 * places[ordinal - 1],
        "total_messages": len(messages),
        "n_chars": sum(len(message["content"]) for message in messages),
    }


def messages_of(row: Mapping[str, Any]) -> list[dict[str, str]]:
    """The chat of an official row, whose prompt is a JSON text."""
    prompt = row["prompt"]
    return json.loads(prompt) if isinstance(prompt, str) else list(prompt)


def needle_indices(messages: list[dict[str, str]], *, desired: int) -> list[int]:
    """Message indices of all requests that equal the desired one, in order."""
    wanted = messages[desired]["content"]
    return [at for at in range(1, len(messages) - 1, 2) if messages[at]["content"] == wanted]


def check_row(row: Mapping[str, Any]) -> None:
    """Raise ValueError naming the first rule of the benchmark's structure that the row breaks."""
    messages = messages_of(row)
    nonce, desired = row["random_string_to_prepend"], row["desired_msg_index"]
    asked = _QUESTION.fullmatch(messages[-1]["content"])
    _require(messages[0]["role"] == "user" and "Prepend" in messages[0]["content"], "message 0 is no user preamble")
    roles = [message["role"] for message in messages[1:-1]]
    _require(roles == ["user", "assistant"] * (len(roles) // 2), "messages 1..-2 do not alternate user, assistant")
    requests = [_REQUEST.fullmatch(message["content"]) for message in messages[1:-1:2]]
    _require(all(requests), "a request is not of the form 'write a … about …'")
    _require(messages[-1]["role"] == "user" and asked is not None, "the last message is not the question")
    _require(1 <= desired < len(messages) - 1 and desired % 2 == 1, f"desired_msg_index {desired} is no request")
    needles = needle_indices(messages, desired=desired)
    replies = [messages[at + 1]["content"] for at in needles]
    _require(len(needles) == row["n_needles"], f"{len(needles)} identical requests, n_needles is {row['n_needles']}")
    _require(len(set(replies)) == len(replies), "two needles have the same reply")
    wanted = _REQUEST.fullmatch(messages[desired]["content"])
    assert asked is not None  # both were required above
    assert wanted is not None
    _require(asked["nonce"] == nonce and bool(nonce), "the question names another nonce")
    _require(asked["what"] == wanted["what"], "the question asks for something else than the desired request")
    _require(needles.index(desired) + 1 == int(asked["ordinal"]), "the question's ordinal is not the desired request's")
    _require(row["answer"] == nonce + messages[desired + 1]["content"], "the answer is not nonce and desired reply")
    _require(row["total_messages"] == len(messages), "total_messages is not the number of messages")
    _require(row["n_chars"] == sum(len(message["content"]) for message in messages), "n_chars is not the length")


def _require(holds: bool, broken: str) -> None:
    if not holds:
        raise ValueError(f"mrcr row: {broken}")


def grade(response: str, *, answer: str, nonce: str) -> dict[str, Any]:
    """Score of a response: 0 unless it starts with the nonce, else the SequenceMatcher ratio of what follows.

    Argument order and autojunk are the benchmark's own and change scores. `parse_ok` says whether the nonce was there.
    """
    if not nonce or not answer.startswith(nonce):
        raise ValueError(f"mrcr: random_string_to_prepend {nonce!r} must not be empty and must begin the answer")
    text = after_thinking(response)
    begins = text.startswith(nonce)
    ratio = SequenceMatcher(None, text.removeprefix(nonce), answer.removeprefix(nonce)).ratio() if begins else 0.0
    return {
        "score": ratio,
        "precision": None,
        "recall": None,
        "f1": None,
        "exact": text == answer,
        "parse_ok": begins,
    }


def floors(row: Mapping[str, Any]) -> dict[str, float]:
    """Scores without reading the ordinal: a needle drawn at random, and the mean of the wrong needles."""
    messages, nonce = messages_of(row), row["random_string_to_prepend"]
    scores = {
        at: grade(nonce + messages[at + 1]["content"], answer=row["answer"], nonce=nonce)["score"]
        for at in needle_indices(messages, desired=row["desired_msg_index"])
    }
    wrong = [score for at, score in scores.items() if at != row["desired_msg_index"]]
    return {
        "random_needle": sum(scores.values()) / len(scores),
        "wrong_needle": sum(wrong) / len(wrong) if wrong else 0.0,
    }
