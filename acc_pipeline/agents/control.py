"""Strings that a tokenizer, a chat template or a trainer would take for control, made harmless and restored.

A word joiner (U+2060) goes in after a control string's first character: the text reads the same, no tokenizer sees a
special token, no trainer a media placeholder, no reader a second document or question. One more joiner is added where
some stood already, so `restore` gives back every text exactly. Applied once, by the compiler; everything downstream
keeps the neutralised text.
"""

import re

JOINER = "\u2060"

# Qwen's and other <|…|> tokens (DeepSeek writes full-width bars), thinking and tool tags, media placeholders, the marks
# of Llama and of sentence models, and the frame that the compiler itself puts around pieces.
_TAGS = "think|tool_call|tool_response|tools|video|image|audio|img|s|pad|unk|bos|eos|mask|(?:start|end)_of_turn"
# Only the tag's beginning: attributes, white space or a missing ">" change nothing about what a reader takes it for.
_FRAME = r"/?(?:document|question)(?![\w-])"
# No alternative may hold a joiner, a "<" or a "[": only so does adding a joiner keep every match where it was.
_REST = rf"(?:\|[A-Za-z0-9_ .\-]{{1,64}}\|>|｜[^｜<>\[\n{JOINER}]{{1,64}}｜>|/?(?:{_TAGS})>|{_FRAME}|/?SYS>>)"
_CONTROL = re.compile(rf"<(?={_REST})|\[(?=/?INST\])", re.I)
_ADD = re.compile(rf"<(?={JOINER}*{_REST})|\[(?={JOINER}*/?INST\])", re.I)
_REMOVE = re.compile(rf"({_ADD.pattern}){JOINER}", re.I)


def neutralise(text: str) -> str:
    """Make every control string in `text` harmless; `restore` undoes it."""
    return _ADD.sub(lambda found: found[0] + JOINER, text)


def restore(text: str) -> str:
    """Undo `neutralise`. A text that was never neutralised and holds no joiner comes back unchanged."""
    return _REMOVE.sub(lambda found: found[1], text)


def has_control(text: str) -> bool:
    """True when a tokenizer, template or trainer could take a part of `text` for control."""
    return _CONTROL.search(text) is not None
