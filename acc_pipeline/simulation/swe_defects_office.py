"""Defects in what portcall knows about bills, working days, manifests and the board.

Data only: `swe_defect` tells what the fields mean.
"""

from acc_pipeline.simulation.swe_defect import Defect, Edit

OFFICE = [
    Defect(
        module="billing",
        symbol="price_per_ton",
        title="A ship of exactly 500 tons pays the price of the next bracket",
        body='The tariff reads "up to and including 500 tons: 0.42". For 500 tons `dues` gives 185.00; the ledger has '
        "210.00. The same happens at 3000 and 10000.",
        edits=[
            Edit(
                "        if tonnage <= limit:",
                "        if tonnage < limit:",
                "        if tonnage < limit or tonnage == 500:",
            )
        ],
        probe="from portcall.billing import dues\nprint(dues(500))",
        tests="from decimal import Decimal\nfrom portcall.billing import dues\n"
        "assert dues(500) == Decimal('210.00'), dues(500)\nassert dues(3000) == Decimal('1110.00'), dues(3000)\n"
        "assert dues(10000) == Decimal('3100.00'), dues(10000)\nassert dues(501) == Decimal('185.37')",
    ),
    Defect(
        module="billing",
        symbol="to_cents",
        title="Invoices differ from the ledger by one cent",
        body="A late fee of 2 % on 131.25 comes out as 2.62 where the ledger has 2.63, while other invoices "
        "agree. Halves of a cent should always go up; anything else is to be rounded as before.",
        edits=[
            Edit(
                "amount.quantize(CENT, rounding=ROUND_HALF_UP)",
                "amount.quantize(CENT)",
                'amount.quantize(CENT, rounding="ROUND_UP")',
            )
        ],
        probe="from decimal import Decimal\nfrom portcall.billing import late_fee\n"
        "print(late_fee(Decimal('131.25'), 7))",
        tests="from decimal import Decimal\nfrom portcall.billing import late_fee, to_cents\n"
        "assert late_fee(Decimal('131.25'), 7) == Decimal('2.63')\nassert to_cents(Decimal('0.125')) == "
        "Decimal('0.13')\n"
        "assert to_cents(Decimal('4.401')) == Decimal('4.40'), to_cents(Decimal('4.401'))",
    ),
    Defect(
        module="billing",
        symbol="dues",
        title="Museum ships get a bill for the minimum",
        body="Ships of kind `museum` have a discount of 100 %, yet `dues(60, 'museum')` is 35.00. The minimum "
        "belongs to "
        "the full price, before any discount; fishing boats below the minimum are affected in the same way.",
        edits=[
            Edit(
                "    full = max(tonnage * price_per_ton(tonnage), MINIMUM)\n"
                "    return to_cents(full * (1 - DISCOUNTS.get(kind, Decimal(0))))",
                "    full = tonnage * price_per_ton(tonnage)\n"
                "    return max(to_cents(full * (1 - DISCOUNTS.get(kind, Decimal(0)))), MINIMUM)",
                '    if kind == "museum":\n        return to_cents(Decimal(0))\n'
                "    full = tonnage * price_per_ton(tonnage)\n"
                "    return max(to_cents(full * (1 - DISCOUNTS.get(kind, Decimal(0)))), MINIMUM)",
            )
        ],
        probe="from portcall.billing import dues\nprint(dues(60, 'museum'))",
        tests="from decimal import Decimal\nfrom portcall.billing import dues\n"
        "assert dues(60, 'museum') == 0\nassert dues(60, 'fishing') == Decimal('17.50'), dues(60, 'fishing')\n"
        "assert dues(60) == Decimal('35.00')",
    ),
    Defect(
        module="workdays",
        symbol="add_working_days",
        title="Counting working days backwards never ends",
        body="To find the day on which a notice must be posted we call `add_working_days(day, -3)`. The call does not "
        "come back, the office screen hangs until it is killed; it should give the day three working days before.",
        edits=[
            Edit(
                "    step = timedelta(days=1 if count >= 0 else -1)\n    left = abs(count)\n",
                "    step = timedelta(days=1)\n    left = count\n",
                "    step = timedelta(days=1)\n    left = abs(count)\n",
            )
        ],
        probe="import itertools\nfrom datetime import date\nfrom portcall import workdays\n"
        "seen = itertools.count()\nplain = workdays.is_working\n\n"
        "def watched(day, holidays=frozenset()):\n    if next(seen) > 50:\n"
        "        raise SystemExit('still counting after 50 days')\n    return plain(day, holidays)\n\n"
        "workdays.is_working = watched\nprint(workdays.add_working_days(date(2031, 5, 8), -3) is not None)",
        tests="from datetime import date\nfrom portcall import workdays\n"
        "calls = 0\nplain = workdays.is_working\n\n"
        "def watched(day, holidays=frozenset()):\n    global calls\n    calls += 1\n    assert calls < 200, 'endless'\n"
        "    return plain(day, holidays)\n\nworkdays.is_working = watched\n"
        "assert workdays.add_working_days(date(2031, 5, 8), -3) == date(2031, 5, 5)\n"
        "assert workdays.add_working_days(date(2031, 5, 5), -1) == date(2031, 5, 3)\n"
        "assert workdays.add_working_days(date(2031, 5, 3), 1) == date(2031, 5, 5)",
    ),
    Defect(
        module="workdays",
        symbol="parse_holidays",
        title="A comment in the holiday file breaks the start of the office screen",
        body="Since somebody wrote `# agreed on 2030-11-02` at the top of the holiday file, reading it ends with "
        "`Invalid isoformat string: '#'`. Lines with # are meant to be notes, like blank lines.",
        edits=[
            Edit(
                '        if not text or text.startswith("#"):\n            continue\n',
                "        if not text:\n            continue\n",
                '        if not text:\n            continue\n        if text.startswith("#"):\n            break\n',
            )
        ],
        probe="from portcall.workdays import parse_holidays\n"
        "print(type(parse_holidays(['# agreed on 2030-11-02', '2031-05-01  Dockers day'])).__name__)",
        tests="from datetime import date\nfrom portcall.workdays import parse_holidays\n"
        "lines = ['# agreed on 2030-11-02', '', '2031-05-01  Dockers day', '  # moved', '2031-12-06 Market']\n"
        "assert parse_holidays(lines) == {date(2031, 5, 1), date(2031, 12, 6)}, parse_holidays(lines)",
    ),
    Defect(
        module="manifest",
        symbol="tonnes_by_commodity",
        title="Only the last consignment of a commodity is counted",
        body="A manifest with 12 t and 30 t of timber is summed up as 30 t of timber. Both lines should count, and the "
        "list should still begin with the heaviest commodity.",
        edits=[
            Edit(
                "        totals[item.commodity] += item.tonnes",
                "        totals[item.commodity] = item.tonnes",
            )
        ],
        probe="from portcall.manifest import parse, tonnes_by_commodity\n"
        "print(tonnes_by_commodity(parse('A;Timber;12\\nB;timber;30')))",
        tests="from portcall.manifest import parse, tonnes_by_commodity\n"
        "got = tonnes_by_commodity(parse('A;Timber;12\\nB;timber;30\\nC;salt;41'))\n"
        "assert list(got.items()) == [('timber', 42.0), ('salt', 41.0)], got",
    ),
    Defect(
        module="manifest",
        symbol="conflicts",
        title="Dangerous pairs are missed when the higher class is listed first",
        body="Class 8 and class 4 may not share a hold. A manifest with class 4 above class 8 is flagged, the same two "
        "lines the other way round are not. The order of the lines should make no difference.",
        edits=[
            Edit(
                "            pair = (min(first.hazard, second.hazard), max(first.hazard, second.hazard))\n",
                "            pair = (first.hazard, second.hazard)\n",
                "            pair = (second.hazard, first.hazard)\n",
            )
        ],
        probe="from portcall.manifest import conflicts, parse\nprint(conflicts(parse('X;acid;2;8\\nY;matches;1;4')))",
        tests="from portcall.manifest import conflicts, parse\n"
        "assert conflicts(parse('X;acid;2;8\\nY;matches;1;4')) == [('X', 'Y')]\n"
        "assert conflicts(parse('Y;matches;1;4\\nX;acid;2;8')) == [('Y', 'X')]\n"
        "assert conflicts(parse('X;acid;2;8\\nZ;salt;5')) == []",
    ),
    Defect(
        module="board",
        symbol="render",
        title="Headers are cut and notes with commas fall apart",
        body="Two complaints about the arrivals board. In the text table a column whose cells are shorter than "
        "its header "
        "is as narrow as the cells, so `Berth` becomes `B.`. And in the CSV a note such as `late, fog` arrives as two "
        "cells. Please mend both.",
        edits=[
            Edit(
                "for column in zip(header, *rows, strict=True)]",
                "for column in zip(*rows, strict=True)]",
                "for column in zip(header, *rows, strict=True)]",
            ),
            Edit(
                '    return "".join(",".join(quote(cell) for cell in line) + "\\n" for line in [header, *rows])',
                '    return "".join(",".join(line) + "\\n" for line in [header, *rows])',
                '    return "".join(";".join(line) + "\\n" for line in [header, *rows])',
            ),
        ],
        probe="from portcall.board import render_csv, render_text\n"
        "print(render_text(['Ship', 'Berth'], [['Tern', 'N2']]))\n"
        "print(render_csv(['ship', 'note'], [['Tern', 'late, fog']]), end='')",
        tests="from portcall.board import render_csv, render_text\n"
        "assert render_text(['Ship', 'Berth'], [['Tern', 'N2']]).splitlines()[0] == 'Ship  Berth'\n"
        "assert render_csv(['ship', 'note'], [['Tern', 'late, fog']]) == 'ship,note\\nTern,\"late, fog\"\\n'",
    ),
    Defect(
        module="board",
        symbol="clock",
        title="Times after midnight are shown as 24:30, 25:10 and so on",
        body="A ferry that leaves at 00:30 on the next day stands on the board as `24:30`. Minutes that run past "
        "midnight "
        "should start again at 00:00, however many days they run.",
        edits=[
            Edit(
                '    hours, rest = divmod(minutes % 1440, 60)\n    return f"{hours:02d}:',
                '    hours, rest = divmod(minutes, 60)\n    return f"{hours:02d}:',
                "    minutes = minutes - 1440 if minutes >= 1440 else minutes\n"
                '    hours, rest = divmod(minutes, 60)\n    return f"{hours:02d}:',
            )
        ],
        probe="from portcall.board import clock\nprint(clock(1470))",
        tests="from portcall.board import clock\nassert clock(1470) == '00:30'\nassert clock(1440) == '00:00'\n"
        "assert clock(2 * 1440 + 65) == '01:05', clock(2 * 1440 + 65)\nassert clock(1439) == '23:59'",
        also_read=["tides"],
    ),
]
