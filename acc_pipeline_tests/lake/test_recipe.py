"""Recipes: equal settings are one recipe, and a change is told so that a person understands it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acc_pipeline.lake.lake import Lake
from acc_pipeline.lake.recipe import Recipe, describe_change

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
_SETTINGS = st.dictionaries(st.sampled_from(["budget", "forms", "teacher", "seed"]), _VALUES)


@given(_SETTINGS)
def test_the_order_of_settings_is_not_content(settings: dict[str, Any]) -> None:
    turned = Recipe(dict(reversed(settings.items())))
    assert turned.fingerprint == Recipe(settings).fingerprint
    assert describe_change(Recipe(settings), turned) == []


@given(_SETTINGS, _SETTINGS)
def test_a_change_is_told_whenever_fingerprints_differ(old: dict[str, Any], new: dict[str, Any]) -> None:
    differ = Recipe(old).fingerprint != Recipe(new).fingerprint
    assert bool(describe_change(old, new)) == differ


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ({"budget": 4096}, {"budget": 8192}, ["budget: 4096 -> 8192"]),
        ({"teacher": {"model": "a", "k": 1}}, {"teacher": {"model": "b", "k": 1}}, ['teacher.model: "a" -> "b"']),
        ({}, {"seed": None}, ["seed: (not set) -> null"]),
        ({"seed": 7}, {}, ["seed: 7 -> (not set)"]),
        ({"k": 1}, {"k": True}, ["k: 1 -> true"]),
        ({"b": 1, "a": 1}, {"b": 2, "a": 2}, ["a: 1 -> 2", "b: 1 -> 2"]),
        ({"forms": ("pieces",)}, {"forms": ["pieces"]}, []),
        ({"prompt": "x" * 200}, {"prompt": "y"}, ['prompt: "' + "x" * 79 + '… -> "y"']),
        (None, {"a": 1}, []),
    ],
)
def test_words(old: dict[str, Any] | None, new: dict[str, Any], words: list[str]) -> None:
    assert describe_change(old, new) == words


def test_recipes_are_kept_whole_and_once(tmp_path: Any) -> None:
    recipes = Lake(str(tmp_path)).recipes
    recipe = Recipe({"budget": 4096, "deep": {"list": [1, None]}})
    assert recipes.load("words", recipe.fingerprint) is None
    for _ in range(2):
        recipes.save("words", recipe)
    assert recipes.load("words", recipe.fingerprint) == recipe.settings
    assert recipes.load("other", recipe.fingerprint) is None
    table = recipes.store.open()
    assert table is not None
    assert table.version() == 1, "the table was made, and one row written"
