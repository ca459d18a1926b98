"""Floors carry the names of the results they stand beside, and weigh every item alike."""

import pytest

from acc_pipeline.evaluation.floors import floor_means
from acc_pipeline.evaluation.items import generate_items
from acc_pipeline.evaluation.options import EvaluationOptions
from acc_pipeline.evaluation.score import floors


def test_floors_are_means_over_items_by_metric():
    options = EvaluationOptions(mrcr_items=4, mrcr_tokens=512, graphwalks_items=4, graphwalks_tokens=1024)
    items = generate_items(options, count=lambda text: len(text) // 4)
    means = floor_means(items)
    wanted = [floors("mrcr", row)["random_needle"]["score"] for row in items["mrcr"]]
    assert means["mrcr all"]["random needle"] == pytest.approx(sum(wanted) / len(wanted))
    assert means["graphwalks parents precision"]["one true node"] in (pytest.approx(1.0), pytest.approx(0.5))
    assert 0 < means["graphwalks all f1"]["all nodes"] < 1
    assert {"mrcr 2-needle", "mrcr 4-needle", "graphwalks bfs exact"} <= set(means)


def test_no_items_have_no_floors():
    assert floor_means({}) == {}
