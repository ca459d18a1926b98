"""What must be true of each table before anything downstream may read it: one contract a table, as data.

The rules are polars expressions over kept rows; `checks.py` turns a contract into Dagster's blocking checks.
"""

from dataclasses import dataclass, field

import polars as pl


@dataclass(frozen=True)
class Rule:
    """`broken` is true for a row that violates the rule; `columns` are the ones it reads."""

    name: str
    description: str
    broken: pl.Expr
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Contract:
    """`unique` names the columns that together identify a kept row."""

    table: str
    unique: tuple[str, ...]
    rules: tuple[Rule, ...] = field(default=())


def _present(column: str, description: str) -> Rule:
    broken = pl.col(column).is_null() | (pl.col(column).str.len_chars() == 0)
    return Rule(name=f"{column}_present", description=description, broken=broken, columns=(column,))


CONTRACTS: dict[str, Contract] = {
    contract.table: contract
    for contract in (
        Contract(
            table="trajectories",
            unique=("path", "row", "run_id"),
            rules=(
                _present("record", "Every kept row holds the whole run."),
                _present("run_id", "Every run can be named."),
            ),
        ),
        Contract(
            table="verified_trajectories",
            unique=("input_key",),
            rules=(
                Rule(
                    name="verdict_correct",
                    description="Only runs whose answer was found right are kept.",
                    broken=pl.col("verdict") != "correct",
                    columns=("verdict",),
                ),
                Rule(
                    name="split_known",
                    description="Every run stands in one split, fixed by its task.",
                    broken=~pl.col("split").is_in(["train", "validation", "held-out"]),
                    columns=("split",),
                ),
            ),
        ),
        Contract(
            table="compiled_contexts",
            unique=("example_id", "form"),
            rules=(
                Rule(
                    name="within_budget",
                    description="The prompt's exact token count is within its budget.",
                    broken=(pl.col("tokens") > pl.col("budget")) | (pl.col("tokens") <= 0),
                    columns=("tokens", "budget"),
                ),
                Rule(
                    name="sufficient",
                    description="No kept context failed the machine's check that it holds the answer.",
                    broken=pl.col("sufficiency") == "fails",
                    columns=("sufficiency",),
                ),
                _present("answer", "Every context has an answer to train on."),
            ),
        ),
        Contract(
            table="teacher_rationales",
            unique=("example_id", "attempt"),
            rules=(
                Rule(
                    name="held_out_unseen",
                    description="No held-out task was sent to the teacher.",
                    broken=pl.col("split") == "held-out",
                    columns=("split",),
                ),
                Rule(
                    name="kept_are_right",
                    description="A rationale that is kept leads to the right answer.",
                    broken=pl.col("kept") & (pl.col("verdict") != "correct"),
                    columns=("kept", "verdict"),
                ),
            ),
        ),
        Contract(
            table="sft_dataset",
            unique=("example_id", "form"),
            rules=(
                Rule(
                    name="held_out_absent",
                    description="No held-out task is in the training data.",
                    broken=pl.col("split") == "held-out",
                    columns=("split",),
                ),
                Rule(
                    name="something_to_learn",
                    description="Every row has a completion that carries loss.",
                    broken=pl.col("tokens_completion") <= 0,
                    columns=("tokens_completion",),
                ),
                _present("messages", "Every row is a chat."),
            ),
        ),
    )
}
