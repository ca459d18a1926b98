"""Who made a claim in the response store, and whether that process still lives.

A process is named by host, pid and start time, because pids come back after a restart.
"""

import os
import socket
from pathlib import Path


def this_process() -> str:
    return f"{socket.gethostname()}|{os.getpid()}|{_started(os.getpid())}"


def is_dead(owner: str) -> bool:
    """True only when that is certain: a process of another host may live, so its claims end by their lease."""
    host, pid, started = owner.split("|")
    if host != socket.gethostname():
        return False
    return _started(int(pid)) != started


def _started(pid: int) -> str:
    """Start time in clock ticks since boot where /proc has it; else whether the process is there at all."""
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except (FileNotFoundError, ProcessLookupError):
            return "gone"
        return "gone" if fields[0] == "Z" else fields[19]
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return "gone"
    except PermissionError:
        pass
    return "there"
