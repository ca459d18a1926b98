"""MySQL's meaning on SQLite, statement by statement; every expected row was given by MariaDB 10.11 on the same rows."""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from acc_pipeline.databases.compare import plain
from acc_pipeline.databases.execute import run_on_tables
from acc_pipeline.databases.tables import Table
from acc_pipeline.databases.values import float32
from acc_pipeline_tests.databases.mariadb import mariadb

PEOPLE = Table(
    name="People",
    columns=["id", "Name", "city", "age", "height", "score", "born", "seen", "code"],
    types=["INTEGER", "VARCHAR", "VARCHAR", "INTEGER", "FLOAT", "DECIMAL(9,2)", "DATE", "TIMESTAMP", "VARCHAR"],
    rows=[
        (1, "Ann", "Aberdeen ", 30, float32(1.7), Decimal("2.50"), date(1990, 5, 1), datetime(2020, 1, 1), "10"),
        (2, "ann ", "Ürümqi", None, float32(1.8), Decimal("0.10"), date(1991, 5, 1), datetime(2020, 1, 1, 4), "9.5x"),
        (3, "Böb", "urumqi", 41, None, Decimal("7.40"), None, None, "null"),
        (4, "bob", "York", 30, float32(1.7), None, date(1990, 5, 1), datetime(2021, 6, 7, 8, 9, 10), "100"),
    ],
)
PETS = Table(
    name="pets",
    columns=["pid", "owner", "kind"],
    types=["INTEGER", "VARCHAR", "VARCHAR"],
    rows=[(1, "ANN", "cat"), (2, "Bob", "Cat "), (3, None, "dog")],
)

CASES: list[tuple[str, list[tuple[object, ...]]]] = [
    # collation: no case, no accents, trailing spaces do not count; LIKE counts them
    ("SELECT id FROM people WHERE city = 'aberdeen' ORDER BY id", [(1,)]),
    ('SELECT id FROM people WHERE city = "URUMQI" ORDER BY id', [(2,), (3,)]),
    ("SELECT count(DISTINCT name) FROM people", [(2,)]),
    ("SELECT count(*) FROM people GROUP BY name ORDER BY 1", [(2,), (2,)]),
    ("SELECT p.id, q.pid FROM people p JOIN pets q ON p.name = q.owner ORDER BY 1, 2",
     [(1, 1), (2, 1), (3, 2), (4, 2)]),
    ("SELECT id FROM people WHERE name LIKE 'ANN'", [(1,)]),
    ("SELECT id FROM people WHERE name LIKE 'b_b' ORDER BY id", [(3,), (4,)]),
    ("SELECT DISTINCT upper(kind) FROM pets ORDER BY 1", [("CAT",), ("DOG",)]),
    ("SELECT name FROM people WHERE name IN ('ANN', 'x') ORDER BY id", [("Ann",), ("ann ",)]),
    ("SELECT max(name) = 'BOB' FROM people", [(1,)]),
    # text where a number is wanted
    ("SELECT id FROM people WHERE code > 9 ORDER BY id", [(1,), (2,), (4,)]),
    ("SELECT id FROM people WHERE code IN (10, '100') ORDER BY id", [(1,), (4,)]),
    ("SELECT sum(code), avg(code) FROM people", [(119.5, 29.875)]),
    ("SELECT max(code) FROM people", [("null",)]),
    ("SELECT id FROM people WHERE code BETWEEN 9 AND 50 ORDER BY id", [(1,), (2,)]),
    ("SELECT id FROM people WHERE age = '30' ORDER BY id", [(1,), (4,)]),
    ("SELECT code + 1 FROM people ORDER BY id", [(11.0,), (10.5,), (1.0,), (101.0,)]),
    # exact numbers, division
    ("SELECT 7 / 2, 7 DIV 2, 7 % 4, 1 / 0", [(3.5, 3, 3, None)]),
    ("SELECT avg(age), sum(age) / count(*) FROM people", [(33.6667, 25.25)]),
    ("SELECT sum(score), avg(score) FROM people", [(10.0, 3.333333)]),
    ("SELECT height FROM people WHERE id = 1", [(1.7,)]),
    ("SELECT round(2.5), round(-2.5), round(1.005, 2), truncate(1.999, 1)", [(3, -3, 1.01, 1.9)]),
    # grouping
    ("SELECT name, max(age) FROM people", [("Ann", 41)]),
    ("SELECT id, age FROM people GROUP BY age ORDER BY id", [(1, 30), (2, None), (3, 41)]),
    ("SELECT age a, count(*) c FROM people GROUP BY a HAVING c > 1", [(30, 2)]),
    ("SELECT id FROM people HAVING id > 3", [(4,)]),
    ("SELECT city FROM people GROUP BY age ORDER BY count(*) DESC LIMIT 1", [("Aberdeen ",)]),
    ("SELECT sum(age) AS age FROM people GROUP BY name ORDER BY age", [(30,), (71,)]),
    ("SELECT count(DISTINCT name, age) FROM people", [(3,)]),
    # NULL
    ("SELECT id FROM people ORDER BY age, id", [(2,), (1,), (4,), (3,)]),
    ("SELECT id FROM people ORDER BY age DESC, id", [(3,), (1,), (4,), (2,)]),
    ("SELECT id FROM people WHERE NOT age <=> 30 ORDER BY id", [(2,), (3,)]),
    ("SELECT concat('a', NULL), concat_ws('-', 'a', NULL, 'b'), ifnull(NULL, 2), if(1 > 2, 'x', 'y')",
     [(None, "a-b", 2, "y")]),
    # dates
    ("SELECT id FROM people WHERE seen = '2020-01-01'", [(1,)]),
    ("SELECT id FROM people WHERE seen >= '2020-1-1' ORDER BY id", [(1,), (2,), (4,)]),
    ("SELECT id FROM people WHERE born < '1991-01-01' ORDER BY id", [(1,), (4,)]),
    ("SELECT year(born), monthname(born), dayofweek(born) FROM people WHERE id = 1", [(1990, "May", 3)]),
    ("SELECT datediff('2020-03-01', '2020-02-01'), timestampdiff(MONTH, '2020-01-31', '2020-02-29')", [(29, 0)]),
    ("SELECT date_add('2020-01-31', INTERVAL 1 MONTH), date_format('2020-01-02 03:04:05', '%d.%c.%y %H:%i')",
     [("2020-02-29", "02.1.20 03:04")]),
    # functions of text
    ("SELECT substring('abcdef', -3, 2), left('abc', 2), lpad('5', 3, '0'), locate('C', 'abc'), length('é')",
     [("de", "ab", "005", 3, 2)]),
    ("SELECT char_length('é'), substring_index('a.b.c', '.', 2), replace('aXa', 'X', ''), reverse('abc')",
     [(1, "a.b", "aa", "cba")]),
    # shapes
    ("(SELECT id FROM people WHERE id < 2) UNION ALL (SELECT pid FROM pets WHERE pid = 3)", [(1,), (3,)]),
    ("SELECT name FROM people UNION SELECT owner FROM pets WHERE owner IS NOT NULL", [("Ann",), ("Böb",)]),
    ("SELECT id FROM people WHERE age >= ALL (SELECT age FROM people WHERE age IS NOT NULL)", [(3,)]),
    ("SELECT id FROM people WHERE age > ANY (SELECT age FROM people)", [(3,)]),
    ("SELECT id FROM people p WHERE EXISTS (SELECT 1 FROM pets WHERE owner = p.name) ORDER BY 1 LIMIT 1, 2",
     [(2,), (3,)]),
    ("SELECT name FROM people WHERE (age, id) IN (SELECT age, id FROM people WHERE id = 4)", [("bob",)]),
    ("SELECT t.n FROM (SELECT name AS n FROM people) t WHERE t.n = 'BOB' ORDER BY t.n, 1 LIMIT 1", [("Böb",)]),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "rows"), CASES, ids=[c[0][:60] for c in CASES])
