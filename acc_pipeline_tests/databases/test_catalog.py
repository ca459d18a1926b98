"""Databases are found by name among what is there, and their content is told apart."""

import os
from pathlib import Path

import duckdb

from acc_pipeline.databases.catalog import database_digest, find_database


def _make(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    duckdb.connect(str(path)).close()
    return path


def test_names_are_found_without_case_in_every_layout(tmp_path: Path) -> None:
    one = _make(tmp_path / "World_1.duckdb")
    nested = tmp_path / "pets" / "pets.sqlite"
    nested.parent.mkdir()
    nested.write_bytes(b"")
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "t.csv").write_text("a\n1\n")
    (tmp_path / "bare").mkdir()
    assert find_database(tmp_path, "world_1") == one
    assert find_database(tmp_path, "pets") == nested
    assert find_database(tmp_path, "shop") == tmp_path / "shop"
    assert find_database(tmp_path, "bare") is None
    assert find_database(tmp_path, "nobody") is None


def test_a_name_is_never_a_path(tmp_path: Path) -> None:
    _make(tmp_path / "x.duckdb")
    (tmp_path / "inside").mkdir()
    for name in ("../x", "/etc/passwd", "..", ".", "", "inside/../x", f"{tmp_path}/x"):
        assert find_database(tmp_path / "inside", name) is None
        assert find_database(tmp_path, name) is None


def test_the_digest_follows_content(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "t.csv").write_text("a\n1\n")
    first = database_digest(folder)
    os.utime(folder / "t.csv", ns=(1, 1))
    assert database_digest(folder) == first
    (folder / "t.csv").write_text("a\n2\n")
    assert database_digest(folder) != first
