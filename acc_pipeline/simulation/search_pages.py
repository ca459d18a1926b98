"""How the pages of the search world are worded: paragraphs a kind, remarks that answer nothing, links to other pages.

Turns facts into text; which facts there are is drawn in `search_world`.
"""

import random

from acc_pipeline.simulation.search_names import REMARKS

SITE = "https://archive.saltcoast.example"

# `[say]` stands for a remark
PARAGRAPHS = {
    "town": (
        "{title} is a town on the Salt Coast. At the last count it had {people} inhabitants. [say]",
        "Every year the town celebrates {festival}, for which former residents come home. [say] It has long been on "
        "friendly terms with {twin}.",
    ),
    "person": (
        "{title} was {a} {trade} of the Salt Coast, born in {birthplace} in the year {born}. The trade was learned "
        "under {teacher}, who had a house by the harbour. [say]",
        "{title} wrote one book, {book}, which was printed in a small number. [say] [say]",
    ),
    "yard": (
        "{title} built wooden and later iron ships at {place}. It was founded in {founded} by {founder}, whose name is "
        "still on the gate. [say]",
        "The yard never had more than two ships on the slip. [say]",
    ),
    "firm": (
        "{title} ground lenses for lighthouses and ships' lamps in {place}. The firm was founded in {founded}. [say]",
        "Its glass has a faint green tint by which it can be told from others. [say] [say]",
    ),
    "ship": (
        "The {title} was a {sort} of {length} metres, built by {yard} and launched in {launched}. [say]",
        "Her home port was {port} for all of her working life. Her first master, {master}, commanded her for {years} "
        "years. [say] [say]",
    ),
    "light": (
        "{title} is a lighthouse of {height} metres, first lit in {lit}. The architect was {architect}. [say]",
        "The lens was made by {lens} and is still in use. [say] [say]",
    ),
    "museum": (
        "The {title} stands in {place} and holds some {objects} objects. Its first curator was {curator}. [say]",
        "Its best known piece is the bell of the {bell}. [say] [say] Questions are answered by the office at {office}.",
    ),
}
# facts whose value is the title of a page, with that page's kind
LINKS = {
    "twin": "town",
    "birthplace": "town",
    "teacher": "person",
    "founder": "person",
    "place": "town",
    "yard": "yard",
    "port": "town",
    "master": "person",
    "architect": "person",
    "lens": "firm",
    "curator": "person",
    "bell": "ship",
}


def address(kind: str, title: str) -> str:
    """The URL of a page."""
    slug = "-".join(title.lower().replace("'", "").replace("&", "and").split())
    return f"{SITE}/{kind}/{slug}"


def write(kind: str, title: str, facts: dict[str, str], *, draw: random.Random) -> str:
    """The text of a page as markdown: its paragraphs, and a line of links to the pages that they name."""
    left = draw.sample(REMARKS[kind], len(REMARKS[kind]))
    article = "an" if facts.get("trade", "")[:1] in tuple("aeiou") and "trade" in facts else "a"
    paragraphs = []
    for template in PARAGRAPHS[kind]:
        while "[say]" in template:
            template = template.replace("[say]", left.pop(), 1)
        paragraphs.append(template.format(title=title, a=article, **facts))
    links = [f"[{facts[name]}]({address(to, facts[name])})" for name, to in LINKS.items() if name in facts]
    if links:
        paragraphs.append("See also: " + ", ".join(links))
    return "\n\n".join(paragraphs)
