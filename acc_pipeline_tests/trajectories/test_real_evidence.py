"""What the evidence of the shared logs looks like to the stages after it: pinned by hand from the raw logs."""

from collections import Counter

from acc_pipeline.trajectories.limits import Limits
from acc_pipeline.trajectories.reading import read_file
from acc_pipeline.trajectories.schema import Completeness, Evidence, EvidenceKind, Trajectory
from acc_pipeline_tests.shared import shared_path


def _runs(rel: str) -> list[Trajectory]:
    return read_file(shared_path(f"trajectories/{rel}"), rel=rel, limits=Limits()).trajectories


def _items(run: Trajectory, kind: EvidenceKind) -> list[Evidence]:
    return [
        item
        for step in run.steps
        for observation in step.observations
        for item in observation.items
        if item.kind == kind
    ]


def test_mini_swe_agent_shows_whole_files_and_knows_which_views_follow_an_edit() -> None:
    run = _runs("swe/mini-swe-agent/django__django-11099.traj.json")[0]
    views = [
        (item.locator, item.completeness, item.total_lines, item.after_edit) for item in _items(run, EvidenceKind.FILE)
    ]
    assert views == [
        ("django/contrib/auth/validators.py", Completeness.FULL, 25, False),
        ("tests/auth_tests/test_validators.py", Completeness.FULL, 261, False),
        ("django/contrib/auth/validators.py", Completeness.FULL, 25, True),
        ("django/core/validators.py", Completeness.WINDOWED, 0, False),
        ("patch.txt", Completeness.FULL, 22, True),
    ]
    before, after = (
        item.text for item in _items(run, EvidenceKind.FILE) if item.locator == "django/contrib/auth/validators.py"
    )
    removed = [line[1:] for line in run.answer.text.split("\n") if line.startswith("-") and not line.startswith("---")]
    assert removed
    assert all(line in before.split("\n") for line in removed)
    assert not any(line in after.split("\n") for line in removed)
    assert before.startswith("import re\n")
    assert before.endswith("flags = 0\n")


def test_swe_agent_windows_have_ranges_and_totals() -> None:
    run = _runs("swe/swe-agent/marshmallow-1867.default.traj")[0]
    views = {
        (item.locator, item.first_line, item.last_line, item.total_lines, str(item.completeness), item.after_edit)
        for item in _items(run, EvidenceKind.FILE)
    }
    assert ("setup.py", 1, 94, 94, "full", False) in views
    assert ("src/marshmallow/fields.py", 1459, 1558, 1997, "windowed", False) in views
    assert ("src/marshmallow/fields.py", 1425, 1524, 1997, "windowed", True) in views
    setup = next(item for item in _items(run, EvidenceKind.FILE) if item.locator == "setup.py")
    assert setup.text.split("\n")[:2] == ["import re", "from setuptools import setup, find_packages"]
    assert len(setup.text.splitlines()) == 94


def test_swe_agent_1x_editor_views_and_file_maps() -> None:
    run = _runs("swe/swe-agent/psf__requests-2931.traj")[0]
    views = [
        (item.locator, item.first_line, item.last_line, str(item.completeness), item.after_edit)
        for item in _items(run, EvidenceKind.FILE)
    ]
    assert views[:4] == [
        ("requests/utils.py", 0, 0, "elided", False),
        ("requests/utils.py", 686, 702, "windowed", False),
        ("requests/models.py", 1, 50, "windowed", False),
        ("requests/models.py", 80, 90, "windowed", False),
    ]
    assert views[-1] == ("requests/utils.py", 681, 708, "windowed", True)
    assert run.task.question.startswith("Request with binary payload fails")
    assert run.task.base_commit == "5f7a3a74aab1625c2bb65f643197ee885e3da576"


