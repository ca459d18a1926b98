"""A program of its own (training, generation) started from a step: own process group, streamed, ended on cancel.

Dagster's subprocess client starts its child in the step's group, so a cancelled run would leave torchrun's workers
behind. This one ends the whole group, and passes on only what the child reported itself.
"""

import logging
import os
import signal
import subprocess
import sys
import threading
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

import dagster as dg

_LOG = logging.getLogger(__name__)
_GRACE_SECONDS = 10.0
_TAIL_LINES = 30


class ChildFailed(Exception):
    """The program ended with another status than 0; the message holds its command and the end of its output."""


def run_piped(
    context: dg.AssetExecutionContext, command: Sequence[str], *, log_path: Path
) -> dg.PipesExecutionResult | None:
    """`run_child` through Dagster Pipes: what the program reports is shown in the run while it goes on.

    Returns what it materialised, or None when it reported no asset: nothing is taken for made that was not said to be.
    """
    # Dagster warns of a preview in its own session, about which its user cannot do anything.
    with (
        warnings.catch_warnings(action="ignore", category=dg.PreviewWarning),
        dg.open_pipes_session(
            context=context,
            context_injector=dg.PipesTempFileContextInjector(),
            message_reader=dg.PipesTempFileMessageReader(),
        ) as session,
    ):
        run_child(command, log_path=log_path, variables=session.get_bootstrap_env_vars())
    results = session.get_results(implicit_materializations=False)
    return results[0] if results else None


def run_child(command: Sequence[str], *, log_path: Path, variables: Mapping[str, str] | None = None) -> None:
    """Run `python <command>` to its end; its output goes to `log_path`. Raises `ChildFailed`.

    `variables` are added to this process's environment. Whatever interrupts the caller ends the program's whole group.
    """
    log_path.parent.mkdir(parents=True, exist_ok=True)
    with log_path.open("w", encoding="utf-8", errors="replace") as log:
        process = subprocess.Popen(
            [sys.executable, *command],
            env={**os.environ, "PYTHONUNBUFFERED": "1", **(variables or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            text=True,
            errors="replace",
        )
        try:
            tail = _pump(process, log)
            status = process.wait()
        finally:
            _end_group(process)
    if status != 0:
        told = "".join(tail)
        raise ChildFailed(f"`python {' '.join(command)}` ended with status {status}; its log is {log_path}\n{told}")


def _pump(process: "subprocess.Popen[str]", log: IO[str]) -> list[str]:
    tail: list[str] = []

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            log.write(line)
            log.flush()
            tail.append(line)
            del tail[:-_TAIL_LINES]

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    # Waiting in the main thread keeps it interruptible: that is how Dagster delivers a cancel. A grandchild that keeps
    # the pipe open after its parent's end must not keep the step.
    while reader.is_alive() and process.poll() is None:
        reader.join(timeout=0.5)
    reader.join(timeout=2.0)
    return tail


def _end_group(process: "subprocess.Popen[str]") -> None:
    """End whatever is left of the child's group; its id is the child's pid because it leads a session of its own."""
    for number, grace in ((signal.SIGTERM, _GRACE_SECONDS), (signal.SIGKILL, 1.0)):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            return
        try:
            process.wait(timeout=grace)
        except subprocess.TimeoutExpired:
            _LOG.warning("child %d did not end on signal %d within %.0f s", process.pid, number, grace)
