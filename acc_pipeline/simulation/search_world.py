"""The search world: a linked collection of pages about one invented coast, and questions that need several of them.

Facts are drawn by a seed, so nothing about them can be known or guessed without the pages. Tools that agents search
the pages with are `search_tools`.
"""

import random
from dataclasses import dataclass, field

from acc_pipeline.simulation import search_names as names

SITE = "https://archive.saltcoast.example"


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
        slug = "-".join(self.title.lower().replace("'", "").replace("&", "and").split())
        return f"{SITE}/{self.kind}/{slug}"


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


def _remarks(draw: random.Random, kind: str, count: int, **values: str) -> str:
    return " ".join(draw.sample(names.REMARKS[kind], count)).format(**values)


def _trade(position: int) -> tuple[str, int, int]:
    """What the person at a position of the list was, and the years in which such people were born."""
    for end, trade, first, last in (
        (6, "shipbuilder", 1741, 1769),
        (16, "captain", 1822, 1884),
        (22, "architect", 1789, 1851),
        (28, "curator", 1858, 1909),
    ):
        if position < end:
            return trade, first, last
    return "surveyor", 1722, 1799


def build(seed: int) -> SearchWorld:
    """The world of a seed."""
    draw = random.Random(f"{seed} search world")
    world = SearchWorld()
    people = [
        f"{first} {last}" for first, last in zip(names.FIRST, draw.sample(names.LAST, len(names.LAST)), strict=True)
    ]
    founders, masters, architects, curators = people[:6], people[6:16], people[16:22], people[22:28]

    def add(kind: str, title: str, paragraphs: list[str], **facts: str) -> None:
        world.pages[title] = Page(title=title, kind=kind, text="\n\n".join(paragraphs), facts=facts)

    for town, festival in zip(names.TOWNS, draw.sample(names.FESTIVALS, len(names.TOWNS)), strict=True):
        people_count = f"{draw.randint(1, 38)},{draw.randint(100, 999)}"
        twin = draw.choice([t for t in names.TOWNS if t != town])
        add(
            "town",
            town,
            [
                f"{town} is a town on the Salt Coast. At the last count it had {people_count} inhabitants. "
                + _remarks(draw, "town", 1),
                f"Every year the town celebrates {festival}, for which former residents come home. "
                f"{_remarks(draw, 'town', 1)} It has long been on friendly terms with {twin}.",
            ],
            people=people_count,
            festival=festival,
        )
    for name in people:
        trade, first, last = _trade(people.index(name))
        born, home = str(draw.randint(first, last)), draw.choice(names.TOWNS)
        teacher = draw.choice([p for p in people[28:] if p != name])
        book = draw.choice(names.BOOKS)
        add(
            "person",
            name,
            [
                f"{name} was a {trade} of the Salt Coast, born in {home} in the year {born}. "
                f"The trade was learned under {teacher}, who had a house by the harbour. "
                + _remarks(draw, "person", 1, name=name),
                f"{name} wrote one book, {book}, which was printed in a small number. "
                + _remarks(draw, "person", 2, name=name),
            ],
            born=born,
            birthplace=home,
            teacher=teacher,
            book=book,
        )
    for yard, founder in zip(names.YARDS, founders, strict=True):
        founded, town = str(draw.randint(1795, 1870)), draw.choice(names.TOWNS)
        add(
            "yard",
            yard,
            [
                f"{yard} built wooden and later iron ships at {town}. It was founded in {founded} by {founder}, whose "
                f"name is still on the gate. {_remarks(draw, 'firm', 1)}",
                f"The yard never had more than two ships on the slip. {_remarks(draw, 'firm', 1)}",
            ],
            founder=founder,
            founded=founded,
        )
    for firm in names.GLASSWORKS:
        founded, town = str(draw.randint(1760, 1850)), draw.choice(names.TOWNS)
        add(
            "firm",
            firm,
            [
                f"The {firm} ground lenses for lighthouses and ships' lamps in {town}. It was founded in {founded}. "
                + _remarks(draw, "firm", 1),
                f"Its glass has a faint green tint by which it can be told from others. {_remarks(draw, 'firm', 1)}",
            ],
            founded=founded,
        )
    for number, ship in enumerate(names.SHIPS):
        yard, port, master = draw.choice(names.YARDS), draw.choice(names.TOWNS), masters[number % len(masters)]
        launched, length = draw.randint(1862, 1921), draw.randint(28, 96)
        add(
            "ship",
            ship,
            [
                f"The {ship} was a {draw.choice(names.KINDS)} of {length} metres, built by {yard} and launched in "
                f"{launched}. {_remarks(draw, 'ship', 1)}",
                f"Her home port was {port} for all of her working life. Her first master, {master}, commanded her for "
                f"{draw.randint(3, 19)} years. {_remarks(draw, 'ship', 2)}",
            ],
            yard=yard,
            port=port,
            master=master,
        )
    for light in names.LIGHTS:
        architect, firm = draw.choice(architects), draw.choice(names.GLASSWORKS)
        add(
            "light",
            light,
            [
                f"{light} is a lighthouse of {draw.randint(14, 52)} metres, first lit in {draw.randint(1841, 1909)}. "
                f"The "
                f"architect was {architect}. {_remarks(draw, 'light', 1)}",
                f"The lens was made by the {firm} and is still in use. {_remarks(draw, 'light', 2)}",
            ],
            architect=architect,
            lens=firm,
        )
    for museum in names.MUSEUMS:
        curator, bell = draw.choice(curators), draw.choice(names.SHIPS)
        add(
            "museum",
            museum,
            [
                f"The {museum} stands in {draw.choice(names.TOWNS)} and holds some {draw.randint(4, 60)}00 objects. "
                f"Its "
                f"first curator was {curator}. {_remarks(draw, 'museum', 1)}",
                f"Its best known piece is the bell of the {bell}. {_remarks(draw, 'museum', 2)} Questions are answered "
                f"by the office at desk@{museum.lower().split()[0]}-museum.example.",
            ],
            curator=curator,
            bell=bell,
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
