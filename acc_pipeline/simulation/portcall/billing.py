"""Harbour dues: brackets by tonnage, discounts, and sums that agree with the ledger to the cent."""

from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")
MINIMUM = Decimal("35.00")

# (gross tonnage up to and including, price per ton)
BRACKETS = [
    (500, Decimal("0.42")),
    (3000, Decimal("0.37")),
    (10000, Decimal("0.31")),
]
ABOVE = Decimal("0.26")

DISCOUNTS = {"ferry": Decimal("0.30"), "fishing": Decimal("0.50"), "museum": Decimal("1.00")}


def to_cents(amount: Decimal) -> Decimal:
    """Rounded to the cent, halves upwards as the ledger does."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def price_per_ton(tonnage: int) -> Decimal:
    """The price of the bracket in which a tonnage lies."""
    for limit, price in BRACKETS:
        if tonnage <= limit:
            return price
    return ABOVE


def dues(tonnage: int, kind: str = "cargo") -> Decimal:
    """Dues for one call. The minimum holds before a discount, so that a museum ship pays nothing."""
    if tonnage <= 0:
        raise ValueError("tonnage must be above zero")
    full = max(tonnage * price_per_ton(tonnage), MINIMUM)
    return to_cents(full * (1 - DISCOUNTS.get(kind, Decimal(0))))


def late_fee(amount: Decimal, days_late: int) -> Decimal:
    """Two percent for every full week after the due day, at most ten percent."""
    weeks = max(days_late, 0) // 7
    return to_cents(amount * min(Decimal("0.02") * weeks, Decimal("0.10")))


def invoice(calls: list[tuple[int, str]], days_late: int = 0) -> dict[str, Decimal]:
    """Net, late fee and total for a month's calls, given as (tonnage, kind)."""
    net = sum((dues(tonnage, kind) for tonnage, kind in calls), Decimal("0.00"))
    fee = late_fee(net, days_late)
    return {"net": net, "late": fee, "total": net + fee}
