"""Text for MRCR conversations: formats, topics, and replies from a small grammar, so that items need no network.

Speed matters here (millions of characters per item), so a sentence is one draw from a pool per slot. How replies are
laid out as a conversation is told in mrcr.py.
"""

import random
from collections.abc import Callable
from typing import NamedTuple

TOPIC = "{t}"


class Format(NamedTuple):
    """`name` with its article; `joiner` stands between sentences; `heading` opens a long enough reply."""

    article: str
    name: str
    joiner: str
    heading: str


def _pool(text: str) -> tuple[str, ...]:
    return tuple(text.split(", "))


FORMATS = (
    Format("a", "poem", "\n", "Ode to {t}\n\n"),
    Format("a", "short story", " ", "The Year of the {t}\n\n"),
    Format("a", "blog post", " ", "# What I learned about {t}\n\n"),
    Format("a", "news article", " ", "**Local report: {t}**\n\n"),
    Format("a", "social media post", " ", "#{t} thoughts: "),
    Format("an", "essay", " ", "An essay concerning {t}.\n\n"),
    Format("a", "speech", " ", "Friends, let us speak of {t}.\n\n"),
    Format("a", "letter", " ", "Dear neighbour, I write about {t}.\n\n"),
    Format("a", "riddle", "\n", "Who am I, if not {t}?\n"),
    Format("a", "song", "\n", "[Verse: {t}]\n"),
    Format("a", "diary entry", " ", "Tonight, again, {t}.\n\n"),
    Format("a", "product review", " ", "Four stars for {t}.\n\n"),
    Format("a", "radio script", "\n", "HOST: Good evening. Tonight: {t}.\n"),
    Format("a", "travel guide", " ", "## Where to meet {t}\n\n"),
    Format("a", "fable", " ", "How {t} got their name.\n\n"),
    Format("an", "interview", "\n", "Q: Why {t}?\n"),
)

TOPICS = _pool(
    "tapirs, rocks, bridges, lanterns, violins, orchards, glaciers, teapots, ferries, beetles, libraries, "
    "windmills, mirrors, puddles, kites, harbours, pianos, mushrooms, clocks, tunnels, candles, owls, gardens, "
    "maps, volcanoes, spoons, herons, carpets, lighthouses, trains, walnuts, umbrellas, comets, foxes, "
    "staircases, postcards, rivers, gloves, melons, sparrows, anchors, bakeries, caravans, deserts, engines, "
    "ferns, geysers, hedgehogs, islands, jackets, kettles, ladders, meadows, needles, otters, pebbles, quilts, "
    "rainbows, saddles, turnips, valleys, wagons, yaks, zebras, acrobats, balloons, cellars, dolphins, elevators, "
    "fountains, goats, hammocks, icicles, jugglers, knots, lemons, marbles, notebooks, oysters, parrots, "
    "quarries, ribbons, scarves, telescopes, urchins, villages, whistles"
)

