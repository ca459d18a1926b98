"""A started program is watched: its output kept, its failure told, its whole process group ended."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from acc_pipeline.orchestration.child import ChildFailed, run_child


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # A child that ended, but that nobody waited for, is no longer running either.
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"


def gone(pid: int) -> bool:
    for _ in range(100):
        if not alive(pid):
            return True
        time.sleep(0.1)
    return False


def test_output_is_kept_and_variables_arrive(tmp_path):
    run_child(
        ["-c", "import os; print(os.environ['WORD'])"], log_path=tmp_path / "a" / "log", variables={"WORD": "tide"}
    )
    assert (tmp_path / "a" / "log").read_text() == "tide\n"


def test_a_failure_tells_command_log_and_the_end_of_the_output(tmp_path):
    with pytest.raises(ChildFailed, match=r"status 3; its log is .*log\n(.*\n)*the last words"):
        run_child(["-c", "print('the last words'); raise SystemExit(3)"], log_path=tmp_path / "log")


_PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(120)"])
print(child.pid, flush=True)
{end}
"""


def test_what_a_finished_program_left_running_is_ended(tmp_path):
    run_child(["-c", _PARENT.format(end="")], log_path=tmp_path / "log")
    assert gone(int((tmp_path / "log").read_text()))


def test_an_interrupt_ends_the_whole_group(tmp_path):
    log = tmp_path / "log"

    def interrupt() -> None:
        for _ in range(200):
            if log.exists() and log.read_text().strip():
                break
            time.sleep(0.05)
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        run_child(["-c", _PARENT.format(end="time.sleep(120)")], log_path=log)
    assert gone(int(log.read_text()))