def test_swe_gym_rows_have_verdicts_patches_and_views() -> None:
    runs = _runs("swe/swe-gym-openhands/swe-gym.sample_raw.json")
    assert [run.outcome.status for run in runs] == ["correct"] * 5
    assert {run.outcome.field for run in runs} == {"resolved"}
    assert all(run.answer.kind == "patch" and "\r" not in run.answer.text for run in runs)
    loss = next(item for item in _items(runs[1], EvidenceKind.FILE) if item.locator == "monai/losses/ssim_loss.py")
    assert (loss.completeness, loss.first_line, loss.last_line, loss.total_lines) == (Completeness.FULL, 1, 101, 101)
    clipped = next(item for item in _items(runs[1], EvidenceKind.FILE) if "regression" in item.locator)
    assert (clipped.completeness, clipped.first_line, clipped.last_line) == (Completeness.WINDOWED, 1, 351)
    assert "clipped" not in clipped.text


def test_openhands_v0_full_views() -> None:
    runs = _runs("swe/openhands/multi_swe_bench.output.jsonl")
    full = {i.locator for run in runs for i in _items(run, EvidenceKind.FILE) if i.completeness == Completeness.FULL}
    assert {"packages/cli/cli.pony", "packages/cli/command_parser.pony"} <= full
    resolver = _runs("swe/openhands/resolver.output.jsonl")
    css = [item for item in _items(resolver[1], EvidenceKind.FILE) if item.locator == "src/App.css"]
    assert [(item.total_lines, item.after_edit) for item in css] == [(42, False), (79, True), (79, True)]
    assert "self_judged:true" in resolver[0].flags
    assert resolver[0].outcome.status == "unknown"


def test_search_logs_hold_snippets_summaries_and_one_page() -> None:
    dancer = _runs("search/tongyi-webdancer/webdancer.sample_traj.first30.jsonl")
    kinds = Counter(
        (str(i.kind), str(i.completeness)) for run in dancer for s in run.steps for o in s.observations for i in o.items
    )
    assert set(kinds) <= {("search_result", "snippet"), ("page", "summary"), ("page", "absent")}
    first = _items(dancer[3], EvidenceKind.SEARCH_RESULT)[0]
    assert first.locator == "https://pmc.ncbi.nlm.nih.gov/articles/PMC10025221/"
    assert first.rank == 1
    assert first.text.startswith("Owing to its easy availability")
    assert dancer[3].outcome.gold == ["Ricin"]
    assert dancer[3].task.question.startswith("What is the name of the toxic protein")
    assert dancer[3].answer.text.endswith("is **ricin**.")
    page = _items(_runs("search/miroflow/debug_message_history.json")[0], EvidenceKind.PAGE)
    assert [(item.locator, str(item.completeness)) for item in page] == [
        ("https://finance.yahoo.com/quote/%5EIXIC/", "full")
    ]


def test_react_gold_is_in_the_outcome_and_nowhere_else() -> None:
    runs = _runs("search/react-transcript/100_questions_5_trials.txt")
    statuses = Counter(run.outcome.status for run in runs)
    assert statuses == {"correct": 102, "wrong": 135, "unknown": 19}
    for run in runs:
        shown = [o.text + "".join(item.text for item in o.items) for step in run.steps for o in step.observations]
        assert not any("Correct answer:" in text or "Answer is " in text for text in shown)
        assert (run.answer.kind == "answer") == (run.outcome.status != "unknown")
    assert all(len(run.outcome.gold) == 1 and run.outcome.gold[0] for run in runs)


def test_intercode_answer_is_the_last_statement_that_ran() -> None:
    runs = _runs("sql/intercode-sql/ic_sql_react_10_turns.json")
    assert Counter(run.outcome.status for run in runs) == {"correct": 607, "wrong": 427}
    assert all(run.answer.kind == "sql" and run.answer.text for run in runs)
    agree = 0
    for run in runs:
        turns = [step for step in run.steps if step.calls]
        ran = [step for step in turns if step.calls[0].name == "execute_sql"]
        agree += ran[-1].observations[0].text == turns[-1].observations[0].text
        assert run.answer.text == ran[-1].calls[0].arguments["sql"]
    # InterCode shows at `submit` the rows of the last statement; one run's rows were cut at 25 when it ran
    assert agree == 1033
    assert all("gold" not in step.text for run in runs for step in run.steps[:1])
