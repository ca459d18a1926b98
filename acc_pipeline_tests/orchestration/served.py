"""Dagster's own programs on a small workspace: started by a test, asked over HTTP, ended with all they started."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from acc_pipeline.settings import PROJECT_DIR

T = TypeVar("T")
SMALL = {
    "ACC_EVALUATION__MRCR_ITEMS": "2",
    "ACC_EVALUATION__MRCR_TOKENS": "512",
    "ACC_EVALUATION__GRAPHWALKS_ITEMS": "2",
    "ACC_EVALUATION__GRAPHWALKS_TOKENS": "512",
    "ACC_EVALUATION__MAX_NEW_TOKENS": "4",
    "ACC_VERIFY__HELD_OUT": "0.0",
}


def environment(folder: Path, **more: str) -> dict[str, str]:
    """A clean shell's, on the workspace `folder/data` with the inputs in `folder/sources`."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("ACC_", "DAGSTER"))}
    return {**clean, **SMALL, "ACC_DATA_DIR": f"{folder}/data", "ACC_SOURCES_DIR": f"{folder}/sources", **more}


def program(name: str) -> str:
    """A program of the environment that the tests run in."""
    return str(Path(sys.executable).parent / name)


@contextmanager
def running(command: list[str], *, variables: Mapping[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A program in a process group of its own; whatever of it is left in the end is ended."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=PROJECT_DIR, env=dict(variables), stdout=out, stderr=out, start_new_session=True
        )
        try:
            yield process
        finally:
            process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=30)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(timeout=10)


def wait_for(ask: Callable[[], T], *, seconds: float, what: str, log: Path | None = None) -> T:
    """The first true answer of `ask`; after `seconds` an error that shows the end of the log."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        answer = ask()
        if answer:
            return answer
        time.sleep(1.0)
    tail = log.read_text(errors="replace")[-3000:] if log else ""
    raise AssertionError(f"{what}: not within {seconds:.0f} s\n{tail}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def graphql(port: int, query: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any] | None:
    """The `data` of a reply; None while nothing answers there yet."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/graphql",
        json.dumps({"query": query, "variables": dict(variables or {})}).encode(),
        {"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as reply:
            found: dict[str, Any] = json.load(reply)
    except urllib.error.HTTPError as error:
        raise AssertionError(error.read().decode(errors="replace")[:2000]) from None
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return None
    assert "errors" not in found, found["errors"]
    data: dict[str, Any] = found["data"]
    return data


def screenshot(url: str, *, out: Path, folder: Path) -> None:
    """A page in headless Chromium with a profile of its own."""
    browser = shutil.which("chromium")
    assert browser
    flags = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    subprocess.run(
        [
            browser,
            *flags.split(),
            "--disable-component-update",
            "--disable-sync",
            f"--user-data-dir={folder}",
            "--window-size=1600,1000",
            "--virtual-time-budget=15000",
            f"--screenshot={out}",
            url,
        ],
        check=True,
        capture_output=True,
        timeout=120,
    )