def test_mysql_means(sql: str, rows: list[tuple[object, ...]]) -> None:
    result = run_on_tables([PEOPLE, PETS], sql, dialect="mysql")
    assert result.error == ""
    assert _rounded(result.rows) == _rounded(rows)


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("SELECT * FROM people FULL JOIN pets ON pid = id", "no FULL JOIN"),
        ("SELECT now()", "no fixed value"),
        ("SELECT * FROM people WHERE rand() > 0.5", "no fixed value"),
        ("SELECT soundex(name) FROM people", "SOUNDEX is not emulated"),
        ("SELECT `nobody` FROM people", "no such column"),
        ('SELECT * FROM people WHERE nobody = "x"', "no such column"),
        ("SELECT * FROM nobody", "no table 'nobody'; tables here: People, pets"),
    ],
)
def test_what_mysql_refuses_or_is_not_emulated_fails_by_name(sql: str, words: str) -> None:
    assert words in run_on_tables([PEOPLE, PETS], sql, dialect="mysql").error


def test_what_was_asked_before_changes_nothing() -> None:
    tie = "SELECT p.id FROM people p JOIN pets q ON p.name = q.owner GROUP BY p.age ORDER BY count(*) LIMIT 1"
    first = run_on_tables([PEOPLE, PETS], tie, dialect="mysql").rows
    run_on_tables([PEOPLE, PETS], "SELECT * FROM pets q JOIN people p ON p.name = q.owner", dialect="mysql")
    assert run_on_tables([PEOPLE, PETS], tie, dialect="mysql").rows == first


def _rounded(rows: object) -> list[tuple[object, ...]]:
    return [
        tuple(round(v, 4) if isinstance(v := plain(cell), float) else v for cell in row)
        for row in rows  # type: ignore[attr-defined]
    ]


def _literal(value: object) -> str:
    if value is None:
        return "NULL"
    return f"{value:.6g}" if isinstance(value, float) else "'" + str(value).replace("'", "''") + "'"


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    folder = tmp_path_factory.mktemp("judge")
    lines = ["CREATE DATABASE j DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci;", "USE j;"]
    names = {"INTEGER": "int", "VARCHAR": "varchar(80)", "TIMESTAMP": "datetime"}
    for table in (PEOPLE, PETS):
        columns = ", ".join(f"`{c}` {names.get(t, t)}" for c, t in zip(table.columns, table.types, strict=True))
        lines.append(f"CREATE TABLE `{table.name}` ({columns});")
        lines += [f"INSERT INTO `{table.name}` VALUES ({', '.join(map(_literal, row))});" for row in table.rows]
    dump = Path(folder) / "dump.sql"
    dump.write_text("\n".join(lines), encoding="utf-8")
    with mariadb(Path(folder), dump=dump) as connection:
        yield connection


@pytest.mark.slow
@pytest.mark.mariadb
def test_mariadb_gives_the_same_rows(judge: object) -> None:
    cursor = judge.cursor()  # type: ignore[attr-defined]
    cursor.execute("USE j")
    cursor.execute("SET sql_mode = ''")
    wrong = {}
    for sql, rows in CASES:
        cursor.execute(sql.replace("%", "%"))
        given = _rounded(cursor.fetchall())
        if sorted(map(repr, given)) != sorted(map(repr, _rounded(rows))):
            wrong[sql] = (given, rows)
    assert wrong == {}
