"""The table's means are row-weighted, changes are against base, and what cannot be said is left out."""

import polars as pl
import pytest

from acc_pipeline.evaluation.results import SMOKE, as_markdown, as_text, recovered, results_rows, wide


def score(arm, benchmark, subset, **fields):
    row = dict.fromkeys(
        ("score", "precision", "f1", "exact", "loglik_full", "loglik_query_only", "loglik_needed", "loglik_distractors")
    )
    return {"arm": arm, "benchmark": benchmark, "subset": subset, **row, **fields}


SCORES = pl.DataFrame(
    [
        score("base", "mrcr", "2-needle", score=0.2),
        score("base", "mrcr", "4-needle", score=0.1),
        score("base", "mrcr", "4-needle", score=0.0),
        score("acc", "mrcr", "2-needle", score=0.8),
        score("acc", "mrcr", "4-needle", score=0.4),
        score("acc", "mrcr", "4-needle", score=0.0),
        score("base", "graphwalks", "bfs", precision=0.5, f1=0.4, exact=0.0),
        score("acc", "graphwalks", "bfs", precision=1.0, f1=0.5, exact=1.0),
    ],
    infer_schema_length=None,
)
ARMS = {"base": "as it is", "acc": "compiled", "later": "not scored yet"}


def value(rows, arm, metric, field="value"):
    return next(row[field] for row in rows if row["arm"] == arm and row["metric"] == metric)


def test_all_is_weighted_by_rows_and_change_is_against_base():
    rows = results_rows(SCORES, arms=ARMS, smoke=False)
    assert value(rows, "base", "mrcr all") == pytest.approx(0.1)
    assert value(rows, "acc", "mrcr all") == pytest.approx(0.4)
    assert value(rows, "acc", "mrcr all", "change") == pytest.approx(0.3)
    assert value(rows, "base", "mrcr all", "change") is None
    assert value(rows, "acc", "graphwalks bfs precision", "change") == pytest.approx(0.5)
    assert value(rows, "acc", "graphwalks all f1") == pytest.approx(0.5)


def test_an_arm_without_scores_has_no_rows():
    assert "later" not in {row["arm"] for row in results_rows(SCORES, arms=ARMS, smoke=False)}


def test_the_stamp_is_in_every_form_when_the_model_is_random_and_in_none_else():
    stamped, plain = (results_rows(SCORES, arms=ARMS, smoke=smoke) for smoke in (True, False))
    assert SMOKE in as_text(stamped)
    assert SMOKE in as_markdown(stamped)
    assert SMOKE not in as_text(plain) + as_markdown(plain)
    header, body = wide(plain)
    assert {len(line) for line in body} == {len(header)}
    assert "40.0 (+30.0)" in body[1]


@pytest.mark.parametrize(
    ("full", "needed", "share"),
    [
        (-10.0, -10.0, 1.0),
        (-20.0, -10.0, 0.0),
        (-15.0, -10.0, 0.5),
        (-15.0, -20.0, None),
        (-15.0, -25.0, None),
        (-19.7, -19.9, None),
    ],
)
def test_recovered(full, needed, share):
    rows = pl.DataFrame([score("a", "mrcr", "s", loglik_full=full, loglik_query_only=-20.0, loglik_needed=needed)])
    found, count = recovered(rows)
    assert count == 1
    assert found == (pytest.approx(share) if share is not None else None)


def test_items_without_likelihood_do_not_count():
    found, count = recovered(SCORES.with_columns(pl.col("^loglik.*$").cast(pl.Float64)))
    assert (found, count) == (None, 0)
