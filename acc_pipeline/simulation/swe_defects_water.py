"""Defects in what portcall knows about ships, tides, wind and berths.

Data only: `swe_defect` tells what the fields mean.
"""

from acc_pipeline.simulation.swe_defect import Defect, Edit

WATER = [
    Defect(
        module="units",
        symbol="parse_length",
        title="Lengths with a thousands separator cannot be read",
        body="A manifest from the yard gives the quay as `1,250 ft`. `parse_length` stops on it with a ValueError, "
        "although the text is what its own description promises. It should come out as 381 metres.",
        edits=[
            Edit(
                'text.strip().lower().replace(",", "")',
                "text.strip().lower()",
                'text.strip().lower().replace(",", ".")',
            )
        ],
        probe="from portcall.units import parse_length\nprint(parse_length('1,250 ft') > 0)",
        tests="from portcall.units import parse_length\n"
        "assert abs(parse_length('1,250 ft') - 381.0) < 1e-9, parse_length('1,250 ft')\n"
        "assert parse_length('2,000 m') == 2000.0\nassert abs(parse_length('41 FT') - 12.4968) < 1e-9",
        also_read=["berths"],
    ),
    Defect(
        module="units",
        symbol="knots_to_kmh",
        title="Speeds on the public screen are too low",
        body="The pilot boat logs 20 knots, and the public screen shows 32.2 km/h for the same minute. By the chart "
        "room's table it should be 37.0. Wind force from kilometres an hour looks wrong as well, in the "
        "other direction.",
        edits=[Edit("KMH_PER_KNOT = 1.852", "KMH_PER_KNOT = 1.609")],
        probe="from portcall.units import knots_to_kmh\nprint(round(knots_to_kmh(20), 1))",
        tests="from portcall.units import knots_to_kmh\nfrom portcall.weather import from_kmh\n"
        "assert abs(knots_to_kmh(20) - 37.04) < 1e-9, knots_to_kmh(20)\nassert from_kmh(62.0) == 7, from_kmh(62.0)",
        also_read=["weather"],
    ),
    Defect(
        module="tides",
        symbol="next_high",
        title="At the very minute of high water the board announces the following one",
        body="With a table that has high waters at minutes 190 and 935, `next_high(table, 190)` answers the one "
        "at 935. "
        "The one at 190 is what the skippers expect: it is happening right then.",
        edits=[
            Edit(
                "if extreme.high and extreme.minute >= minute:",
                "if extreme.high and extreme.minute > minute:",
                "if extreme.minute >= minute:",
            )
        ],
        probe="from portcall.tides import Extreme, next_high\n"
        "table = [Extreme(190, 4.1, True), Extreme(560, 0.9, False), Extreme(935, 4.4, True)]\n"
        "print(next_high(table, 190).minute)",
        tests="from portcall.tides import Extreme, next_high\n"
        "table = [Extreme(190, 4.1, True), Extreme(560, 0.9, False), Extreme(935, 4.4, True)]\n"
        "assert next_high(table, 190).minute == 190\nassert next_high(table, 200).minute == 935\n"
        "assert next_high(table, 936) is None",
        also_read=["board"],
    ),
    Defect(
        module="tides",
        symbol="mean_range",
        title="mean_range depends on how many low waters the table lists",
        body="Our table for Monday has two highs of 4.0 m and three lows of 1.0 m. `mean_range` says 2.5, where 3.0 is "
        "right: the mean of the highs less the mean of the lows.",
        edits=[
            Edit(
                "sum(highs) / len(highs) - sum(lows) / len(lows)",
                "sum(highs) / len(highs) - sum(lows) / len(highs)",
                "max(highs) - min(lows)",
            )
        ],
        probe="from portcall.tides import Extreme, mean_range\n"
        "table = [Extreme(m, h, h > 2) for m, h in [(0, 1.0), (370, 4.0), (740, 1.0), (1110, 4.0), (1430, 1.0)]]\n"
        "print(mean_range(table))",
        tests="from portcall.tides import Extreme, mean_range\n"
        "t = [Extreme(m, h, h > 2) for m, h in [(0, 1.0), (370, 4.0), (740, 1.0), (1110, 4.0), (1430, 1.0)]]\n"
        "assert mean_range(t) == 3.0, mean_range(t)\n"
        "u = [Extreme(0, 1.0, False), Extreme(370, 4.0, True), Extreme(740, 1.4, False), Extreme(1100, 5.0, True)]\n"
        "assert abs(mean_range(u) - 3.3) < 1e-9, mean_range(u)",
    ),
    Defect(
        module="berths",
        symbol="fits",
        title="Deep ships are sent to berths where they would touch ground",
        body="The *Corvina* draws 6.2 m and was given a berth with 6.3 m of water. The rules ask for half a metre "
        "under "
        "the keel, so `fits` must refuse that berth unless the tide helps.",
        edits=[
            Edit(
                "deep_enough = berth.depth + tide - ship.draught >= CLEARANCE",
                "deep_enough = berth.depth + tide >= ship.draught",
                "deep_enough = berth.depth - ship.draught >= CLEARANCE",
            )
        ],
        probe="from portcall.berths import Berth, Ship, fits\n"
        "print(fits(Ship('Corvina', 80, 6.2), Berth('North', 120, 6.3)))",
        tests="from portcall.berths import Berth, Ship, fits\n"
        "corvina, north = Ship('Corvina', 80, 6.2), Berth('North', 120, 6.3)\n"
        "assert not fits(corvina, north)\nassert fits(corvina, north, tide=0.5)\n"
        "assert not fits(Ship('Long', 115, 3.0), north)",
        also_read=["tides"],
    ),
    Defect(
        module="berths",
        symbol="allocate",
        title="Small boats take up the long berths",
        body="On Tuesday a 20 m yacht was put at the 300 m quay while a 40 m berth was free, and the evening "
        "ferry found "
        "no place. `allocate` should give a ship the shortest free berth that fits her.",
        edits=[
            Edit(
                "berth = min(fitting, key=lambda b: (b.length, b.name))",
                "berth = fitting[0]",
                "berth = min(fitting, key=lambda b: (b.name, b.length))",
            )
        ],
        probe="from portcall.berths import Berth, Quay, Ship\n"
        "quay = Quay([Berth('West', 300, 9), Berth('East', 40, 4)])\nprint(quay.allocate(Ship('Yacht', 20, 2)).name)",
        tests="from portcall.berths import Berth, Quay, Ship\n"
        "quay = Quay([Berth('Alpha', 300, 9), Berth('Beta', 40, 4), Berth('Gamma', 120, 7)])\n"
        "assert quay.allocate(Ship('Yacht', 20, 2)).name == 'Beta'\n"
        "assert quay.allocate(Ship('Tern', 20, 2)).name == 'Gamma'\n"
        "assert quay.allocate(Ship('Skua', 20, 2)).name == 'Alpha'",
        also_read=["waiting"],
    ),
    Defect(
        module="waiting",
        symbol="WaitingList",
        title="Ships of the same class are called in alphabetical order",
        body="The *Zephyr* anchored before the *Albatross*, both without urgency, and the *Albatross* was called "
        "first. "
        "Within a class the order of arrival should decide, also after somebody was made urgent.",
        edits=[
            Edit(
                "        heapq.heappush(self.entries, (urgency, self.arrived, ship))\n        self.arrived += 1\n",
                "        heapq.heappush(self.entries, (urgency, 0, ship))\n",
                "        heapq.heappush(self.entries, (urgency, len(self.entries), ship))\n",
            ),
        ],
        probe="from portcall.waiting import WaitingList\nlist_ = WaitingList()\nlist_.add('Zephyr')\n"
        "list_.add('Albatross')\nprint(list_.order())",
        tests="from portcall.waiting import WaitingList\nw = WaitingList()\nw.add('Zephyr')\nw.add('Albatross')\n"
        "assert w.order() == ['Zephyr', 'Albatross'], w.order()\nassert w.next() == 'Zephyr'\nw.add('Aalscholver')\n"
        "assert w.order() == ['Albatross', 'Aalscholver'], w.order()",
        also_read=["berths"],
    ),
    Defect(
        module="weather",
        symbol="harbour_state",
        title="Heavy swell without wind leaves the harbour open",
        body="After the storm of last week there was no wind, but a swell of 4.5 m stood into the entrance, and "
        "the screen "
        "said `open`. Wind or swell, whichever is worse, should decide.",
        edits=[
            Edit(
                '    if force >= 9 or swell >= 4.0:\n        return "closed"\n    if force >= 7 or swell >= 2.5:\n',
                '    if force >= 9 and swell >= 4.0:\n        return "closed"\n    if force >= 7 and swell >= 2.5:\n',
                '    if force >= 9 or swell >= 4.0:\n        return "closed"\n    if force >= 7 and swell >= 2.5:\n',
            )
        ],
        probe="from portcall.weather import harbour_state\nprint(harbour_state(0, 4.5))",
        tests="from portcall.weather import harbour_state\nassert harbour_state(0, 4.5) == 'closed'\n"
        "assert harbour_state(2, 3.0) == 'restricted', harbour_state(2, 3.0)\n"
        "assert harbour_state(30, 0.2) == 'restricted'\nassert harbour_state(5, 1.0) == 'open'",
        also_read=["units"],
    ),
    Defect(
        module="weather",
        symbol="beaufort",
        title="A wind of exactly 16 knots is given one force too high",
        body="By the table in the code 16 knots is still force 4. `beaufort(16)` gives 5, and in the same way 21 "
        "gives 6.",
        edits=[
            Edit(
                "        if whole <= limit:",
                "        if whole < limit:",
                "        if whole - 1 < limit and force > 0:",
            )
        ],
        probe="from portcall.weather import beaufort\nprint(beaufort(16), beaufort(21))",
        tests="from portcall.weather import beaufort\nassert beaufort(16) == 4\nassert beaufort(21) == 5\n"
        "assert beaufort(0) == 0, beaufort(0)\nassert beaufort(63.4) == 11\nassert beaufort(64) == 12",
        also_read=["units"],
    ),
]
