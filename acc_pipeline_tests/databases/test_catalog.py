"""Databases are found by name among what is there, and their content is told apart."""

import os
import unicodedata
from pathlib import Path

import duckdb
import pytest

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


@pytest.mark.parametrize("name", ["tür", "数据库", "école (2024)", "bird's & co", "Ünïcode", "a+b"])
def test_names_outside_ascii_are_found(tmp_path: Path, name: str) -> None:
    one = _make(tmp_path / f"{name}.duckdb")
    folder = tmp_path / "other" / unicodedata.normalize("NFD", name)
    folder.mkdir(parents=True)
    (folder / "t.csv").write_text("a\n1\n")
    for wanted in (name, name.upper(), unicodedata.normalize("NFD", name), f"{name}.duckdb"):
        assert find_database(tmp_path, wanted) == one
    assert find_database(folder.parent, name) == folder


def test_a_name_is_never_a_path(tmp_path: Path) -> None:
    _make(tmp_path / "x.duckdb")
    (tmp_path / "inside").mkdir()
    _make(tmp_path / ".hidden.duckdb")
    for name in ("../x", "/etc/passwd", "..", ".", "", "inside/../x", f"{tmp_path}/x", "x\0", "\udcff", ".hidden", "*"):
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
