"""What a log file may at most be; a file or record beyond a limit becomes a reject that names the limit.

Numbers only. Reading, parsing and the rejects themselves are elsewhere.
"""

from pydantic import BaseModel, ConfigDict, Field


class Limits(BaseModel):
    """Bounds on hostile or accidental input. Sizes are in bytes of the decompressed file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_file_bytes: int = Field(
        default=512 * 2**20, gt=0, description="largest log file read, in bytes after decompression"
    )
    max_nesting: int = Field(default=100, gt=0, description="deepest nesting of JSON values in one record")
    max_records: int = Field(default=200_000, gt=0, description="most records read of one file")
    max_steps: int = Field(default=5_000, gt=0, description="most steps (messages) in one run")
    max_observation_chars: int = Field(
        default=20_000_000, gt=0, description="longest single observation, in characters"
    )
