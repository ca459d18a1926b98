"""From a chat to token ids and labels: loss on what the assistant wrote and its end token, on nothing else.

The text is what the tokenizer's own chat template renders. The ids before a supervised turn are those that the model
would be given at inference, but for one case: a turn without reasoning is trained as the template writes it, without
the `<think>` that a thinking model's generation prompt opens. Each row proves itself: what the labels decode to is what
was meant, or the row is refused. Tokenizers come in through a protocol, so neither torch nor transformers is imported.
"""

import unicodedata
from typing import Any, Protocol

import msgspec

from acc_pipeline.training.rows import Refusal, Row

IGNORED = -100  # torch's label of tokens without loss
Message = dict[str, Any]
_ROLES = ("system", "user", "assistant", "tool")


class ChatTokenizer(Protocol):
    """A tokenizer with its chat template. `end_token` closes every turn."""

    end_token: str

    def render(self, messages: list[Message], *, generate: bool) -> str: ...

    def encode(self, text: str) -> list[int]: ...

    def decode(self, ids: list[int]) -> str: ...


class Sequence(msgspec.Struct, frozen=True, kw_only=True):
    """What one forward pass sees: `input_ids` and `labels` of one length. A row gives one or, where the template drops
    the reasoning of earlier turns, several; `part` counts them from 0."""

    example_id: str
    form: str
    input_ids: list[int]
    labels: list[int]
    part: int = 0

    @property
    def supervised(self) -> int:
        """Tokens that carry loss; the first token of a sequence never does, because nothing predicts it."""
        return sum(label != IGNORED for label in self.labels[1:])


class _Refused(Exception):
    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class _Turn(msgspec.Struct, frozen=True):
    """A supervised stretch of a rendered chat: characters `start:end`, written by message `index`."""

    index: int
    start: int
    end: int


def encode_row(row: Row, *, tokenizer: ChatTokenizer, objective: str, max_tokens: int) -> list[Sequence] | Refusal:
    """The sequences of one row, or why it cannot be trained on as it is. Nothing is ever cut."""
    try:
        _check_messages(row, end_token=tokenizer.end_token)
        sequences = [
            _sequence(row, text=text, turns=turns, part=part, tokenizer=tokenizer, objective=objective)
            for part, (text, turns) in enumerate(_renderings(row, tokenizer))
        ]
        longest = max(len(one.input_ids) for one in sequences)
        if longest > max_tokens:
            raise _Refused("too_long", f"{longest} tokens, max_tokens is {max_tokens}")
        if objective == "answer":  # only the last turn holds the answer
            sequences = [one for one in sequences if one.supervised]
    except _Refused as refusal:
        return Refusal(example_id=row.example_id, form=row.form, reason=refusal.reason, detail=str(refusal))
    return sequences


def _check_messages(row: Row, *, end_token: str) -> None:
    if not row.messages or row.messages[-1].get("role") != "assistant":
        raise _Refused("no_completion", "the last message is not the assistant's")
    if row.messages[0].get("role") == "assistant":
        raise _Refused("no_prompt", "the first message is the assistant's")
    for number, message in enumerate(row.messages):
        # Templates pass over what they do not know without a word.
        if message.get("role") not in _ROLES:
            raise _Refused("unknown_role", f"message {number} has role {message.get('role')!r}")
        if not isinstance(message.get("content") or "", str):
            raise _Refused("not_text", f"the content of message {number} is no text")
        if end_token in str(message):
            raise _Refused(
                "control_string", f"message {number} holds {end_token!r}; compile should have neutralised it"
            )


def _renderings(row: Row, tokenizer: ChatTokenizer) -> list[tuple[str, list[_Turn]]]:
    """The chat rendered up to its last turn, and again up to each earlier turn of which that rendering lost a part."""
    written = [number for number, message in enumerate(row.messages) if message.get("role") == "assistant"]
    before = {k: _render(tokenizer, row.messages[:k], generate=False) for k in written}
    prompts = {k: _render(tokenizer, row.messages[:k], generate=True) for k in written}
    missing = list(written)
    made = []
    while missing:
        last = missing[-1]
        text = _render(tokenizer, row.messages[: last + 1], generate=False)
        found: dict[int, _Turn] = {}
        for k in [k for k in written if k <= last]:
            at = _place(k, text=text, before=before[k], found=found)
            opening = prompts[k][len(before[k]) :] if prompts[k].startswith(before[k]) else ""
            turn = _find(k, at=at, text=text, opening=opening, end_token=tokenizer.end_token)
            if turn is not None:
                found[k] = turn
        turns = [
            found[k] for k in missing if k in found and _is_whole(row.messages[k], written=_cut(text, turn=found[k]))
        ]
        if not turns or turns[-1].index != last:
            raise _Refused("template", f"the chat template does not write message {last} in full")
        made.append((text[: turns[-1].end], turns))
        done = {turn.index for turn in turns}
        missing = [k for k in missing if k not in done]
    return made[::-1]


