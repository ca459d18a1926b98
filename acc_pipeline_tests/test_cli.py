"""What a person who types `acc …` sees when something is wrong: one clean error that names the cure, no traceback."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from acc_pipeline.cli import main

SAMPLE = Path(__file__).parents[1] / "data" / "sample_logs"


@pytest.fixture(autouse=True)
def _own_workspace(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("ACC_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ACC_DATA_DIR", str(tmp_path / "data"))


def acc(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(one) for one in arguments])


def error_of(*arguments: object) -> str:
    """The error that the command ends with; fails for a command that succeeds or dies of another exception."""
    result = acc(*arguments)
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code in (1, 2)
    assert result.output.count("Error: ") == 1
    return result.output.split("Error: ", 1)[1]


def commands(group: click.Group, *path: str) -> Iterator[tuple[str, ...]]:
    yield path
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, *path, name)
        else:
            yield (*path, name)


# `acc dagster` becomes Dagster's program, which would replace the process of these tests: see below.
OWN = [path for path in commands(main) if path != ("dagster",)]


@pytest.mark.parametrize("path", OWN, ids=lambda path: " ".join(path) or "acc")
def test_every_command_and_option_says_what_it_is(path: tuple[str, ...]) -> None:
    result = acc(*path, "--help")
    assert result.exit_code == 0
    command: click.Command = main
    for name in path:
        assert isinstance(command, click.Group)
        command = command.commands[name]
    assert command.help
    assert " ".join(command.help.split()) in " ".join(result.output.split())
    assert [one.name for one in command.params if isinstance(one, click.Option) and not one.help] == []


def test_dagsters_own_command_line_is_handed_on(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "acc_pipeline.cli", "dagster", "job", "--help"]
    done = subprocess.run(
        command, env={**os.environ, "ACC_DATA_DIR": str(tmp_path)}, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0
    assert "backfill" in done.stdout


def test_the_readme_and_the_help_name_the_same_commands() -> None:
    readme = (SAMPLE.parents[1] / "README.md").read_text()
    named = re.search(r"cli\.py +acc (.+)", readme)
    assert named is not None
    assert sorted(named.group(1).split(" | ")) == sorted(main.commands)


class TestWrongSettings:
    @pytest.mark.parametrize("command", [["run"], ["demo"], ["ui"], ["settings"], ["export", "--out", "x"]])
    def test_are_one_error_of_every_command(self, monkeypatch: pytest.MonkeyPatch, command: list[str]) -> None:
        monkeypatch.setenv("ACC_TEACHER__SAMPLES", "many")
        told = error_of(*command)
        assert told.startswith("wrong settings:\n  teacher.samples = 'many' (from environment variable ")

    def test_of_a_profile(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("ACC_PROFILE", "nowhere")
        assert "allowed: demo, local, paper" in error_of("settings")

    def test_as_the_shell_sees_it(self) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "acc_pipeline.cli", "settings"],
            env={**os.environ, "ACC_AGENT_TYPES": '["search", "piano"]'},
            capture_output=True,
            text=True,
        )
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith("Error: wrong settings:\n  agent_types = ['search', 'piano'] (from environment")
        assert "Traceback" not in done.stderr


def test_the_demo_never_runs_another_profile(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ACC_PROFILE", "local")
    assert "use `acc run`" in error_of("demo")
    assert not (tmp_path / "data").exists()


def test_a_workspace_that_cannot_be_written_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ACC_DATA_DIR", str(tmp_path / "file"))
    told = error_of("demo")
    assert str(tmp_path / "file") in told
    assert len(told.strip().splitlines()) == 1


class TestImportingADump:
    @pytest.mark.parametrize(
        ("content", "wanted"),
        [
            (b"", "holds no CREATE TABLE"),
            (b"hello, this is prose\n", "holds no CREATE TABLE"),
            (bytes(range(128, 256)) * 20, "not UTF-8 (byte 0)"),
            (b"CREATE TABLE t (a blurb(((", "not mysql SQL"),
            (b"CREATE TABLE t (a int); INSERT INTO t VALUES (1, 2);", "a row of 2 values for 1 columns"),
            (b"CREATE TABLE t (a int); INSERT INTO u VALUES (1);", "before its CREATE TABLE"),
            (b"CREATE DATABASE `../up`; USE `../up`; CREATE TABLE t (a int);", "cannot be a file name"),
        ],
    )
    def test_garbage_is_told_and_leaves_nothing(self, tmp_path: Path, content: bytes, wanted: str) -> None:
        dump = tmp_path / "dump.sql"
        dump.write_bytes(content)
        assert wanted in error_of("databases", "import", dump, "--out", tmp_path / "databases")
        assert not list((tmp_path / "databases").glob("*"))

    def test_an_unknown_dialect_lists_the_known_ones(self, tmp_path: Path) -> None:
        dump = tmp_path / "dump.sql"
        dump.write_text("CREATE TABLE t (a int);")
        told = error_of("databases", "import", dump, "--dialect", "klingon", "--out", tmp_path / "databases")
        assert told.startswith("dialect 'klingon' is not known; allowed: ")
        assert "mysql" in told

    def test_a_good_one_goes_where_the_workspace_looks(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("ACC_SOURCES_DIR", str(tmp_path / "sources"))
        dump = tmp_path / "shop.sql"
        dump.write_text("CREATE TABLE t (a int); INSERT INTO t VALUES (1), (2);")
        result = acc("databases", "import", dump)
        assert result.output.split()[:5] == ["shop", "1", "tables", "2", "rows"]
        assert (tmp_path / "sources" / "databases" / "shop.duckdb").exists()


class TestGrading:
    @pytest.mark.parametrize(
        ("responses", "wanted"),
        [
            ('{"response": "x"}\n{"response": "y"}\n', "2 responses, but"),
            ("", "0 responses, but"),
            ('{"reply": "x"}\n', "line 1: no response in it"),
            ('{"response": 3}\n', "must be a text"),
            ("x\n", "line 1: not JSON"),
            (b"\xff\xfe", "not UTF-8 (byte 0)"),
        ],
    )
    def test_files_that_do_not_match_are_named(self, tmp_path: Path, responses: str | bytes, wanted: str) -> None:
        items, file = tmp_path / "items.jsonl", tmp_path / "responses.jsonl"
        items.write_text(json.dumps({"answer": "abc x", "random_string_to_prepend": "abc"}) + "\n")
        file.write_bytes(responses if isinstance(responses, bytes) else responses.encode())
        told = error_of("grade", "mrcr", "--items", items, "--responses", file)
        assert wanted in told
        assert str(file) in told

    def test_items_of_the_other_benchmark(self, tmp_path: Path) -> None:
        items, responses = tmp_path / "items.jsonl", tmp_path / "responses.jsonl"
        items.write_text(json.dumps({"answer": "abc x", "random_string_to_prepend": "abc"}) + "\n")
        responses.write_text('{"response": "x"}\n')
        told = error_of("grade", "graphwalks", "--items", items, "--responses", responses)
        assert told.startswith(f"{items}, line 1: no answer_nodes")


class TestExporting:
    def test_before_anything_was_made(self, tmp_path: Path) -> None:
        told = error_of("export", "--out", tmp_path / "out")
        assert "the training rows of search are not ready: it was never made" in told
        assert "`acc run` makes them" in told
        assert not (tmp_path / "out").exists()

    def test_an_agent_type_of_no_profile(self, tmp_path: Path) -> None:
        told = error_of("export", "--out", tmp_path / "out", "--agent-type", "piano")
        assert told.startswith("agent type 'piano' is not in profile demo; allowed: search, swe, sql")

    def test_a_form_that_cannot_be_exported(self, tmp_path: Path) -> None:
        assert "'pieces', 'no-distractors'" in error_of("export", "--out", tmp_path / "out", "--form", "multi-turn")


class TestSimulating:
    def test_too_many_runs(self, tmp_path: Path) -> None:
        told = error_of("simulate", "--agent-type", "search", "--runs", 10_000, "--out", tmp_path / "out")
        assert "the search world has 76 questions" in told
        assert not (tmp_path / "out").exists()

    @pytest.mark.parametrize(
        ("arguments", "wanted"),
        [
            (["--runs", 0], "0 is not in the range x>=1"),
            (["--runs", "few"], "'few' is not a valid integer"),
            (["--wrong", 3], "3.0 is not in the range 0<=x<=1"),
            (["--agent-type", "piano"], "choose from search, swe, sql"),
        ],
    )
    def test_wrong_options(self, tmp_path: Path, arguments: list[object], wanted: str) -> None:
        assert wanted in error_of("simulate", *arguments, "--out", tmp_path / "out")
        assert not (tmp_path / "out").exists()


class TestGeneratingItems:
    @pytest.mark.parametrize(
        ("arguments", "wanted"),
        [
            (["--tokens", 3], "--tokens 3: at least 512"),
            (["--items", 0], "--items 0: at least 1"),
            (["--tokenizer", SAMPLE], "no such file; a tokenizer folder"),
        ],
    )
    def test_wrong_options(self, tmp_path: Path, arguments: list[object], wanted: str) -> None:
        assert wanted in error_of("generate", "mrcr", *arguments, "--out", tmp_path / "items.jsonl")
        assert not (tmp_path / "items.jsonl").exists()


class TestTheInterCodeBench:
    GOLD = json.dumps([{"query": "q", "gold": "SELECT 1", "db": "shop"}])

    @pytest.mark.parametrize(
        ("log", "gold", "dump", "wanted"),
        [
            ("garbage", GOLD, "CREATE TABLE t (a int);", "log.json: 1 records were not read"),
            ("garbage", "garbage", "CREATE TABLE t (a int);", "gold.json: not JSON"),
            ("garbage", '{"a": 1}', "CREATE TABLE t (a int);", "must be a list of objects with query, gold and db"),
            ("garbage", GOLD, "garbage", "dump.sql holds no CREATE TABLE"),
        ],
    )
    def test_names_the_file_that_is_wrong(self, tmp_path: Path, log: str, gold: str, dump: str, wanted: str) -> None:
        paths = [tmp_path / name for name in ("log.json", "gold.json", "dump.sql")]
        for path, content in zip(paths, (log, gold, dump), strict=True):
            path.write_text(content)
        assert wanted in error_of("bench", "intercode", paths[0], "--gold", paths[1], "--dump", paths[2])

    def test_names_the_run_that_is_not_of_this_benchmark(self, tmp_path: Path) -> None:
        gold, dump = tmp_path / "gold.json", tmp_path / "dump.sql"
        gold.write_text(self.GOLD)
        dump.write_text("CREATE TABLE t (a int);")
        log = SAMPLE / "inbox" / "sql" / "openai-messages" / "runs.jsonl"
        told = error_of("bench", "intercode", log, "--gold", gold, "--dump", dump)
        assert "its task 'harbour_office-002' is no place in gold.json" in told
