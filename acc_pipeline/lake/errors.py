"""What can go wrong with the lake in a way that a person has to know about. Each names the table and the cure."""


class LakeError(RuntimeError):
    """Something about the lake that a rerun alone does not mend."""


class NotReady(LakeError):
    """The partition's completion marker is unset: no run has finished since its rows last changed."""

    def __init__(self, table: str, partition: str, why: str) -> None:
        super().__init__(
            f"{table}/{partition} is not ready: {why}. Run its stage for this partition to the end, "
            "or pass allow_partial=True to look at what is there."
        )
        self.table = table
        self.partition = partition
        self.why = why

    def __reduce__(self) -> tuple[type["NotReady"], tuple[str, str, str]]:
        return type(self), (self.table, self.partition, self.why)


class SchemaChanged(LakeError):
    """A column holds another type in the lake than the code now says."""


class Overtaken(LakeError):
    """Another run with other inputs or settings replaced rows of this one meanwhile, or no commit got through."""
