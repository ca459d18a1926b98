"""Questions for the sql worlds, with the right query, and a wrong one that looks right.

Data only: `{}` fields are filled from the database itself. SQL is DuckDB's.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Template:
    """`fill` is a query whose rows offer values for the fields `{0}`, `{1}` …; empty when there are none.

    `first` is a query that the agent tries first and that fails; `tables` are what it looks at.
    """

    database: str
    question: str
    right: str
    wrong: str
    tables: tuple[str, ...]
    fill: str = ""
    first: str = ""
    hardness: str = "medium"


_H, _O, _R = "harbour_office", "orchard_coop", "reading_room"

TEMPLATES = [
    Template(
        _H,
        "Which ships have called at berth {0}, and how often did each of them lie there?",
        "SELECT v.name, COUNT(*) AS calls FROM port_calls c JOIN vessels v ON v.vessel_id = c.vessel_id "
        "WHERE c.berth = '{0}' GROUP BY v.name ORDER BY v.name",
        "SELECT v.name, COUNT(*) AS calls FROM port_calls c JOIN vessels v ON v.vessel_id = c.vessel_id "
        "GROUP BY v.name ORDER BY v.name",
        ("vessels", "port_calls"),
        fill="SELECT berth FROM port_calls GROUP BY berth HAVING COUNT(*) BETWEEN 2 AND 5 ORDER BY berth",
        first="SELECT ship, COUNT(*) FROM port_calls WHERE berth = '{0}' GROUP BY ship",
    ),
    Template(
        _H,
        "How many tonnes of {0} were brought in altogether?",
        "SELECT SUM(tonnes) FROM cargo WHERE goods = '{0}'",
        "SELECT COUNT(*) FROM cargo WHERE goods = '{0}'",
        ("cargo",),
        fill="SELECT goods FROM cargo GROUP BY goods HAVING COUNT(*) > 2 ORDER BY goods",
        hardness="easy",
    ),
    Template(
        _H,
        "Name the ships that are still in port, with the time they arrived, the longest waiting first.",
        "SELECT v.name, c.arrived FROM port_calls c JOIN vessels v USING (vessel_id) WHERE c.left_at IS NULL "
        "ORDER BY c.arrived",
        "SELECT v.name, c.arrived FROM port_calls c JOIN vessels v USING (vessel_id) WHERE c.left_at IS NOT NULL "
        "ORDER BY c.arrived",
        ("port_calls", "vessels"),
        first="SELECT v.name, c.arrived FROM port_calls c JOIN vessels v USING (vessel_id) WHERE c.departed IS NULL",
    ),
    Template(
        _H,
        "What did ships under the flag of {0} pay in fees, in total?",
        "SELECT SUM(c.fee) FROM port_calls c JOIN vessels v ON v.vessel_id = c.vessel_id WHERE v.flag = '{0}'",
        "SELECT AVG(c.fee) FROM port_calls c JOIN vessels v ON v.vessel_id = c.vessel_id WHERE v.flag = '{0}'",
        ("vessels", "port_calls"),
        fill="SELECT v.flag FROM vessels v JOIN port_calls c USING (vessel_id) GROUP BY v.flag "
        "HAVING COUNT(*) > 1 ORDER BY v.flag",
    ),
    Template(
        _H,
        "Which ship brought the heaviest single consignment of {0}, and how heavy was it?",
        "SELECT v.name, g.tonnes FROM cargo g JOIN port_calls c USING (call_id) JOIN vessels v USING (vessel_id) "
        "WHERE g.goods = '{0}' ORDER BY g.tonnes DESC LIMIT 1",
        "SELECT v.name, g.tonnes FROM cargo g JOIN port_calls c USING (call_id) JOIN vessels v USING (vessel_id) "
        "ORDER BY g.tonnes DESC LIMIT 1",
        ("cargo", "port_calls", "vessels"),
        fill="SELECT goods FROM cargo WHERE goods <> (SELECT goods FROM cargo ORDER BY tonnes DESC LIMIT 1) "
        "GROUP BY goods HAVING COUNT(*) > 1 ORDER BY goods",
        hardness="hard",
    ),
    Template(
        _H,
        "Which vessels have no owner on record? Give name and tonnage, the largest first.",
        "SELECT name, gross_tonnage FROM vessels WHERE owner IS NULL ORDER BY gross_tonnage DESC",
        "SELECT name, gross_tonnage FROM vessels WHERE owner = '' ORDER BY gross_tonnage DESC",
        ("vessels",),
        hardness="easy",
    ),
    Template(
        _H,
        "How many calls were there on the {0} quay, and what is its greatest depth in metres?",
        "SELECT COUNT(c.call_id), MAX(b.depth_m) FROM berths b LEFT JOIN port_calls c ON c.berth = b.berth "
        "WHERE b.quay = '{0}'",
        "SELECT COUNT(*), MAX(depth_m) FROM berths WHERE quay = '{0}'",
        ("berths", "port_calls"),
        fill="SELECT DISTINCT quay FROM berths ORDER BY quay",
    ),
    Template(
        _H,
        "Which vessels were launched before {0}? List their names in the order of their launch.",
        "SELECT name FROM vessels WHERE launched < DATE '{0}-01-01' ORDER BY launched, name",
        "SELECT name FROM vessels WHERE launched >= DATE '{0}-01-01' ORDER BY launched, name",
        ("vessels",),
        fill="SELECT y FROM (VALUES (1980), (1985), (1990)) AS t(y) WHERE "
        "(SELECT COUNT(*) FROM vessels WHERE year(launched) < y) BETWEEN 2 AND 8 ORDER BY y",
        hardness="easy",
    ),
    Template(
        _O,
        "How many kilos of grade {0} fruit has each valley delivered? Order by valley.",
        "SELECT g.valley, SUM(d.kilos) FROM deliveries d JOIN growers g USING (grower_id) WHERE d.grade = '{0}' "
        "GROUP BY g.valley ORDER BY g.valley",
        "SELECT g.valley, SUM(d.kilos) FROM deliveries d JOIN growers g USING (grower_id) "
        "GROUP BY g.valley ORDER BY g.valley",
        ("deliveries", "growers"),
        fill="SELECT DISTINCT grade FROM deliveries ORDER BY grade",
        first="SELECT valley, SUM(kilos) FROM deliveries WHERE grade = '{0}' GROUP BY valley",
    ),
    Template(
        _O,
        "Which growers have not delivered anything?",
        "SELECT g.name FROM growers g LEFT JOIN deliveries d USING (grower_id) WHERE d.delivery_id IS NULL "
        "ORDER BY g.name",
        "SELECT g.name FROM growers g JOIN deliveries d USING (grower_id) WHERE d.kilos = 0 ORDER BY g.name",
        ("growers", "deliveries"),
    ),
    Template(
        _O,
        "What is {0}'s revenue, kilos times price, from everything delivered?",
        "SELECT SUM(d.kilos * d.price_per_kilo) FROM deliveries d JOIN growers g USING (grower_id) WHERE "
        "g.name = '{0}'",
        "SELECT SUM(d.kilos) * SUM(d.price_per_kilo) FROM deliveries d JOIN growers g USING (grower_id) "
        "WHERE g.name = '{0}'",
        ("growers", "deliveries"),
        fill="SELECT g.name FROM growers g JOIN deliveries d USING (grower_id) GROUP BY g.name HAVING COUNT(*) > 1 "
        "ORDER BY g.name",
        hardness="hard",
    ),
    Template(
        _O,
        "Which fruit varieties stand on their own roots, that is, have no rootstock?",
        "SELECT variety, fruit FROM varieties WHERE rootstock IS NULL ORDER BY variety",
        "SELECT variety, fruit FROM varieties WHERE rootstock IS NOT NULL ORDER BY variety",
        ("varieties",),
        hardness="easy",
    ),
    Template(
        _O,
        "On which day was the largest load of {0} delivered, who brought it, and how many kilos was it?",
        "SELECT d.delivered, g.name, d.kilos FROM deliveries d JOIN growers g USING (grower_id) "
        "JOIN varieties v USING (variety) WHERE v.fruit = '{0}' ORDER BY d.kilos DESC LIMIT 1",
        "SELECT d.delivered, g.name, d.kilos FROM deliveries d JOIN growers g USING (grower_id) "
        "JOIN varieties v USING (variety) WHERE v.fruit = '{0}' ORDER BY d.delivered DESC LIMIT 1",
        ("deliveries", "growers", "varieties"),
        fill="SELECT v.fruit FROM deliveries d JOIN varieties v USING (variety) GROUP BY v.fruit "
        "HAVING COUNT(*) > 2 AND arg_max(d.kilos, d.delivered) < MAX(d.kilos) ORDER BY v.fruit",
        first="SELECT delivered, name, kilos FROM deliveries JOIN growers USING (grower_id) WHERE fruit = '{0}'",
        hardness="hard",
    ),
    Template(
        _O,
        "How many hectares do the growers of {0} work together, and how many growers are they?",
        "SELECT SUM(hectares), COUNT(*) FROM growers WHERE valley = '{0}'",
        "SELECT MAX(hectares), COUNT(*) FROM growers WHERE valley = '{0}'",
        ("growers",),
        fill="SELECT valley FROM growers GROUP BY valley HAVING COUNT(*) > 1 ORDER BY valley",
        hardness="easy",
    ),
    Template(
        _O,
        "For each variety that was delivered more than {0} times, give the lowest and the highest price per kilo.",
        "SELECT variety, MIN(price_per_kilo), MAX(price_per_kilo) FROM deliveries GROUP BY variety "
        "HAVING COUNT(*) > {0} ORDER BY variety",
        "SELECT variety, MIN(price_per_kilo), MAX(price_per_kilo) FROM deliveries GROUP BY variety "
        "HAVING MIN(kilos) > {0} ORDER BY variety",
        ("deliveries",),
        fill="SELECT n FROM (VALUES (2), (3), (4)) AS t(n) WHERE "
        "(SELECT COUNT(*) FROM (SELECT 1 FROM deliveries GROUP BY variety HAVING COUNT(*) > n)) > 1 ORDER BY n",
    ),
    Template(
        _O,
        "Which growers joined before {0}? Give their names and valleys.",
        "SELECT name, valley FROM growers WHERE joined < DATE '{0}-01-01' ORDER BY name",
        "SELECT name, valley FROM growers WHERE joined > DATE '{0}-01-01' ORDER BY name",
        ("growers",),
        fill="SELECT y FROM (VALUES (2000), (2005), (2010)) AS t(y) WHERE "
        "(SELECT COUNT(*) FROM growers WHERE year(joined) < y) BETWEEN 2 AND 7 ORDER BY y",
        hardness="easy",
    ),
]

MISSING = Template(
    _R,
    "Which members have a book at home that they have not brought back, and which book is it?",
    "SELECT m.name, l.title FROM loans l JOIN members m USING (member_id) WHERE l.returned IS NULL ORDER BY l.loan_id",
    "SELECT m.name, l.title FROM loans l JOIN members m USING (member_id) ORDER BY l.loan_id",
    ("members", "loans"),
)
