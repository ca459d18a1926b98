"""Forms that are compiled: those that arms train on, and those that the profile asks for besides."""

from acc_pipeline.orchestration.workspace import Workspace
from acc_pipeline.settings import load_settings

ARMS = {"base": {"agent_types": ()}, "acc": {"agent_types": ("sql",)}, "agent-sft": {"agent_types": ()}}


def test_a_form_that_is_asked_for_is_compiled_beside_those_of_the_arms():
    assert Workspace(load_settings(arms=ARMS)).compile_options.forms == ("pieces",)
    asked = load_settings(arms=ARMS, compile={"forms": ("no-distractors",)})
    assert Workspace(asked).compile_options.forms == ("pieces", "no-distractors")
