"""How much a query may use. The child process that runs it and its parent enforce this; nothing here runs."""

from pydantic import BaseModel, ConfigDict, Field


class QueryLimits(BaseModel):
    """Limits of one query. They decide what is refused, so they belong to a recipe."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seconds: float = Field(
        default=10.0, gt=0, description="Wall clock of one query; it is interrupted, then its process is killed."
    )
    memory_mb: int = Field(
        default=1024, ge=64, description="Address space that the query process may add to what it starts with."
    )
    rows: int = Field(
        default=10_000, ge=1, description="Most rows a result may have; a larger result is an error, never cut."
    )
    result_mb: int = Field(default=16, ge=1, description="Most megabytes (of text) a result may hold.")
    table_rows: int = Field(
        default=500_000, ge=1, description="Most rows of one table that is copied out of a database."
    )
