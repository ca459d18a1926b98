"""A throw-away git repository in which a simulated swe agent's commands really run.

Agents see it as /testbed, as in the containers of the real frameworks: the path is translated on the way in and out, so
that a log names no folder of this machine. Nothing here knows of tasks or log formats.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = "/testbed"
_IDENTITY = {
    "GIT_AUTHOR_NAME": "Harbour Office",
    "GIT_AUTHOR_EMAIL": "office@portcall.example",
    "GIT_AUTHOR_DATE": "2031-01-06T09:00:00+00:00",
    "GIT_COMMITTER_NAME": "Harbour Office",
    "GIT_COMMITTER_EMAIL": "office@portcall.example",
    "GIT_COMMITTER_DATE": "2031-01-06T09:00:00+00:00",
}


class Sandbox:
    """A folder with files committed to git; `base_commit` is the commit's full id, equal for equal files."""

    def __init__(self, folder: Path, *, files: dict[str, str]) -> None:
        if shutil.which("git") is None:
            raise RuntimeError("simulated swe agents need git: install it, or simulate search and sql only")
        self._home = folder / "home"
        self._repo = folder / "repo"
        self._bin = folder / "bin"
        for path in (self._home, self._repo, self._bin):
            path.mkdir(parents=True)
        shim = self._bin / "python"
        shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
        shim.chmod(0o755)
        for name, text in files.items():
            self.write(name, text)
        for command in ("git init -q -b main", "git add -A", "git commit -q -m 'Import'"):
            code, output = self.run(command)
            if code:
                raise RuntimeError(f"{command} failed in the sandbox: {output}")
        self.base_commit = self.run("git rev-parse HEAD")[1].strip()

    def run(self, command: str, *, timeout: float = 20.0) -> tuple[int, str]:
        """Exit code and output (both streams, in order) of one bash command, run in the repository."""
        environment = {
            "PATH": f"{self._bin}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self._home),
            "LC_ALL": "C.UTF-8",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONHASHSEED": "0",
            "GIT_CONFIG_NOSYSTEM": "1",
            **_IDENTITY,
        }
        done = subprocess.run(
            ["bash", "-c", command.replace(ROOT, str(self._repo))],
            cwd=self._repo,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            timeout=timeout,
        )
        output = done.stdout.decode().replace(str(self._repo), ROOT)
        if str(self._home.parent) in output or sys.base_prefix in output:
            raise RuntimeError(f"the output of {command!r} names a folder of this machine")
        return done.returncode, output

    def read(self, name: str) -> str:
        """The text of a file, by its path in the repository."""
        return (self._repo / name).read_text(encoding="utf-8")

    def write(self, name: str, text: str) -> None:
        """Write a file, by its path in the repository."""
        path = self._repo / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def relative(path: str) -> str:
    """A path below /testbed as a path in the repository."""
    return os.path.relpath(path, ROOT) if path.startswith(ROOT) else path


class Editor:
    """The `str_replace_editor` tool of SWE-agent and OpenHands: views and edits with their wording."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def view(self, path: str, *, lines: tuple[int, int] | None = None) -> str:
        """A whole file, or lines counted from 1 (inclusive, -1 = to the end), numbered as `cat -n` does."""
        all_lines = self._sandbox.read(relative(path)).split("\n")
        first, last = lines or (1, len(all_lines))
        last = len(all_lines) if last == -1 else last
        return f"Here's the result of running `cat -n` on {path}:\n" + _numbered(all_lines[first - 1 : last], first)

    def str_replace(self, path: str, *, old: str, new: str) -> str:
        """Replace a text that stands exactly once, and show the lines around it."""
        name = relative(path)
        text = self._sandbox.read(name)
        if text.count(old) != 1:
            return f"No replacement was performed, old_str `{old}` did not appear verbatim exactly once in {path}."
        at = text[: text.index(old)].count("\n")
        changed = text.replace(old, new)
        self._sandbox.write(name, changed)
        start = max(0, at - 4)
        snippet = changed.split("\n")[start : at + 5 + new.count("\n")]
        return (
            f"The file {path} has been edited. Here's the result of running `cat -n` on a snippet of {path}:\n"
            + _numbered(snippet, start + 1)
            + "Review the changes and make sure they are as expected. Edit the file again if necessary."
        )


def _numbered(lines: list[str], first: int) -> str:
    return "".join(f"{number:6}\t{line}\n" for number, line in enumerate(lines, start=first))
