"""Text from a seed on which the tiny tokenizer is trained: prose, code, SQL, tables, JSON and chat scaffolding.

Written here in full, so that the tokenizer is the same on every machine; nothing of the installed packages or of the
user's logs goes in.
"""

import random
from collections.abc import Iterator

COMMON = """
the of and to in a is that for it as was with be by on not he this are or his from at which but have an had they you
were their one all we can her has there been if more when will would who so no out up into them then she many some
these two may other than its now like time very only over just also after first most people before because between
through where how does each much such long great another while last three under never place same help around home day
water number part work year make see way use should still must back good new sound take know found hand right big high
own want air well large end off every set put small state say turn ask why read act need house move try light kind
head name point page answer play world study learn school letter night life few open north south east west river
mountain lake city town island country village castle bridge harbour tower garden forest station road museum church
library university company ship railway line building built founded opened designed named known called born died wrote
married lived worked moved became served won lost held led joined returned painted composed invented discovered
published century king queen president minister general captain doctor professor engineer architect author poet
painter composer singer scientist explorer father mother brother sister son daughter wife husband population area
height length capital region province district language currency near within during since until according including
about above below against without early late old young famous important several different based follow following
question documents document context search result results visit source title text article link summary evidence reason
reasoning therefore states says shows given means final step thought observation action finish correct wrong account
active actor agent ago agree album allow almost alone along already although always among amount announced annual any
appear april army arrive art asked association attack august available award away bank base beautiful become began
begin behind believe best better beyond black blue board body book border both box boy bring british brought business
buy came car care carry case cause central centre certain chance change child children choose citizen civil clear
close coast cold college colour common community complete computer concert condition connect consider construction
contain continue control cost could council couple course court cover cross culture cut dark dead death december
decide deep defence degree department describe design develop development did die difference difficult direct director
discover do done door down dream drive easy economic education effect eight election empire english enough enter equal
especially establish estate europe even event ever example expect experience explain express eye face fact fall family
far farm feature february feel feet festival field fight figure fill film fire fish five floor flow flower food foot
force foreign form former forward four free french friday friend front full future game gave german get girl give
glass go god gold gone got government grand grass ground group grow half happen happy hard hear heart heat heavy here
herself him himself historic history hold hope horse hospital hot hour however human hundred ice idea image industry
information inside instead institute interest international iron itself january job journal july june justice kept
kill kilometres knew knowledge labour land largest later law lay lead leader learned least leave legal less let level
lie limited list listen local look love low machine made magazine main major man map march mark market mass material
matter maximum me mean measure meet meeting member men metal method metres middle might mile military mill million
mind minute miss model modern moment money month moon morning mountains movement music my national nature navy
necessary network news nine nobel non none normal northern note nothing november novel object october office officer
often oil once opera opinion opposite order organisation original others our outside owner paid paper park particular
party pass past pay peace per perhaps period person physics picture piece plan plant please political poor popular
position possible power practice prepare present press price prince private prize problem process produce production
professional programme project property protect prove provide public pull purpose push quarter quick quite race rain
raise ran rate reach ready real really receive recent record red regular related remain remember report represent
research rest return rich ride rise rock role room rose royal rule sail saint saw science sea season seat second
section seem seen self sell senate send sense sent september serve service session seven shape share short show side
sign silver similar simple single sit site six size sky sleep slow society soft soldier something song soon sort
southern space speak special spoke sport spring square stage stand standard star statement stay steel stone stood stop
store story street strong structure student success sun support sure surface system talk tax teach team technology
tell temple ten term test thank theatre themselves theory thing think third though thousand thus times today together
told tonight too took top total toward trade traditional train travel tree tribe trip true trust twenty type
understand union unit upon us usual valley value variety victory view visitor voice wait walk wall war warm watch wave
week weight went western whether white whole whose wide wild wind window winter wish woman women wood word worth write
yes yet hello user assistant
""".split()  # noqa: SIM905

TECHNICAL = """
def return import from class self None True False if else elif for while try except raise with as not in is and or
lambda yield assert print len range list dict set tuple str int float bool type value values key keys item items index
name names path file files line lines test tests error errors function method argument arguments module package object
data config option options default result results count total sum average min max size start stop end first last next
previous current input output read write open close create update delete insert append remove replace split join strip
parse format load save build run check verify compute convert normalize round price order orders customer customers
product products employee employees department student students course courses score scores grade date time month year
day address phone email country countries city cities quantity amount balance account salary age status category
description command execute bash python pytest git diff patch commit edit view find grep cat ls cd echo sed submit
traceback expected actual failed passed assertion utils helpers core models parser tokens stack queue node nodes graph
edge edges parent parents depth breadth needle poem story song letter essay review speech recipe riddle
""".split()  # noqa: SIM905

SQL = """
SELECT FROM WHERE GROUP BY ORDER HAVING JOIN LEFT INNER ON AS AND OR NOT IN LIKE BETWEEN DISTINCT COUNT SUM AVG MIN
MAX LIMIT DESC ASC UNION INSERT INTO VALUES CREATE TABLE PRIMARY KEY FOREIGN INTEGER VARCHAR TEXT DOUBLE DATE NULL
SHOW TABLES DESCRIBE
""".split()  # noqa: SIM905

# Endings and a few words that are none teach the pieces of words that stand in no list.
ENDINGS = ["", "s", "ed", "ing", "er", "ly", "ment", "tion", "able", "ness", "ity", "ive", "al", "ous", "ance", "est"]


def _word(rng: random.Random) -> str:
    ending = rng.choices(ENDINGS, weights=[60, *[1] * (len(ENDINGS) - 1)])[0]
    return rng.choice(COMMON if rng.random() < 0.85 else TECHNICAL) + ending


def _prose(rng: random.Random) -> str:
    words = [_word(rng) for _ in range(rng.randint(6, 18))]
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
