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


@pytest.mark.parametrize("dialect", ["sqlite", "postgres", "duckdb"])
def test_a_backslash_is_a_character_where_the_standard_holds(tmp_path: Path, dialect: str) -> None:
    dump = tmp_path / "d.sql"
    dump.write_text(
        "CREATE TABLE t (a int, b text);\nINSERT INTO t VALUES (1, 'C:\\dir\\'), (2, 'it''s; \\');\n"
        "INSERT INTO t VALUES (3, '),(');--no blank; 'quote\nINSERT INTO t VALUES (4, '#1');",
        encoding="utf-8",
    )
    (one,) = import_dump(dump, dialect=dialect, out_dir=tmp_path / "out")
    (table,) = read_tables(one.path).tables
    assert [r[1] for r in table.rows] == ["C:\\dir\\", "it's; \\", "),(", "#1"]


TABLE = "CREATE TABLE t (a int);\n-- a comment\n\nINSERT INTO t VALUES (1);\n"


@pytest.mark.parametrize(
    ("dialect", "text", "words"),
    [
        ("mysql", "UPDATE t SET a = 2;", "line 5: UPDATE would change .*statement: UPDATE t SET a = 2"),
        ("sqlite", "\n  DELETE FROM t;", "line 6: DELETE would change"),
        ("mysql", "TRUNCATE TABLE t;", "line 5: TRUNCATE"),
        ("sqlite", "ROLLBACK;", "line 5: ROLLBACK"),
        ("postgres", "WITH x AS (SELECT 1) DELETE FROM t;", "line 5: WITH"),
        ("mysql", "ALTER TABLE `t` ADD COLUMN b int;", "line 5: ALTER TABLE … ADD COLUMN b int would change"),
        ("mysql", "ALTER TABLE t ADD PRIMARY KEY (a, b), DROP b;", "ALTER TABLE … DROP b"),
        ("postgres", "ALTER TABLE ONLY public.t RENAME TO u;", "ALTER TABLE … RENAME TO u"),
        ("postgres", "ALTER TABLE t ALTER COLUMN a TYPE text;", "ALTER TABLE … ALTER COLUMN a TYPE"),
        ("mysql", "CREATE TABLE T (a int);", "line 5: two tables of one name: t and T"),
        ("postgres", "CREATE TABLE public.v (a int);\nCREATE TABLE other.v (a int);", "line 6: .*public.v and other.v"),
        ("postgres", "CREATE TABLE p.v (a int);\nINSERT INTO q.v VALUES (1);", "line 6: INSERT INTO q.v, but"),
        ("sqlite", "CREATE TABLE v (a int, A int);", "line 5: table v has column 'A' twice"),
        ("mysql", "INSERT INTO t (z) VALUES (1);", "line 5: .*no column 'z'"),
        ("mysql", "CREATE TRIGGER r BEFORE INSERT ON t FOR EACH ROW BEGIN SET a = 1; INSERT INTO t VALUES (2);", "END"),
        ("postgres", "INSERT INTO t VALUES (E'a');", "line 5: "),
        ("mysql", "INSERT INTO t VALUES (x'123');", "line 5: "),
    ],
)
def test_what_would_be_lost_in_silence_is_told_with_its_line(
    tmp_path: Path, dialect: str, text: str, words: str
) -> None:
    dump = tmp_path / "d.sql"
    dump.write_text(TABLE + text, encoding="utf-8")
    with pytest.raises(DumpError, match=words):
        import_dump(dump, dialect=dialect, out_dir=tmp_path / "out")
    assert not list(tmp_path.glob("out/*"))


@pytest.mark.parametrize(
    ("dialect", "text"),
    [
        ("mysql", "ALTER TABLE `t` ADD PRIMARY KEY (`a`), ADD KEY `k` (`a`,`a`);"),
        ("mysql", "ALTER TABLE `t` MODIFY `a` int NOT NULL AUTO_INCREMENT, AUTO_INCREMENT=4;"),
        ("postgres", "ALTER TABLE public.t OWNER TO me;\nALTER TABLE ONLY public.t ADD CONSTRAINT k PRIMARY KEY (a);"),
        ("postgres", "ALTER TABLE ONLY public.t ALTER COLUMN a SET DEFAULT nextval('s'::regclass);"),
        ("postgres", "CREATE FUNCTION f() RETURNS trigger AS $$ BEGIN UPDATE t SET a = 1; END $$ LANGUAGE plpgsql;"),
        ("sqlite", "CREATE TRIGGER r AFTER INSERT ON t BEGIN UPDATE t SET a = 1; DELETE FROM t; END;"),
        ("mysql", "DELIMITER $$\nCREATE PROCEDURE p() BEGIN UPDATE t SET a = 1; DELETE FROM t; END$$\nDELIMITER ;\n"),
        ("mysql", "DELIMITER ;;\nCREATE PROCEDURE p() BEGIN\nUPDATE t SET a = 1;\nEND;;\nDELIMITER ;\n"),
        ("mysql", "DROP TABLE IF EXISTS `u`;\nGRANT ALL ON t TO me;"),
        ("mysql", "DROP TABLE `t`;\nCREATE TABLE t (a int);\nINSERT INTO t VALUES (7);"),
    ],
)
def test_what_changes_no_row_is_left_out(tmp_path: Path, dialect: str, text: str) -> None:
    dump = tmp_path / "d.sql"
    last = "\nCREATE TABLE last (a int); INSERT INTO last VALUES (9), (8);"
    dump.write_text(TABLE + text + last, encoding="utf-8")
    (one,) = import_dump(dump, dialect=dialect, out_dir=tmp_path / "out")
    assert one.tables == {"t": 1, "last": 2}


def test_an_error_of_the_engine_is_told_as_one_of_the_dump(tmp_path: Path) -> None:
    dump = tmp_path / "d.sql"
    dump.write_text("CREATE TABLE t (a decimal(5,9)); INSERT INTO t VALUES (1);", encoding="utf-8")
    with pytest.raises(DumpError, match="database d cannot be stored"):
        import_dump(dump, dialect="mysql", out_dir=tmp_path / "out")
    assert not list(tmp_path.glob("out/*"))
    assert not list(tmp_path.glob("out/.*"))


def test_the_real_dump_gives_twenty_databases(tmp_path: Path) -> None:
    imported = import_dump(
        shared_path("trajectories/sql/intercode-sql/ic_spider_dbs.sql"), dialect="mysql", out_dir=tmp_path
    )
    assert len(imported) == 20
    assert sum(len(d.tables) for d in imported) == 81
    assert sum(sum(d.tables.values()) for d in imported) == 6952
    assert [d.notes for d in imported if d.notes] == []
