"""When two patches count as the same change, and which of a patch's files are only the agent's scratch paper.

Text of diffs only; what a patch does to files is in `patch.py`.
"""

import re

from acc_pipeline.agents.patch import FilePatch, Hunk, PatchError, parse_patch

_SCRATCH = re.compile(
    r"^(?:[\w.]+[_-])?(?:repro\w*|test|tests|debug|demo|check|verify|edge|try|tmp|temp|patch)(?:[_-][\w.-]*)?\.\w+$",
    re.I,
)
_LONGEST_NAME = 120  # characters; a longer name is no script that an agent made in passing


def is_scratch(patch: FilePatch) -> bool:
    """A new file at the repository's top whose name says that the agent made it to try things out."""
    name = patch.new_path
    return not patch.old_path and "/" not in name and len(name) <= _LONGEST_NAME and _SCRATCH.match(name) is not None


def lasting(patches: list[FilePatch]) -> list[FilePatch]:
    """A patch without the agent's scratch files."""
    return [patch for patch in patches if not is_scratch(patch)]


def same_change(left: str, right: str) -> bool:
    """True when two diffs change the same lines in the same places, whatever context and scratch files they carry."""
    ours = _changes(left)
    return bool(ours) and ours == _changes(right)


def _changes(text: str) -> dict[tuple[str, str], list[tuple[int, list[str], list[str]]]]:
    try:
        found = lasting(parse_patch(text))
    except PatchError:
        return {}
    return {(patch.old_path, patch.new_path): [_core(hunk) for hunk in patch.hunks] for patch in found}


def _core(hunk: Hunk) -> tuple[int, list[str], list[str]]:
    """A hunk's place and lines without the context around it, which differs with the tool that wrote the diff."""
    old, new = hunk.old, hunk.new
    start = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    return hunk.old_start + start, old[start : len(old) - end], new[start : len(new) - end]
