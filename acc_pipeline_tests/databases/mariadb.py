"""A private MariaDB server for tests: its own folder and socket, no network, ended with the test."""

import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest


def _mysql8_only(dump: str) -> str:
    """A MySQL 8 dump without what only MySQL 8 says; no table or row is touched."""
    dump = re.sub(r"/\*!80016[^*]*\*/", "", dump)
    return re.sub(r"(?m)^(CREATE USER|GRANT|FLUSH) [^;]*;", "", dump)


@contextmanager
def mariadb(folder: Path, *, dump: Path) -> Iterator[Any]:
    """A connection (pymysql) to a fresh server that has loaded `dump`; skips by name where MariaDB is not installed."""
    server, install, client = (shutil.which(n) for n in ("mariadbd", "mariadb-install-db", "mariadb"))
    if server is None or install is None or client is None:
        pytest.skip("MariaDB is not on this machine: apt-get install mariadb-server")
    import pymysql

    data, socket = folder / "data", folder / "s.sock"
    if len(str(socket)) > 100:
        pytest.skip(f"the socket's path is too long for MariaDB: {socket}")
    common = ["--no-defaults", f"--datadir={data}", "--user=root", "--lower-case-table-names=1"]
    subprocess.run([install, *common, "--auth-root-authentication-method=normal"], check=True, capture_output=True)
    log = (folder / "log").open("wb")
    process = subprocess.Popen(
        [server, *common, f"--socket={socket}", "--skip-networking", f"--pid-file={folder / 'pid'}",
         "--innodb-buffer-pool-size=64M", "--innodb-flush-log-at-trx-commit=0",
         # Statistics gathered in the background would change plans, and with them the order of ties, from run to run.
         "--innodb-stats-auto-recalc=OFF"],
        stdout=log, stderr=log,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                connection = pymysql.connect(unix_socket=str(socket), user="root", charset="utf8mb4", autocommit=True)
                break
            except pymysql.err.OperationalError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError((folder / "log").read_text(errors="replace")[-2000:]) from None
                time.sleep(0.2)
        text = _mysql8_only(dump.read_text(encoding="utf-8"))
        loading = [client, "--no-defaults", f"--socket={socket}", "-uroot", "--default-character-set=utf8mb4"]
        subprocess.run(loading, input=text.encode(), check=True, capture_output=True)
        yield connection
        connection.close()
    finally:
        process.terminate()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        log.close()
