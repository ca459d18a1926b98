"""A defect that simulated swe agents are asked to mend: where it is, how it shows, and the tests that decide.

The records only; the defects themselves are in `swe_defects_water` and `swe_defects_office`.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Edit:
    """One place in the module, where each text stands exactly once: `wrong` is put in the place of `right`.

    `tempting`, where there is one, is the mend that stops the symptom of the issue and still fails the tests.
    """

    right: str
    wrong: str
    tempting: str = ""


@dataclass(frozen=True)
class Defect:
    """`probe` is Python that shows the symptom; `tests` are assertions that fail before and pass after the mend."""

    module: str
    title: str
    body: str
    edits: list[Edit]
    probe: str
    tests: str
    symbol: str
    also_read: list[str] = field(default_factory=list)