def _cut(text: str, *, turn: _Turn) -> str:
    return text[turn.start : turn.end]


def _place(index: int, *, text: str, before: str, found: dict[int, _Turn]) -> int:
    """Where message `index` begins in `text`; -1 when this rendering does not say."""
    if index - 1 in found:  # right after another turn of the assistant, which templates write otherwise when it is last
        end = found[index - 1].end
        return end + len(text[end:]) - len(text[end:].lstrip())
    return len(before) if text.startswith(before) else -1


def _render(tokenizer: ChatTokenizer, messages: list[Message], *, generate: bool) -> str:
    try:
        return tokenizer.render(messages, generate=generate)
    except Exception as error:  # a template is a program of the model's maker and may raise anything
        raise _Refused("template", f"the chat template refuses {len(messages)} messages: {error}") from None


def _find(index: int, *, at: int, text: str, opening: str, end_token: str) -> _Turn | None:
    """What the assistant wrote in its turn at `at`: after the `opening`, through the end token."""
    if at < 0 or not opening:
        return None
    # A turn without reasoning is written without the think block that the generation prompt opens.
    for header in (opening, opening.split("<think>")[0]):
        start = at + len(header)
        if text.startswith(header, at):
            end = text.find(end_token, start)
            return None if end < 0 else _Turn(index, start, end + len(end_token))
    return None


def _is_whole(message: Message, *, written: str) -> bool:
    reasoning, content = _parts(message)
    calls = [(call.get("function") or call).get("name") or "" for call in message.get("tool_calls") or []]
    return all(part in written for part in (reasoning, content, *calls))


def _parts(message: Message) -> tuple[str, str]:
    """(reasoning, text) of an assistant message without surrounding white space, wherever the reasoning stands."""
    content = message.get("content")
    content = content if isinstance(content, str) else ""
    reasoning = message.get("reasoning_content")
    if isinstance(reasoning, str):
        return reasoning.strip(), content.strip()
    if "</think>" in content:
        head, _, content = content.partition("</think>")
        return head.rpartition("<think>")[2].strip(), content.strip()
    return "", content.strip()


def _sequence(
    row: Row, *, text: str, turns: list[_Turn], part: int, tokenizer: ChatTokenizer, objective: str
) -> Sequence:
    spans = [(turn.start, turn.end) for turn in turns]
    if objective == "answer":
        spans = [_answer_span(text, turn) for turn in turns if turn.index == len(row.messages) - 1]
    ids: list[int] = []
    labels: list[int] = []
    place = 0
    for start, end in spans:
        # Encoded apart, as at inference: no token may straddle the seam between what is given and what is written.
        given, written = tokenizer.encode(text[place:start]), tokenizer.encode(text[start:end])
        if _normal(tokenizer.decode(written)) != _normal(text[start:end]):
            raise _Refused("not_reversible", f"labels decode to other text than the turn at character {start}")
        ids += given + written
        labels += [IGNORED] * len(given) + written
        place = end
    ids += tokenizer.encode(text[place:])
    labels += [IGNORED] * (len(ids) - len(labels))
    if objective == "everything":
        labels = list(ids)
    elif row.form != "multi-turn" and objective == "completion":
        _prove_completion(row, supervised=text[spans[0][0] : spans[0][1]], end_token=tokenizer.end_token)
    return Sequence(example_id=row.example_id, form=row.form, input_ids=ids, labels=labels, part=part)


def _answer_span(text: str, turn: _Turn) -> tuple[int, int]:
    mark = text.rfind("</think>", turn.start, turn.end)
    start = turn.start if mark < 0 else mark + len("</think>")
    while start < turn.end and text[start] == "\n":
        start += 1
    return start, turn.end


def _prove_completion(row: Row, *, supervised: str, end_token: str) -> None:
    """The labels of a single-turn row are its rationale, its answer and the end token, and nothing more."""
    reasoning, answer = _parts(row.messages[-1])
    expected = f"{reasoning}\n</think>\n\n{answer}{end_token}"
    if _squeezed(supervised) != _squeezed(expected):
        raise _Refused("wrong_labels", f"labels would cover {supervised[:200]!r}")
    if row.completion and _squeezed(row.completion) != _squeezed(f"<think>\n{reasoning}\n</think>\n\n{answer}"):
        raise _Refused("wrong_labels", "the row's completion is not the text of its last message")


def _squeezed(text: str) -> str:
    return " ".join(_normal(text).split())


def _normal(text: str) -> str:
    return unicodedata.normalize("NFC", text)  # Qwen's tokenizers normalise so
