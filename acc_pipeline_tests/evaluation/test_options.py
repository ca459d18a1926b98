"""A wrong evaluation setting names itself; recipes hold what bears identity and nothing else."""

import pytest
from pydantic import ValidationError

from acc_pipeline.evaluation.options import EvaluationOptions


@pytest.mark.parametrize(
    ("name", "value"),
    [("mrcr_needles", (3,)), ("mrcr_needles", (2, 2)), ("mrcr_tokens", 100), ("top_p", 0), ("graphwalks_variant", "x")],
)
def test_wrong_values_are_named(name, value):
    with pytest.raises(ValidationError, match=name):
        EvaluationOptions(**{name: value})


def test_every_field_is_described():
    assert all(field.description for field in EvaluationOptions.model_fields.values())


def test_every_field_stands_in_a_recipe():
    options = EvaluationOptions()
    assert set(options.items_recipe()) | set(options.scores_recipe()) == set(EvaluationOptions.model_fields)
    assert options.items_recipe() == EvaluationOptions(temperature=0).items_recipe()
    assert options.scores_recipe() == EvaluationOptions(mrcr_items=1).scores_recipe()
