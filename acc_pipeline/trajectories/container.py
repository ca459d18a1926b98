"""Bytes of a log file to values: decompression, text, JSON or JSON lines, and what was broken on the way.

Knows nothing of log formats; which value means what is decided by `sniff` and read by `formats`.
"""

import hashlib
import json
import zlib
from pathlib import Path
from typing import Any

import msgspec

from acc_pipeline.trajectories.fitting import fit_value
from acc_pipeline.trajectories.limits import Limits
from acc_pipeline.trajectories.schema import Reject, Source


class Container(msgspec.Struct, kw_only=True):
    """What a file holds. `kind` is json (one value), lines (one value a line), text, or bytes (not text at all).

    `values` pairs each value with its row; `rejects` are rows that could not be parsed (`row` in their source).
    """

    kind: str
    sha256: str
    values: list[tuple[int, Any]]
    text: str = ""
    rejects: list[Reject] = []
    rows: int = 0


class Refused(Exception):
    """The file as a whole cannot be taken; carries the reject."""

    def __init__(self, reject: Reject) -> None:
        super().__init__(reject.detail)
        self.reject = reject


def open_container(path: Path, *, rel: str, limits: Limits) -> Container:
    """Read and parse `path`. Raises `Refused` for a file that is too large, empty, unreadable or broken as a whole."""
    data, sha256 = _read_bytes(path, rel=rel, limits=limits)
    source = Source(format="", path=rel, sha256=sha256)
    if b"\x00" in data[:4096] and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Container(kind="bytes", sha256=sha256, values=[(0, data)], rows=1)
    encoding = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    text = data.decode(encoding, errors="replace")
    if not text.strip():
        raise Refused(_reject("empty_file", "the file is empty", "remove it, or write the log again", source))
    name = path.name.removesuffix(".gz")
    head = text.lstrip()[:1]
    if name.endswith((".jsonl", ".ndjson")):
        return _parse_lines(text, source=source, limits=limits)
    if head in "[{":
        try:
            value = parse_value(text, limits=limits)
            return Container(kind="json", sha256=sha256, values=[(0, value)], rows=1)
        except ValueError as error:
            if _first_line_is_a_value(text):
                return _parse_lines(text, source=source, limits=limits)
            if name.endswith((".json", ".traj")):
                cure = "repair or remove the file: nothing of it was read"
                raise Refused(_reject("broken_json", f"not valid JSON: {error}", cure, source)) from None
    return Container(kind="text", sha256=sha256, values=[(0, text)], text=text, rows=1)


def parse_value(text: str, *, limits: Limits) -> Any:
    """One JSON value fit to be stored again: no lone surrogates, integers of 64 bits, no NaN. Raises ValueError."""
    try:
        return fit_value(json.loads(text, strict=False), max_nesting=limits.max_nesting)
    except RecursionError:
        raise ValueError(f"nested deeper than {limits.max_nesting} levels (limit max_nesting)") from None


def too_many(records: int, *, limits: Limits, source: Source) -> list[Reject]:
    """One reject for all records of a file beyond the limit, none where there are none."""
    left = records - limits.max_records
    if left <= 0:
        return []
    detail = f"{left} records beyond the first {limits.max_records} are left out (limit max_records)"
    at = msgspec.structs.replace(source, row=limits.max_records)
    return [_reject("too_many_records", detail, "split the file, or raise the limit", at)]


def _parse_lines(text: str, *, source: Source, limits: Limits) -> Container:
    values: list[tuple[int, Any]] = []
    rejects: list[Reject] = []
    # str.splitlines would also cut at U+2028 and form feeds, which JSON strings may hold unescaped
    lines = [(number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]
    for row, (number, line) in enumerate(lines[: limits.max_records]):
        try:
            values.append((row, parse_value(line, limits=limits)))
        except ValueError as error:
            where = msgspec.structs.replace(source, row=row)
            detail = f"line {number}: not valid JSON: {error}"
            rejects.append(_reject("broken_line", detail, "repair or remove the line; the other lines are read", where))
    rejects += too_many(len(lines), limits=limits, source=source)
    return Container(kind="lines", sha256=source.sha256, values=values, rejects=rejects, rows=len(lines))


def _first_line_is_a_value(text: str) -> bool:
    lines = [line for line in text.lstrip().split("\n", 2)[:2] if line.strip()]
    if len(lines) < 2:
        return False
    try:
        return isinstance(json.loads(lines[0], strict=False), dict)
    except (ValueError, RecursionError):
        return False


def _read_bytes(path: Path, *, rel: str, limits: Limits) -> tuple[bytes, str]:
    source = Source(format="", path=rel, sha256="")
    try:
        data = _bounded(path, limits=limits)
    except OSError as error:
        reject = _reject(
            "unreadable_file", f"{type(error).__name__}: {error.strerror or error}", "check its permissions", source
        )
        raise Refused(msgspec.structs.replace(reject, retryable=True)) from None
    except zlib.error as error:
        raise Refused(_reject("broken_gzip", str(error), "write the archive again", source)) from None
    if len(data) > limits.max_file_bytes:
        raise Refused(
            _reject(
                "file_too_large",
                f"more than {limits.max_file_bytes} bytes (limit max_file_bytes)",
                "split the file, or raise the limit",
                source,
            )
        )
    # of the bytes as they lie on disk would differ for the same log gzipped twice; the log itself is what counts
    return data, hashlib.sha256(data).hexdigest()


def _bounded(path: Path, *, limits: Limits) -> bytes:
    with path.open("rb") as file:
        if path.suffix != ".gz":
            return file.read(limits.max_file_bytes + 1)
        out = bytearray()
        unzip = zlib.decompressobj(wbits=31)
        while (chunk := file.read(1 << 20)) and len(out) <= limits.max_file_bytes:
            while chunk and len(out) <= limits.max_file_bytes:
                out += unzip.decompress(chunk, limits.max_file_bytes + 1 - len(out))
                chunk = unzip.unconsumed_tail
                if unzip.eof and unzip.unused_data:  # members one after another are one file
                    chunk, unzip = unzip.unused_data, zlib.decompressobj(wbits=31)
        if not unzip.eof and len(out) <= limits.max_file_bytes:
            raise zlib.error("the archive ends in the middle")
        return bytes(out)


def _reject(reason: str, detail: str, cure: str, source: Source) -> Reject:
    return Reject(reason=reason, detail=detail, cure=cure, source=source)
