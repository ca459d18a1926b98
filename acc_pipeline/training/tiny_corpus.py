"""Text from a seed on which the tiny tokenizer is trained: prose, code, SQL, tables, JSON and chat scaffolding.

Written here in full, so that the tokenizer is the same on every machine; nothing of the installed packages or of the
user's logs goes in.
"""

import random
from collections.abc import Iterator

COMMON = """the of and to in a is that for it as was with be by on not he this are or his from at which but have an had
they you were their one all we can her has there been if more when will would who so no out up into them then she many
some these two may other than its now like time very only over just also after first most people before because between
through where how does each much such long great another while last three under never place same help around home day
water number part work year make see way use should still must back good new sound take know found hand right big high
high own want air well large end off every set put small three state say small turn ask why read act need house move
try light kind head name point page answer play world study learn school letter still night life few open north south
east west river mountain lake city town island country village castle bridge harbour tower garden forest station road
museum church library university company museum ship railway line building built founded opened designed named known
called born died wrote married lived worked moved became served won lost held led joined returned painted composed
invented discovered published year century king queen president minister general captain doctor professor engineer
architect author poet painter composer singer scientist explorer father mother brother sister son daughter wife husband
population area height length capital region province district language currency river near within during since until
according including about above below against without early late old young famous important several different based
follow following question documents document context search result results visit source title text article link summary
evidence reason reasoning therefore because according states says shows given means final step thought observation
action finish correct wrong""".split()

TECHNICAL = """def return import from class self None True False if else elif for while try except raise with as not in is and or
lambda yield assert print len range list dict set tuple str int float bool type value values key keys item items index
name names path file files line lines test tests error errors function method argument arguments module package object
data config option options default result results count total sum average min max size start stop end first last next
previous current input output read write open close create update delete insert append remove replace split join strip
parse format load save build run check verify compute convert normalize round price order orders customer customers
product products employee employees department student students course courses score scores grade date time month year
day address phone email country countries city cities quantity amount balance account salary age status category
description command execute bash python pytest git diff patch commit edit view create find grep cat ls cd echo sed
submit traceback raise expected actual failed passed assertion utils helpers core models parser tokens stack queue node
nodes graph edge edges parent parents depth breadth needle poem story song letter essay review speech recipe riddle""".split()

SQL = """SELECT FROM WHERE GROUP BY ORDER HAVING JOIN LEFT INNER ON AS AND OR NOT IN LIKE BETWEEN DISTINCT COUNT SUM AVG
MIN MAX LIMIT DESC ASC UNION INSERT INTO VALUES CREATE TABLE PRIMARY KEY FOREIGN INTEGER VARCHAR TEXT DOUBLE DATE NULL
SHOW TABLES DESCRIBE""".split()


def _prose(rng: random.Random) -> str:
    words = [rng.choice(COMMON if rng.random() < 0.85 else TECHNICAL) for _ in range(rng.randint(6, 18))]
    if rng.random() < 0.4:
        place = rng.randrange(len(words))
        words[place] = words[place].capitalize()
    if rng.random() < 0.3:
        words.insert(rng.randrange(len(words)), str(rng.randint(1, 2030)))
    sentence = " ".join(words)
    return sentence[0].upper() + sentence[1:] + rng.choice([". ", ".\n", "? ", ", ", ".\n\n", ": ", "; "])


def _name(rng: random.Random) -> str:
    first, second = rng.choice(TECHNICAL), rng.choice(COMMON + TECHNICAL)
    return rng.choice([first, f"{first}_{second}", first.capitalize() + second.capitalize(), f"{first}.{second}"])


def _code(rng: random.Random) -> str:
    name, argument, other = _name(rng), _name(rng), _name(rng)
    return rng.choice(
        [
            f"def {name}({argument}: str, {other}: int = {rng.randint(0, 9)}) -> None:\n    return {argument}\n\n",
            f'    if {argument} == {other}:\n        raise ValueError(f"{name}: {{{argument}}}")\n',
            f"    for {argument} in {other}.items():\n        self.{name}.append({argument})\n",
            f'class {name}:\n    """{rng.choice(COMMON)} {rng.choice(COMMON)} {argument}."""\n\n',
            f"from {argument} import {other}\nassert {name}({rng.randint(0, 99)}) == {rng.randint(0, 99)}\n",
            f"--- a/{argument}.py\n+++ b/{argument}.py\n@@ -1,{rng.randint(2, 9)} +1,7 @@\n-    {name}\n+    {other}\n",
        ]
    )


def _sql(rng: random.Random) -> str:
    table, column, other = rng.choice(TECHNICAL), _name(rng), rng.choice(TECHNICAL)
    words = " ".join(rng.choice(SQL) for _ in range(rng.randint(1, 4)))
    return f"SELECT {column}, {words}({other}) FROM {table} WHERE {other} = '{rng.choice(COMMON)}' {words} {column};\n"


def _table(rng: random.Random) -> str:
    cells = [rng.choice([rng.choice(COMMON), str(rng.randint(0, 9999)), "NULL", _name(rng)]) for _ in range(4)]
    return rng.choice([f"| {' | '.join(cells)} |\n", f"{','.join(cells)}\n", "\t".join(cells) + "\n"])


def _json(rng: random.Random) -> str:
    pairs = ", ".join(f'"{_name(rng)}": "{rng.choice(COMMON)}"' for _ in range(2))
    return f'{{"name": "{_name(rng)}", "arguments": {{{pairs}}}}}\nhttps://www.example.org/wiki/{_name(rng)}\n'


def _edges(rng: random.Random) -> str:
    return f"{rng.randbytes(5).hex()} -> {rng.randbytes(5).hex()}\nFinal Answer: [{rng.randbytes(5).hex()}]\n"


def corpus(*, seed: int = 0, chunks: int = 24_000) -> Iterator[str]:
    """`chunks` pieces of text, about 70 characters each."""
    rng = random.Random(seed)
    makers = [_prose, _code, _sql, _table, _json, _edges]
    for _ in range(chunks):
        yield rng.choices(makers, weights=[12, 4, 2, 2, 2, 1])[0](rng)
