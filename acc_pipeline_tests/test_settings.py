"""A wrong setting is named with its value, where it came from and what is allowed; nothing wrong passes in silence."""

import subprocess
import sys
from pathlib import Path

import pytest

from acc_pipeline.settings import PROJECT_DIR, SettingsError, describe, load_settings

ARMS = "arms:\n  base: {}\n  acc: {agent_types: [search, sql]}\n"


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in [name for name in os.environ if name.startswith("ACC_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A profile file that tests write to; the current one."""
    path = tmp_path / "mine.yaml"
    monkeypatch.setenv("ACC_PROFILE", str(path))
    path.write_text(ARMS)
    return path


def message(**overrides: object) -> str:
    with pytest.raises(SettingsError) as caught:
        load_settings(**overrides)
    return str(caught.value)


@pytest.mark.parametrize(
    ("yaml", "wanted"),
    [
        ("teacher: {samples: many}", ["teacher.samples = 'many'", "integer"]),
        ("teacher: {sample: 3}", ["teacher.sample = 3", "no such setting", "did you mean samples?", "budget_usd"]),
        ("teecher: {samples: 3}", ["teecher", "no such setting", "did you mean teacher?"]),
        ("teacher: {backend: oracle}", ["teacher.backend = 'oracle'", "'extractive' or 'openai'"]),
        ("teacher: openai", ["teacher = 'openai'", "must be a group of settings", "base_url"]),
        ("reading: {limits: {max_step: 3}}", ["reading.limits.max_step", "did you mean max_steps?"]),
        ("compute: {shard_size: 0}", ["compute.shard_size = 0", "greater than or equal to 1"]),
        ("compile: {budget: 100, reserve: 200}", ["reserve = 200 must be less than budget = 100"]),
        ("verify: {validation: 0.6, held_out: 0.5}", ["validation = 0.6", "held_out = 0.5", "less than 1"]),
        ("agent_types: [search, sql, piano]", ["agent_types", "no agent type 'piano'", "allowed: search, swe, sql"]),
        ("agent_types: [search, sql, sql]", ["agent_types", "'sql' stands there twice"]),
        ("agent_types: [search]", ["arms.acc.agent_types", "'sql' is not in agent_types", "allowed: search"]),
        ("agent_types: search", ["agent_types = 'search'", "must be a list"]),
        ("student: {seeds: [1, 1]}", ["student.seeds = [1, 1]", "1 stands there twice"]),
        ("profile: other", ["profile", "named by its file"]),
        ("teacher_api_key: sk-1234", ["teacher_api_key", "ACC_TEACHER_API_KEY"]),
        ("compute: {workers: 1}\ncompute: {workers: 2}", ["not valid YAML", "'compute' stands there twice"]),
        ("compute: [", ["not valid YAML", "line"]),
    ],
)
def test_a_wrong_profile_is_told_with_name_value_file_and_what_is_allowed(
    profile: Path, yaml: str, wanted: list[str]
) -> None:
    profile.write_text(f"{ARMS}{yaml}\n")
    told = message()
    for part in [str(profile), *wanted]:
        assert part in told
    assert "sk-1234" not in told


@pytest.mark.parametrize(
    ("arms", "wanted"),
    [
        ("{base: {}, acc: {colour: red}}", ["arms.acc.colour = 'red'", "allowed here: agent_types, description, form"]),
        ("{base: {}, acc: {agent_types: [piano]}}", ["arms.acc.agent_types", "'piano' is not in agent_types"]),
        ("{base: {}, acc: {agent_types: [sql, sql]}}", ["arms.acc.agent_types", "'sql' stands there twice"]),
        ("{base: {}, acc: {form: poem}}", ["arms.acc.form = 'poem'", "'pieces', 'no-distractors' or 'multi-turn'"]),
        ("{base: {}, ../up: {}}", ["'../up'", "letters, digits"]),
        ("{base: {agent_types: [sql]}}", ["arms.base.agent_types", "must be empty"]),
        ("{acc: {}}", ["arms = ['acc']", "`base: {}` is missing"]),
        ("none", ["arms = 'none'", "must be a group"]),
    ],
)
def test_a_wrong_arm_is_told(profile: Path, arms: str, wanted: list[str]) -> None:
    profile.write_text(f"arms: {arms}\n")
    told = message()
    for part in [str(profile), *wanted]:
        assert part in told


@pytest.mark.parametrize(
    ("content", "wanted"),
    [(b"- a\n- b\n", "not a list"), (b"arms:\n  base: {} # \xff\n", "not UTF-8"), (b"", "arms (from")],
)
def test_a_file_that_is_no_profile_is_told(profile: Path, content: bytes, wanted: str) -> None:
    profile.write_bytes(content)
    told = message()
    assert wanted in told
    assert str(profile) in told


@pytest.mark.parametrize("named", ["nowhere", "missing/file.yaml"])
def test_an_unknown_profile_lists_the_known_ones(monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    monkeypatch.setenv("ACC_PROFILE", named)
    told = message()
    assert f"ACC_PROFILE = '{named}'" in told
    assert "demo, local, paper" in told


@pytest.mark.parametrize(
    ("variable", "value", "wanted"),
    [
        ("ACC_TEACHER__SAMPLES", "many", ["teacher.samples = 'many'", "integer"]),
        ("ACC_COMPILE__BUDGET", "-3", ["compile.budget = '-3'", "greater than or equal to"]),
        ("ACC_TEACHER__NOPE", "1", ["teacher.nope = '1'", "no such setting", "base_url"]),
        ("ACC_TEACHR__MODEL", "m", ["teachr.model = 'm'", "no such setting", "did you mean teacher?"]),
        ("ACC_NOPE", "1", ["nope = '1'", "no such setting", "agent_types"]),
        ("ACC_AGENT_TYPES", "search", ["agent_types = 'search'", "not JSON", '["a", "b"]']),
        ("ACC_AGENT_TYPES", '["piano"]', ["agent_types = ['piano']", "allowed: search, swe, sql"]),
        ("ACC_STUDENT__SEEDS", "1,2", ["student.seeds = '1,2'", "not JSON"]),
        ("ACC_ARMS__ACC__FORM", "poem", ["arms.acc.form = 'poem'", "'pieces'"]),
        ("ACC_TEACHER", '{"samples": "x"}', ["teacher.samples = 'x'", "integer"]),
    ],
)
def test_a_wrong_variable_is_told_by_its_own_name(
    profile: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, wanted: list[str]
) -> None:
    monkeypatch.setenv(variable, value)
    told = message()
    for part in [f"environment variable {variable}", *wanted]:
        assert part in told


def test_the_source_is_the_one_that_won(profile: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    profile.write_text(f"{ARMS}teacher: {{samples: none}}\n")
    monkeypatch.setenv("ACC_TEACHER", '{"tries": 3}')
    assert f"teacher.samples = 'none' (from {profile})" in message()
    monkeypatch.setenv("ACC_TEACHER__SAMPLES", "few")
    assert "teacher.samples = 'few' (from environment variable ACC_TEACHER__SAMPLES)" in message()
    assert "teacher.samples = 'one' (from an argument)" in message(teacher={"samples": "one"})


def test_every_wrong_setting_is_told_at_once(profile: Path) -> None:
    profile.write_text(f"{ARMS}teacher: {{samples: many, tries: none}}\ncolour: red\n")
    told = message()
    assert [part in told for part in ("teacher.samples", "teacher.tries", "colour")] == [True] * 3


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ACC_TEACHER_APIKEY", "sk-hush"),
        ("ACC_STORAGE_OPTIONS", '{"AWS_SECRET_ACCESS_KEY": ["sk-hush"]}'),
        ("ACC_STORAGE_OPTIONS", '{"AWS_SECRET_ACCESS_KEY": "sk-hush'),
    ],
)
def test_no_message_shows_a_secret(profile: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    monkeypatch.setenv(variable, value)
    told = message()
    assert "sk-hush" not in told
    assert "(hidden)" in told


def test_the_list_of_settings_shows_no_secret(profile: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACC_TEACHER_API_KEY", "sk-hush")
    monkeypatch.setenv("ACC_STORAGE_OPTIONS", '{"AWS_SECRET_ACCESS_KEY": "sk-hush", "AWS_REGION": "eu-1"}')
    lines = "\n".join(describe(load_settings()))
    assert "sk-hush" not in lines
    assert "'AWS_REGION': 'eu-1'" in lines


def test_an_empty_variable_is_an_unset_one(profile: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ACC_DATA_DIR", "ACC_TEACHER__SAMPLES", "ACC_NOPE"):
        monkeypatch.setenv(name, "")
    settings = load_settings()
    assert settings.data_dir == Path("data")
    assert settings.teacher.samples == 8


def test_other_programs_variables_are_let_be(profile: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACC_DEVICE_NUM", "1")  # the OpenACC standard's
    assert load_settings().profile == "mine"


@pytest.mark.parametrize("name", ["demo", "local", "paper"])
def test_the_profiles_that_come_along_are_right(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("ACC_PROFILE", name)
    assert load_settings().profile == name


def test_a_model_folder_that_is_not_there_is_told_before_anything_runs(
    profile: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ACC_STUDENT__MODEL", str(tmp_path / "nowhere"))
    with pytest.raises(SettingsError, match=r"student\.model = .*nowhere.*: no such folder"):
        load_settings()
    for known in ("tiny", "Qwen/Qwen3-30B-A3B-Thinking-2507"):
        monkeypatch.setenv("ACC_STUDENT__MODEL", known)
        assert load_settings().student.model == known


def test_dagster_fails_to_load_with_the_same_message(profile: Path) -> None:
    profile.write_text(f"{ARMS}teacher: {{samples: many}}\n")
    done = subprocess.run(
        [sys.executable, "-c", "import acc_pipeline.definitions"], cwd=PROJECT_DIR, capture_output=True, text=True
    )
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-2:]
    assert last[0].endswith("SettingsError: wrong settings:")
    assert last[1].strip().startswith(f"teacher.samples = 'many' (from {profile}): ")
