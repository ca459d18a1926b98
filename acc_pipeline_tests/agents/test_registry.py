from importlib.metadata import EntryPoint, EntryPoints

import pytest

from acc_pipeline.agents import registry
from acc_pipeline.agents.search import SearchAgent


class PlugIn(SearchAgent):
    name = "legal"


def plug(monkeypatch: pytest.MonkeyPatch, *, name: str) -> None:
    entry = EntryPoint(name=name, value=f"{__name__}:PlugIn", group=registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: EntryPoints([entry]).select(group=group))


def test_an_unknown_type_lists_the_allowed_ones() -> None:
    with pytest.raises(ValueError, match="'chess' is not known; allowed: search, swe, sql"):
        registry.agent_type("chess")


def test_built_in_types_answer_to_their_key() -> None:
    for name in ("search", "swe"):
        assert registry.agent_type(name).name == name


def test_another_distribution_adds_a_type(monkeypatch: pytest.MonkeyPatch) -> None:
    plug(monkeypatch, name="legal")
    assert registry.names() == ["search", "swe", "sql", "legal"]
    assert isinstance(registry.agent_type("legal"), PlugIn)


def test_a_plug_in_takes_no_built_in_name(monkeypatch: pytest.MonkeyPatch) -> None:
    plug(monkeypatch, name="swe")
    with pytest.raises(ValueError, match="built-in 'swe'"):
        registry.names()


def test_a_plug_in_is_named_as_it_calls_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    plug(monkeypatch, name="law")
    with pytest.raises(ValueError, match="'law' calls itself 'legal'"):
        registry.agent_type("law")
