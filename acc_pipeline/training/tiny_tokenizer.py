"""The tiny tokenizer of runs without a real model: byte-level BPE of 4,096 tokens, dressed as Qwen3's.

Needs `tokenizers` only, never torch or transformers. The same bytes on every machine, so that token counts are too.
"""

import json
import os
import shutil
import tempfile
from pathlib import Path

from acc_pipeline.training.chat_template import TEMPLATE

VOCABULARY = 4096
# Qwen2 and Qwen3 split text so: contractions, words, single digits, punctuation, line ends, spaces.
SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
# The added tokens of Qwen3 in their order; the second list is not "special": decoding keeps them.
SPECIAL = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|object_ref_start|>",
    "<|object_ref_end|>",
    "<|box_start|>",
    "<|box_end|>",
    "<|quad_start|>",
    "<|quad_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|vision_pad|>",
    "<|image_pad|>",
    "<|video_pad|>",
)
PLAIN = ("<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>", "<think>", "</think>")
MAX_LENGTH = 131_072


def build_tiny_tokenizer(out_dir: Path) -> Path:
    """Write a Hugging Face tokenizer folder to `out_dir` (about 2 s), or leave the one that is there; return `out_dir`.

    Files: tokenizer.json, tokenizer_config.json, chat_template.jinja. Written beside and renamed, so that two
    processes at once do no harm.
    """
    out_dir = Path(out_dir)
    if (out_dir / "tokenizer_config.json").exists():
        return out_dir
    out_dir.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=".tokenizer-", dir=out_dir.parent))
    try:
        _train(scratch / "tokenizer.json")
        (scratch / "chat_template.jinja").write_text(TEMPLATE, encoding="utf-8")
        (scratch / "tokenizer_config.json").write_text(json.dumps(_config(), indent=2) + "\n", encoding="utf-8")
        scratch.chmod(0o755)
        try:
            scratch.rename(out_dir)
        except OSError:
            if (out_dir / "tokenizer_config.json").exists():
                return out_dir
            # An existing folder of other things: add ours, the marker file last.
            out_dir.mkdir(parents=True, exist_ok=True)
            for name in ("tokenizer.json", "chat_template.jinja", "tokenizer_config.json"):
                os.replace(scratch / name, out_dir / name)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return out_dir


def _train(path: Path) -> None:
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

    from acc_pipeline.training.tiny_corpus import corpus

    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(SPLIT), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY - len(SPECIAL) - len(PLAIN),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        min_frequency=2,
        show_progress=False,
    )
    tokenizer.train_from_iterator(corpus(), trainer=trainer)
    tokenizer.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in SPECIAL])
    tokenizer.add_tokens([AddedToken(t, special=False, normalized=False) for t in PLAIN])
    tokenizer.save(str(path))


def _config() -> dict[str, object]:
    return {
        "tokenizer_class": "Qwen2TokenizerFast",
        "add_bos_token": False,
        "add_prefix_space": False,
        "bos_token": None,
        "eos_token": "<|im_end|>",
        "pad_token": "<|endoftext|>",
        "unk_token": None,
        "clean_up_tokenization_spaces": False,
        "errors": "replace",
        "model_max_length": MAX_LENGTH,
        "split_special_tokens": False,
    }
