"""The log sensor on real folders and a real instance: what it reports, and what it leaves alone."""

import os
import shutil
import time

import dagster as dg
import pytest
from dagster._core.definitions.observe import observe

from acc_pipeline.orchestration.build import build_defs
from acc_pipeline.orchestration.inputs import look
from acc_pipeline.orchestration.sensors import observe_inputs
from acc_pipeline_tests.orchestration.small import quiet_instance, small_settings, small_sources


@pytest.fixture
def workspace(tmp_path):
    small_sources(tmp_path / "sources")
    with quiet_instance(tmp_path / "dagster") as instance:
        yield small_settings(tmp_path), instance, tmp_path / "sources"


def tick(settings, instance):
    """One evaluation, its events stored as the daemon stores them: (asset, partition) of each, or the skip message."""
    defs = build_defs(settings)
    sensor = defs.resolve_sensor_def("log_sensor")
    context = dg.build_sensor_context(instance=instance, repository_def=defs.get_repository_def())
    data = sensor.evaluate_tick(context)
    for event in data.asset_events:
        instance.report_runless_asset_event(event)
    if not data.asset_events:
        return data.skip_message
    assert data.skip_message.startswith("reported: ")
    return {(event.asset_key.to_user_string(), event.partition) for event in data.asset_events}


def version_of(instance, asset, partition):
    records = instance.fetch_observations(
        dg.AssetRecordsFilter(asset_key=dg.AssetKey(asset), asset_partitions=[partition]), limit=1
    ).records
    return records[0].asset_observation.tags["dagster/data_version"]


def test_the_first_tick_reports_all_and_the_second_tells_counts(workspace):
    settings, instance, _ = workspace
    by_type = {(asset, name) for asset in ("agent_logs", "references") for name in ("search", "swe", "sql")}
    assert tick(settings, instance) == by_type | {("databases", None), ("repos", None)}
    told = tick(settings, instance)
    assert told.startswith("nothing changed; ")
    assert "agent_logs/search: 3 files" in told
    assert "agent_logs/swe: 2 files" in told
    assert "repos: 0 files" in told


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda inbox: (inbox / "sql" / "new.jsonl").write_text("{}\n"), "a new file"),
        (
            lambda inbox: (inbox / "sql" / "deep" / "er").mkdir(parents=True) or (inbox / "sql/deep/er/n").touch(),
            "deep",
        ),
        (lambda inbox: (inbox / "sql/openai-messages/runs.jsonl").open("a").write("\n"), "a changed file"),
        (lambda inbox: (inbox / "sql/openai-messages/runs.jsonl").unlink(), "a removed file"),
        (lambda inbox: (inbox / "sql/openai-messages").rename(inbox / "sql" / "moved"), "a moved folder"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_only_the_touched_agent_type_is_reported(workspace, change, what):
    settings, instance, sources = workspace
    tick(settings, instance)
    before = {name: version_of(instance, "agent_logs", name) for name in settings.agent_types}
    change(sources / "inbox")
    assert tick(settings, instance) == {("agent_logs", "sql")}, what
    after = {name: version_of(instance, "agent_logs", name) for name in settings.agent_types}
    assert {name for name in before if before[name] != after[name]} == {"sql"}
    assert "nothing changed" in tick(settings, instance)


def test_a_late_file_with_an_old_time_is_seen(workspace):
    settings, instance, sources = workspace
    tick(settings, instance)
    late = sources / "inbox" / "swe" / "late.traj"
    late.write_text("{}")
    os.utime(late, (1_000_000_000, 1_000_000_000))
    assert tick(settings, instance) == {("agent_logs", "swe")}


def test_same_size_other_time_is_reported(workspace):
    settings, instance, sources = workspace
    tick(settings, instance)
    log = sources / "inbox" / "swe" / "mini-swe-agent" / "harbour__portcall-1008.traj.json"
    os.utime(log, ns=(time.time_ns(), time.time_ns() + 5))
    assert tick(settings, instance) == {("agent_logs", "swe")}


def test_references_and_databases_are_watched_too(workspace):
    settings, instance, sources = workspace
    tick(settings, instance)
    (sources / "references" / "search" / "more.jsonl").write_text("{}\n")
    shutil.rmtree(sources / "databases" / "orchard_coop")
    assert tick(settings, instance) == {("references", "search"), ("databases", None)}


def test_hidden_files_and_dead_links_are_no_logs(workspace):
    settings, instance, sources = workspace
    tick(settings, instance)
    (sources / "inbox" / "sql" / ".partial").write_text("x")
    (sources / "inbox" / "sql" / ".cache").mkdir()
    (sources / "inbox" / "sql" / ".cache" / "x.json").write_text("{}")
    (sources / "inbox" / "sql" / "nowhere.json").symlink_to("/nonexistent/file")
    assert "agent_logs/sql: 1 files" in tick(settings, instance)


def test_an_inbox_that_never_held_a_log_is_not_reported_but_an_emptied_one_is(tmp_path):
    small_sources(tmp_path / "sources")
    shutil.rmtree(tmp_path / "sources" / "inbox" / "swe")
    settings = small_settings(tmp_path)
    with quiet_instance(tmp_path / "dagster") as instance:
        assert ("agent_logs", "swe") not in tick(settings, instance)
        shutil.rmtree(tmp_path / "sources" / "inbox" / "sql")
        assert tick(settings, instance) == {("agent_logs", "sql")}


def test_what_a_run_without_daemon_observed_is_not_reported_again(workspace):
    settings, instance, _ = workspace
    observe_inputs(settings, instance=instance)
    assert "nothing changed" in tick(settings, instance)
    events = instance.fetch_observations(dg.AssetKey("agent_logs"), limit=50).records
    observe_inputs(settings, instance=instance)
    assert len(instance.fetch_observations(dg.AssetKey("agent_logs"), limit=50).records) == len(events) == 3


def test_the_observe_button_gives_the_version_that_the_sensor_gives(workspace):
    settings, instance, _ = workspace
    tick(settings, instance)
    before = {name: version_of(instance, "agent_logs", name) for name in settings.agent_types}
    logs = [asset for asset in build_defs(settings).assets if getattr(asset, "key", None) == dg.AssetKey("agent_logs")]
    assert len(logs) == 1
    result = observe(logs, instance=instance)
    assert result.success
    assert {name: version_of(instance, "agent_logs", name) for name in settings.agent_types} == before


def test_many_files_fit_into_a_tick(tmp_path):
    inbox = tmp_path / "sources" / "inbox" / "search"
    for folder in range(20):
        (inbox / str(folder)).mkdir(parents=True)
        for number in range(1000):
            (inbox / str(folder) / f"{number}.json").touch()
    started = time.monotonic()
    seen = {one.name: one for one in look(small_settings(tmp_path))}
    # Twenty thousand here; a sensor has 60 s, a hundred thousand on a slow disk must stay well below.
    assert time.monotonic() - started < 6
    assert seen["agent_logs/search"].files == 20_000
