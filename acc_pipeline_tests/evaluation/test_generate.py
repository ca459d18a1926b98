"""Responses are durable and keyed by what made them: run twice, cut off, or with another model."""

import json
from pathlib import Path

import msgspec
import pytest

from acc_pipeline.evaluation import generate
from acc_pipeline.evaluation.digest import content_digest
from acc_pipeline.evaluation.sampling import Sampling
from acc_pipeline.training.tiny_tokenizer import build_tiny_tokenizer


def make_model(folder: Path, *, seed: int, positions: int = 512) -> Path:
    import torch
    from transformers import Qwen3MoeConfig, Qwen3MoeForCausalLM

    build_tiny_tokenizer(folder)
    torch.manual_seed(seed)
    config = Qwen3MoeConfig(
        vocab_size=4096, hidden_size=32, intermediate_size=32, moe_intermediate_size=16, num_hidden_layers=1,
        num_attention_heads=2, num_key_value_heads=1, head_dim=16, num_experts=2, num_experts_per_tok=1,
        max_position_embeddings=positions, initializer_range=0.2,
    )  # fmt: skip
    Qwen3MoeForCausalLM(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    root = tmp_path_factory.mktemp("models")
    return make_model(root / "a", seed=0), make_model(root / "b", seed=1)


def user(text):
    return [{"role": "user", "content": text}]


def write_items(path, count=3):
    items = [
        generate.Item(
            item_id=f"i{number}",
            messages=user("tell me " * (number + 1)),
            answer="Bratislava",
            variants={"full": user("tell me Bratislava"), "query_only": user("tell me"), "needed": user("Bratislava")},
        )
        for number in range(count)
    ]
    path.write_bytes(b"\n".join(msgspec.json.encode(item) for item in items))
    return path


def config(tmp_path, model, **changes):
    settings = {"samples": 2, "sampling": Sampling(max_new_tokens=6), "likelihood": True, "threads": 2, **changes}
    return generate.GenerateConfig(
        model=str(model), items=str(write_items(tmp_path / "items.jsonl")), out=str(tmp_path / "out.jsonl"), **settings
    )


def rows(tmp_path):
    return [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]


def test_every_item_and_sample_is_answered_once_and_a_rerun_asks_nothing(tmp_path, models):
    cfg = config(tmp_path, models[0])
    assert generate.run(cfg) == 6
    first = rows(tmp_path)
    assert {(row["item_id"], row["sample"]) for row in first} == {(f"i{n}", s) for n in range(3) for s in range(2)}
    assert all(row["tokens_completion"] <= 6 and row["tokens_prompt"] > 0 for row in first)
    measured = [row for row in first if row["sample"] == 0]
    assert all(row["loglik_full"] < 0 and row["loglik_distractors"] is None for row in measured)
    assert generate.run(cfg) == 0
    assert rows(tmp_path) == first


def test_a_half_written_line_is_dropped_and_only_it_is_made_again(tmp_path, models):
    cfg = config(tmp_path, models[0], likelihood=False)
    generate.run(cfg)
    out = tmp_path / "out.jsonl"
    whole = out.read_bytes()
    out.write_bytes(whole[:-20])
    assert generate.run(cfg) == 1
    assert len({row["key"] for row in rows(tmp_path)}) == 6


def test_another_model_or_sampling_never_sees_stored_responses(tmp_path, models):
    assert content_digest(models[0]) != content_digest(models[1])
    generate.run(config(tmp_path, models[0], likelihood=False))
    assert generate.run(config(tmp_path, models[1], likelihood=False)) == 6
    assert generate.run(config(tmp_path, models[1], likelihood=False, seed=3)) == 6


def test_a_folder_without_weights_has_no_identity_and_hub_names_differ(tmp_path):
    with pytest.raises(FileNotFoundError, match="no weights"):
        content_digest(tmp_path)
    assert content_digest(Path("owner/one")) != content_digest(Path("owner/two"))


def test_an_item_that_does_not_fit_is_kept_and_named(tmp_path):
    small = make_model(tmp_path / "small", seed=0, positions=16)
    cfg = config(tmp_path, small, samples=1)
    generate.run(cfg)
    reasons = {row["item_id"]: row["finish_reason"] for row in rows(tmp_path)}
    assert reasons["i2"] == "too_long"
    assert len(reasons) == 3


def test_batching_does_not_change_a_greedy_answer(tmp_path, models):
    greedy = Sampling(temperature=0.0, max_new_tokens=8)
    one, many = (tmp_path / name for name in ("one", "many"))
    for folder, batch in ((one, 1), (many, 100_000)):
        folder.mkdir()
        generate.run(config(folder, models[0], samples=1, sampling=greedy, batch_tokens=batch, likelihood=False))
    assert {r["item_id"]: r["response"] for r in rows(one)} == {r["item_id"]: r["response"] for r in rows(many)}


def test_likelihood_is_that_of_the_answer_token_by_token(models):
    import torch

    from acc_pipeline.evaluation.model import EvaluatedModel

    model = EvaluatedModel(str(models[0]), threads=1)
    prompt = model.prompt_ids(user("where?"))
    target = model.tokenizer("Paris then Rome", add_special_tokens=False)["input_ids"]
    total = 0.0
    for at, token in enumerate(target):
        with torch.inference_mode():
            logits = model.model(input_ids=torch.tensor([prompt + target[:at]])).logits[0, -1].float()
        total += float(logits.log_softmax(-1)[token])
    assert model.log_likelihood(prompt, continuation="Paris then Rome") == pytest.approx(total, abs=1e-3)
