"""Items as rows, the chats made from them, scores as rows, and summaries with floors."""

import json

import polars as pl
import pytest

from acc_pipeline.evaluation import items as eval_items
from acc_pipeline.evaluation import score
from acc_pipeline.evaluation.options import EvaluationOptions

OPTIONS = EvaluationOptions(
    mrcr_items=6, mrcr_needles=(2, 4, 8), mrcr_tokens=2048, graphwalks_items=6, graphwalks_tokens=2048, seed=3
)


@pytest.fixture(scope="module")
def made(counter):
    return eval_items.generate_items(OPTIONS, count=counter)


def test_rows_fit_their_table(made):
    for rows in made.values():
        frame = pl.DataFrame(rows, schema=eval_items.COLUMNS)
        assert frame["item_id"].n_unique() == 6
        assert frame.null_count().sum_horizontal().item() == 0
    assert {row["subset"] for row in made["mrcr"]} == {"2-needle", "4-needle", "8-needle"}
    assert {row["subset"] for row in made["graphwalks"]} == {"parents", "bfs"}


def test_more_items_keep_the_first_ones(made, counter):
    fewer = OPTIONS.model_copy(update={"mrcr_items": 3, "graphwalks_items": 0})
    assert eval_items.generate_items(fewer, count=counter) == {"mrcr": made["mrcr"][:3]}


def test_official_columns_come_back(made, counter):
    for benchmark, rows in made.items():
        for index, row in enumerate(rows):
            official = eval_items.official_row(benchmark, row)
            assert eval_items.item_row(benchmark, official, index=index, count=counter) == row


def test_the_target_scores_one(made):
    for benchmark, rows in made.items():
        for row in rows:
            response = "<think>\nLet me look.\n</think>\n\n" + eval_items.target_text(benchmark, row)
            fields = score.grade(benchmark, row, response)
            assert fields["score"] == 1.0
            assert fields["exact"] is True


def test_variants_share_out_the_prompt(made, counter):
    for benchmark, rows in made.items():
        for row in rows:
            chats = eval_items.prompt_variants(benchmark, row)
            size = {name: sum(counter(m["content"]) for m in chat) for name, chat in chats.items()}
            assert chats["full"] == json.loads(row["prompt"])
            assert size["query_only"] < size["distractors"] < size["full"]
            apart = size["needed"] + size["distractors"] - size["query_only"]
            assert apart == pytest.approx(size["full"], abs=4)
    for row in made["mrcr"]:
        chats = eval_items.prompt_variants("mrcr", row)
        text = eval_items.target_text("mrcr", row).removeprefix(json.loads(row["meta"])["random_string_to_prepend"])
        assert {name for name, chat in chats.items() if text in [m["content"] for m in chat]} == {"full", "needed"}


def reply(text: str, **more) -> dict:
    base = {"sample": 0, "response": text, "tokens_prompt": 9, "tokens_completion": 3, "finish_reason": "stop"}
    return {**base, **more}


def test_score_rows_fit_their_table(made):
    rows = [
        score.score_row(benchmark, row, reply(text), seed=1, checkpoint_id="c")
        for benchmark, found in made.items()
        for row in found
        for text in ("nothing", eval_items.target_text(benchmark, row))
    ]
    frame = pl.DataFrame(rows, schema=score.COLUMNS)
    assert frame["score"].mean() == 0.5
    assert frame.filter(pl.col("benchmark") == "mrcr")["precision"].null_count() == 12


def test_summaries_weigh_every_response_the_same(made):
    answers = {"parents": "Final Answer: []", "bfs": None}
    rows = []
    for item in made["graphwalks"][:3]:  # parents, bfs, parents
        text = answers[item["subset"]] or eval_items.target_text("graphwalks", item)
        rows.append(score.score_row("graphwalks", item, reply(text), seed=1, checkpoint_id="c"))
    whole, bfs, parents = score.summarise(rows, items=made)
    assert (whole["subset"], bfs["subset"], parents["subset"]) == ("all", "bfs", "parents")
    assert bfs["precision"] == 1.0
    expected = sum(row["precision"] for row in rows) / 3
    assert whole["precision"] == pytest.approx(expected)
    assert whole["precision"] != pytest.approx((bfs["precision"] + parents["precision"]) / 2)
    assert set(whole["floors"]) == {"empty_list", "all_nodes", "one_true_node"}
    assert 0 < whole["floors"]["all_nodes"]["f1"] < 1


def test_too_long_items_stay_in_the_denominator(made):
    first, second = made["mrcr"][:2]
    rows = [
        score.score_row("mrcr", first, reply(eval_items.target_text("mrcr", first)), seed=1, checkpoint_id="c"),
        score.score_row("mrcr", second, reply("", finish_reason="too_long"), seed=1, checkpoint_id="c"),
    ]
    whole = score.summarise(rows)[0]
    assert (whole["score"], whole["too_long"], whole["items"]) == (0.5, 1, 2)
    assert whole["floors"] == {}


def test_recovered_share():
    def row(full: float | None, query: float, needed: float) -> dict:
        return {"loglik_full": full, "loglik_query_only": query, "loglik_needed": needed}

    assert score.recovered_share([row(-20.0, -20.0, -10.0)]) == 0.0
    assert score.recovered_share([row(-10.0, -20.0, -10.0)]) == 1.0
    assert score.recovered_share([row(-12.0, -20.0, -10.0), row(-20.0, -20.0, -10.0)]) == pytest.approx(0.4)
    assert score.recovered_share([row(None, -20.0, -10.0)]) is None
    assert score.recovered_share([row(-1.0, -10.0, -10.0)]) is None
    assert score.recovered_share([]) is None


def test_an_unknown_benchmark_is_an_error(made):
    with pytest.raises(ValueError, match="no grader for benchmark 'x'"):
        score.grade("x", made["mrcr"][0], "")
