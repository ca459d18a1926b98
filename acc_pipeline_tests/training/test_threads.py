"""What the helpers change in a process of its own: idle threads burn no time, freed memory is not faulted in again."""

import subprocess
import sys

WAITING = """
import os, time
if {calm}:
    from acc_pipeline.training.threads import calm_threads
    calm_threads()
import torch
torch.set_num_threads(2)
a = torch.ones(600, 600)
a @ a
before, start = time.process_time(), time.monotonic()
for _ in range(10):
    torch.sin(a)  # wakes the pool, which then has nothing to do
    time.sleep(0.02)
print((time.process_time() - before) / (time.monotonic() - start))
"""

FAULTS = """
import resource
if {keep}:
    from acc_pipeline.training.threads import keep_freed_memory
    keep_freed_memory()
import torch
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(40):
    torch.ones(12_000_000)  # over 32 MB, beyond which glibc never learns to keep it
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def printed(program: str) -> float:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120)
    return float(done.stdout)


def test_idle_threads_sleep() -> None:
    assert printed(WAITING.format(calm=True)) < 0.3


def test_freed_memory_is_used_again() -> None:
    assert printed(FAULTS.format(keep=True)) < 0.5 * printed(FAULTS.format(keep=False))