_WHO = _pool(
    "the old ferryman, a patient teacher, my grandmother, the night porter, two quiet sisters, the village clerk, "
    "a retired pilot, the youngest baker, our neighbour, a travelling judge, the tall gardener, "
    "an anxious tailor, the museum guard, a weary violinist, the new doctor, three students, the harbour master, "
    "a stubborn printer, the mayor, a lost tourist, the choir, an honest broker, the river pilot, a young widow, "
    "the watchmaker, her brother, the beekeeper, a famous painter, the last miner, some farmers"
)
_DID = _pool(
    "praised, counted, followed, sketched, forgot, defended, remembered, described, sold, hid, painted, visited, "
    "ignored, studied, blamed, admired, rescued, misplaced, photographed, questioned, borrowed, welcomed, "
    "measured, envied, dreamed of, wrote about, argued over, waited for, sang to, laughed at"
)
_HOW = _pool(
    "gladly, in silence, without a word, by mistake, with great care, for no reason, at last, in secret, "
    "twice a week, out of habit, with cold hands, before breakfast, after the storm, under protest, by lamplight, "
    "in good faith, almost every day, only once, on a dare, with a borrowed pen"
)
_WHERE = _pool(
    "near the salt marsh, behind the chapel, on the upper road, inside the empty theatre, along the canal, "
    "at the edge of town, in the north tower, beside the frozen pond, beneath the viaduct, "
    "across the market square, in a rented room, on the morning boat, by the broken fence, at the county fair, "
    "among the pine trees, outside the post office, over the tiled roof, between two hills, in the back kitchen, "
    "around the well"
)
_WHAT = _pool(
    "a brass key, the blue ledger, one good coat, an unsigned note, a jar of plums, the wrong ticket, "
    "a wooden flute, half a loaf, the torn map, a paper crown, seven coins, the spare lamp, a bag of seed, "
    "an oil portrait, a cracked bell, the guest list, a silver thimble, one muddy boot, a sealed box, "
    "the weather report"
)
_QUALITY = _pool(
    "stubborn, gentle, overrated, honest, restless, costly, fragile, ancient, cheerful, misunderstood, precise, "
    "noisy, loyal, strange, ordinary, graceful, slow, brave, hollow, generous, curious, bitter, modest, radiant, "
    "clumsy"
)
_Template = tuple[tuple[str, ...], ...]
_SHORT: tuple[_Template, ...] = (
    (_WHO, (" ",), _DID, (" the {t}.",)),
    (("The {t} seem ",), _QUALITY, (" ",), _HOW, (".",)),
    (_WHO, (" ",), _DID, (" ",), _WHAT, (".",)),
)
_LONG: tuple[_Template, ...] = (
    (_WHO, (" ",), _DID, (" the {t} ",), _WHERE, (", ",), _HOW, (".",)),
    (("What makes {t} so ",), _QUALITY, (" is that ",), _WHO, (" once ",), _DID, (" ",), _WHAT, (" ",), _WHERE, (".",)),
    (_WHO, (" carried ",), _WHAT, (" ",), _WHERE, (", and the ",), _QUALITY, (" {t} did not mind.",)),
    (("Some call {t} ",), _QUALITY, ("; others, like ",), _WHO, (", say they are ",), _QUALITY, (".",)),
    (("If you find ",), _WHAT, (" ",), _WHERE, (", ask ",), _WHO, (" who ",), _DID, (" it ",), _HOW, (".",)),
    (_WHO, (" and ",), _WHO, (" traded ",), _WHAT, (" for ",), _WHAT, (" ",), _WHERE, (".",)),
)
_HEADED = 240  # a reply of fewer characters has no room for a heading


def request(form: Format, *, topic: str) -> str:
    """The user's message that asks for a reply, such as "write a poem about tapirs"."""
    return f"write {form.article} {form.name} about {topic}"


def sentence(rng: random.Random, *, topic: str, short: bool = False) -> str:
    """One sentence with a capital and a full stop: about 85 characters, about 40 when `short`."""
    text = _draw(rng.random, _SHORT if short else _LONG)
    return (text[0].upper() + text[1:]).replace(TOPIC, topic)


def reply(rng: random.Random, *, form: Format, topic: str, chars: int) -> str:
    """A reply of about `chars` characters and at least one sentence; fewer than 110 make one short sentence."""
    if chars < 110:
        return sentence(rng, topic=topic, short=True)
    parts = [form.heading] if chars >= _HEADED else [""]
    joiner = form.joiner
    draw = rng.random
    length = len(parts[0])
    while length < chars - 40:
        text = _draw(draw, _LONG)
        parts.append(text[0].upper() + text[1:])
        length += len(text) + 1
    return (parts[0] + joiner.join(parts[1:])).replace(TOPIC, topic)


def _draw(draw: Callable[[], float], templates: tuple[_Template, ...]) -> str:
    template = templates[int(draw() * len(templates))]
    return "".join([pool[int(draw() * len(pool))] if len(pool) > 1 else pool[0] for pool in template])
