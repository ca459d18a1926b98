import pytest

from acc_pipeline.agents.questions import search_question, swe_question
from acc_pipeline.agents.registry import agent_type
from acc_pipeline.trajectories.limits import Limits
from acc_pipeline.trajectories.reading import read_file
from acc_pipeline_tests.shared import shared_path


@pytest.mark.parametrize(
    ("agent", "path", "starts", "ends"),
    [
        ("search", "search/tongyi-webdancer/webdancer.sample_traj.first30.jsonl", "In a prestigious", "took place?"),
        ("search", "search/react-transcript/100_questions_5_trials.txt", "Which of Jonny Craig", "more bands ?"),
        ("search", "search/miroflow/debug_message_history.json", "What is the NASDAQ", "index today?"),
        ("swe", "swe/swe-agent/marshmallow-1867.default.traj", "TimeDelta serialization", "fields.py#L1474"),
        ("swe", "swe/swe-agent/psf__requests-2931.traj", "Request with binary", "but not with 2.9."),
        ("swe", "swe/mini-swe-agent/django__django-11099.traj.json", "UsernameValidator", "contrib.auth.validators."),
        ("swe", "swe/mini-swe-agent/github_issue.traj.json", "GitHub Issue: SyntaxError", "invalid syntax\n```"),
        ("swe", "swe/openhands/multi_swe_bench.output.jsonl", "ponyc segfaults", "reasons it doesn't."),
        ("swe", "swe/openhands/resolver.output.jsonl", "We can license", "the MIT license."),
        ("swe", "swe/swe-gym-openhands/swe-gym.sample_raw.json", "attrs & dataclasses", "unnecessary. -->"),
        ("swe", "swe/atif/openhands.hello-world.trajectory.no_function_calling.json", "Create a file", "the content."),
        ("swe", "swe/atif/terminus_2.hello-world-context-summarization.trajectory.json", "Create a", "the content."),
    ],
)
def test_real_prompts_give_the_task_as_a_person_would_ask_it(agent: str, path: str, starts: str, ends: str) -> None:
    file = shared_path(f"trajectories/{path}")
    first = read_file(file, rel=path, limits=Limits()).trajectories[0]
    question = agent_type(agent).question(first)
    assert question.startswith(starts)
    assert question.endswith(ends)
    assert question.strip() in first.task.question.replace("\r\n", "\n")


@pytest.mark.parametrize(
    "text",
    [
        "Who won the race?",
        "What is the answer to Question: a game of 1990, by its maker?\nIt had two parts.",
        "Compare a User: field with a Login: field.",
        "Action: an action film of 1921. Who directed it?",
    ],
)
def test_plain_questions_lose_little(text: str) -> None:
    assert search_question(text).split()[-1] == text.split()[-1]


def test_an_example_before_the_question_is_not_taken_for_it() -> None:
    prompt = "<tools>…</tools>\nExample response:\nUser: old question\n<answer> x </answer>\n\nUser: What is new?"
    assert search_question(prompt) == "What is new?"


def test_an_issue_without_wrapping_stays() -> None:
    assert swe_question("It crashes.\n\n1. Start it") == "It crashes.\n\n1. Start it"
