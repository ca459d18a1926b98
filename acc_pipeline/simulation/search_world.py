"""The search world: a linked collection of pages about one invented coast, and questions that need several of them.

Facts are drawn by a seed, so nothing about them can be known or guessed without the pages. Tools that agents search
the pages with are `search_tools`.
"""

import random
from dataclasses import dataclass, field

from acc_pipeline.simulation import search_names as names
from acc_pipeline.simulation.search_pages import address, write

# how many people there are of each trade, and when they were born
_TRADES = {"shipbuilder": 6, "captain": 10, "architect": 6, "curator": 6, "surveyor": 4}
_BORN = {
    "shipbuilder": (1741, 1769),
    "captain": (1822, 1884),
    "architect": (1789, 1819),
    "curator": (1858, 1909),
    "surveyor": (1722, 1799),
}


@dataclass(frozen=True)
class Page:
    """One page; `facts` are the values that stand in its text, by name."""

    title: str
    kind: str
    text: str
    facts: dict[str, str]

    @property
    def url(self) -> str:
        """Where the page lies."""
        return address(self.kind, self.title)


@dataclass(frozen=True)
class Chain:
    """A question's way through the pages: from a start page, by the facts that name the next one, to the answer.

    `hops` name facts whose value is the title of the next page; `asks` is the fact of the last page that answers.
    `queries` are what one would search for at each page, `{}` being its title.
    """

    kind: str
    wording: str
    hops: tuple[str, ...]
    asks: str
    queries: tuple[str, ...]


CHAINS = (
    Chain(
        "ship",
        "In which town was the founder of the yard that built the {} born?",
        ("yard", "founder"),
        "birthplace",
        ("{} which yard built her", "{} founder", "{} born birthplace"),
    ),
    Chain(
        "light",
        "What is the title of the book written by the architect of {}?",
        ("architect",),
        "book",
        ("{} architect", "{} book"),
    ),
    Chain(
        "ship",
        "Which yearly festival is held in the home port of the {}?",
        ("port",),
        "festival",
        ("{} home port", "{} festival"),
    ),
    Chain(
        "light",
        "In what year was the firm founded that made the lens of {}?",
        ("lens",),
        "founded",
        ("{} lens maker", "{} founded year"),
    ),
    Chain(
        "museum",
        "Under whom did the first curator of the {} learn the trade?",
        ("curator",),
        "teacher",
        ("{} first curator", "{} apprentice teacher learned"),
    ),
    Chain(
        "ship",
        "In what year was the first master of the {} born?",
        ("master",),
        "born",
        ("{} first master captain", "{} born year"),
    ),
    Chain(
        "museum",
        "Which yard built the ship whose bell is kept in the {}?",
        ("bell",),
        "yard",
        ("{} ship's bell", "{} built by yard"),
    ),
    Chain(
        "light",
        "How many people live in the town where the architect of {} was born?",
        ("architect", "birthplace"),
        "people",
        ("{} architect", "{} born", "{} population inhabitants"),
    ),
)


@dataclass(frozen=True)
class SearchTask:
    """One question with the pages that answer it, in the order in which they are needed."""

    task_id: str
    question: str
    answers: list[str]
    chain: Chain
    path: list[Page]


@dataclass
class SearchWorld:
    """All pages by title."""

    pages: dict[str, Page] = field(default_factory=dict)

    def walk(self, chain: Chain, start: str) -> list[Page]:
        """The pages that a chain leads through from a start page."""
        path = [self.pages[start]]
        for hop in chain.hops:
            path.append(self.pages[path[-1].facts[hop]])
        return path


def build(seed: int) -> SearchWorld:
    """The world of a seed."""
    draw = random.Random(f"{seed} search world")
    world = SearchWorld()
    people = [
        f"{first} {last}" for first, last in zip(names.FIRST, draw.sample(names.LAST, len(names.LAST)), strict=True)
    ]
    by_trade: dict[str, list[str]] = {}
    for trade, count in _TRADES.items():
        begin = sum(map(len, by_trade.values()))
        by_trade[trade] = people[begin : begin + count]

    def add(kind: str, title: str, **facts: str) -> None:
        world.pages[title] = Page(title=title, kind=kind, text=write(kind, title, facts, draw=draw), facts=facts)

    def town() -> str:
        return draw.choice(names.TOWNS)

    for title, festival in zip(names.TOWNS, draw.sample(names.FESTIVALS, len(names.TOWNS)), strict=True):
        people_count = f"{draw.randint(1, 38)},{draw.randint(100, 999)}"
        twin = draw.choice([other for other in names.TOWNS if other != title])
        add("town", title, people=people_count, festival=festival, twin=twin)
    books = draw.sample([f"{first} {second}" for first in names.BOOKS_OF for second in names.BOOKS_ON], len(people))
    for trade, persons in by_trade.items():
        for person in persons:
            born = str(draw.randint(*_BORN[trade]))
            teacher = draw.choice([other for other in by_trade["surveyor"] if other != person])
            add("person", person, trade=trade, born=born, birthplace=town(), teacher=teacher, book=books.pop())
    for yard, founder in zip(names.YARDS, by_trade["shipbuilder"], strict=True):
        add("yard", yard, founder=founder, founded=str(draw.randint(1795, 1830)), place=town())
    for firm in names.GLASSWORKS:
        add("firm", firm, founded=str(draw.randint(1760, 1839)), place=town())
    masters = by_trade["captain"]
    for number, ship in enumerate(names.SHIPS):
        add(
            "ship",
            ship,
            sort=draw.choice(names.KINDS),
            length=str(draw.randint(28, 96)),
            yard=draw.choice(names.YARDS),
            launched=str(draw.randint(1862, 1921)),
            port=town(),
            master=masters[number % len(masters)],
            years=str(draw.randint(3, 19)),
        )
    for light in names.LIGHTS:
        add(
            "light",
            light,
            height=str(draw.randint(14, 52)),
            lit=str(draw.randint(1841, 1899)),
            architect=draw.choice(by_trade["architect"]),
            lens=draw.choice(names.GLASSWORKS),
        )
    for museum in names.MUSEUMS:
        add(
            "museum",
            museum,
            place=town(),
            objects=f"{draw.randint(4, 60)}00",
            curator=draw.choice(by_trade["curator"]),
            bell=draw.choice(names.SHIPS),
            office=f"desk@{museum.lower().split()[0].replace(chr(39), '')}-museum.example",
        )
    return world


def draw_tasks(world: SearchWorld, *, seed: int, count: int) -> list[SearchTask]:
    """So many different questions, kinds of question in turn."""
    draw = random.Random(f"{seed} search tasks")
    by_chain = []
    for chain in CHAINS:
        starts = [page.title for page in world.pages.values() if page.kind == chain.kind]
        draw.shuffle(starts)
        by_chain.append([(chain, start) for start in starts])
    rounds = max(len(one) for one in by_chain)
    chosen = [one[turn] for turn in range(rounds) for one in by_chain if turn < len(one)]
    if count > len(chosen):
        raise ValueError(f"the search world has {len(chosen)} questions: ask for at most so many runs, not {count}")
    tasks = []
    for number, (chain, start) in enumerate(chosen[:count]):
        path = world.walk(chain, start)
        answer = path[-1].facts[chain.asks]
        tasks.append(
            SearchTask(
                task_id=f"saltcoast-{number + 1:03d}",
                question=chain.wording.format(start),
                answers=list(dict.fromkeys([answer, answer.removeprefix("the ").replace(",", "")])),
                chain=chain,
                path=path,
            )
        )
    return tasks
