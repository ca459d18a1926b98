"""Working days of the harbour office: no Sundays, no holidays."""

from datetime import date, timedelta

SUNDAY = 6


def is_working(day: date, holidays: frozenset[date] = frozenset()) -> bool:
    """Whether the office is open."""
    return day.weekday() != SUNDAY and day not in holidays


def add_working_days(start: date, count: int, holidays: frozenset[date] = frozenset()) -> date:
    """The day that lies `count` working days after `start`; before it when `count` is negative."""
    step = timedelta(days=1 if count >= 0 else -1)
    left = abs(count)
    day = start
    while left:
        day += step
        if is_working(day, holidays):
            left -= 1
    return day


def working_days_between(first: date, last: date, holidays: frozenset[date] = frozenset()) -> int:
    """How many working days lie from `first` to `last`, both counted."""
    total = 0
    day = first
    while day <= last:
        total += is_working(day, holidays)
        day += timedelta(days=1)
    return total


def parse_holidays(lines: list[str]) -> frozenset[date]:
    """Holidays from lines such as "2031-05-01  Dockers' day"; blank lines and lines with # are notes."""
    days = set()
    for line in lines:
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        days.add(date.fromisoformat(text.split()[0]))
    return frozenset(days)
