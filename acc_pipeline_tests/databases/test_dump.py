"""A dump becomes one database file each, with every row, and says so when it cannot."""

from pathlib import Path

import pytest

from acc_pipeline.databases.catalog import database_digest
from acc_pipeline.databases.dump import DumpError, import_dump
from acc_pipeline.databases.dump_statements import count_rows, statements
from acc_pipeline.databases.execute import read_tables, run_query
from acc_pipeline_tests.shared import shared_path

DUMP = r"""-- a comment; with 'quotes
/*!40101 SET @saved = @@x */;
CREATE DATABASE `one` /*!40100 DEFAULT CHARACTER SET utf8mb4 */;
USE `one`;
CREATE TABLE `T` (
  `id` int NOT NULL AUTO_INCREMENT,
  `name` varchar(20) COLLATE utf8mb4_general_ci DEFAULT 'a;b',
  `born` date DEFAULT NULL, `cost` decimal(9,2), `rate` float(4,1), `seen` datetime, `raw` blob,
  PRIMARY KEY (`id`), KEY `k` (`name`)
) ENGINE=InnoDB;
INSERT INTO `T` VALUES (1,'it''s (1),(2); "x"','1990-05-01',1.50,78.4,'2020-01-02 03:04:05',0x00FF),
(-2,'a\nb\\',NULL,NULL,NULL,NULL,NULL);
INSERT INTO `T` (`name`,`id`) VALUES ('VALUES (9)',3);
CREATE TABLE `empty` (`x` int);
CREATE DATABASE `two`;
USE `two`;
CREATE TABLE z (d date, n bigint);
INSERT INTO z VALUES ('0000-00-00',1),('2020-01-01',18446744073709551615);
"""


def test_rows_types_and_the_dialect_come_through(tmp_path: Path) -> None:
    dump = tmp_path / "d.sql"
    dump.write_text(DUMP, encoding="utf-8")
    one, two = import_dump(dump, dialect="mysql", out_dir=tmp_path / "out")
    assert (one.name, one.tables, one.checked, one.notes) == ("one", {"T": 3, "empty": 0}, True, [])
    read = read_tables(one.path)
    table = next(t for t in read.tables if t.name == "T")
    assert read.dialect == "mysql"
    assert table.types == ["INTEGER", "VARCHAR", "DATE", "DECIMAL(9,2)", "FLOAT", "TIMESTAMP", "BLOB"]
    assert [str(v) for v in table.rows[0][:3]] == ["1", 'it\'s (1),(2); "x"', "1990-05-01"]
    assert table.rows[0][6] == b"\x00\xff"
    assert table.rows[1] == (-2, "a\nb\\", None, None, None, None, None)
    assert table.rows[2][:2] == (3, "VALUES (9)")
    # what a column's type cannot hold is kept as text and said
    assert [n.split(":")[0] for n in two.notes] == ["z.d", "z.n"]
    assert run_query(two.path, "SELECT d, n FROM z", dialect="").rows == [
        ("0000-00-00", "1"),
        ("2020-01-01", "18446744073709551615"),
    ]


def test_importing_again_leaves_the_files_as_they_are(tmp_path: Path) -> None:
    dump = tmp_path / "d.sql"
    dump.write_text(DUMP, encoding="utf-8")
    first = import_dump(dump, dialect="mysql", out_dir=tmp_path / "out")
    before = [database_digest(d.path) for d in first]
    again = import_dump(dump, dialect="mysql", out_dir=tmp_path / "out")
    assert [(d.name, d.tables, d.notes) for d in again] == [(d.name, d.tables, d.notes) for d in first]
    assert [database_digest(d.path) for d in again] == before
    dump.write_text(DUMP + "INSERT INTO z VALUES ('2020-01-02',2);", encoding="utf-8")
    assert import_dump(dump, dialect="mysql", out_dir=tmp_path / "out")[1].tables == {"z": 3}


def test_rows_are_counted_without_the_parser() -> None:
    inserts = [s for s in statements(DUMP) if s.startswith("INSERT")]
    assert [count_rows(s) for s in inserts] == [2, 1, 2]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("hello", "holds no CREATE TABLE"),
        ("CREATE TABLE t (a int); INSERT INTO t VALUES (1, 2);", "a row of 2 values for 1 columns"),
        ("CREATE TABLE t (a int); INSERT INTO u VALUES (1);", "before its CREATE TABLE"),
        ("CREATE TABLE t (a int); INSERT INTO t VALUES (now());", "no literal"),
        ("CREATE TABLE t (a int); INSERT INTO t VALUES ((;", "name the dump's own dialect"),
        ("USE `../evil`; CREATE TABLE t (a int);", "cannot be a file name"),
        ("CREATE TABLE t (a int); COPY t FROM stdin;", "pg_dump --inserts"),
    ],
)
def test_a_dump_that_cannot_be_read_says_why_and_leaves_nothing(text: str, words: str, tmp_path: Path) -> None:
    dump = tmp_path / "d.sql"
    dump.write_text(text, encoding="utf-8")
    with pytest.raises(DumpError, match=words):
        import_dump(dump, dialect="mysql", out_dir=tmp_path / "out")
    assert not list(tmp_path.glob("out/*"))


def test_the_real_dump_gives_twenty_databases(tmp_path: Path) -> None:
    imported = import_dump(
        shared_path("trajectories/sql/intercode-sql/ic_spider_dbs.sql"), dialect="mysql", out_dir=tmp_path
    )
    assert len(imported) == 20
    assert sum(len(d.tables) for d in imported) == 81
    assert sum(sum(d.tables.values()) for d in imported) == 6952
    assert [d.notes for d in imported if d.notes] == []
