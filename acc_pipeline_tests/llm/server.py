"""A real HTTP server on 127.0.0.1 that answers chat completions, or fails in a scripted way."""

import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Script = Callable[["Handler"], None]


def completion(content: Any = "four", *, finish: str = "stop", usage: bool = True, **message: Any) -> dict[str, Any]:
    """The body of a chat completion."""
    body: dict[str, Any] = {
        "id": "c1",
        "model": "server-model",
        "choices": [
            {"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": content, **message}}
        ],
    }
    if usage:
        details = {"cached_tokens": 40}
        body["usage"] = {"prompt_tokens": 100, "completion_tokens": 20, "prompt_tokens_details": details}
    return body


def say(content: Any = "four", *, wait: float = 0.0, **more: Any) -> Script:
    """Answer well, after `wait` seconds."""

    def run(handler: "Handler") -> None:
        time.sleep(wait)
        handler.reply(200, json.dumps(completion(content, **more)))

    return run


def status(code: int, body: str = '{"error": {"message": "no"}}', **headers: str) -> Script:
    """Answer with a status; header names with "_" for "-"."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda handler: handler.reply(code, body, headers=named)


def garbage(handler: "Handler") -> None:
    handler.reply(200, '{"choices": [ oops')


def hang(handler: "Handler") -> None:
    handler.server.released.wait(20)  # type: ignore[attr-defined]


def cut(handler: "Handler") -> None:
    """Promise 1,000 bytes, send six, hang up."""
    handler.send_response(200)
    handler.send_header("content-length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"id":')
    handler.wfile.flush()
    handler.connection.shutdown(socket.SHUT_RDWR)


def reset(handler: "Handler") -> None:
    """Take the request and reset the connection without a byte."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()


class Handler(BaseHTTPRequestHandler):
    server: "Server"

    def log_message(self, *_: object) -> None:
        pass

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        script = self.server.next_script(body)
        # The client may give up first, as some tests want.
        with suppress(BrokenPipeError, ConnectionResetError):
            script(self)

    def reply(self, code: int, body: str, *, headers: dict[str, str] | None = None) -> None:
        self.send_response(code)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())


class Server(ThreadingHTTPServer):
    """Runs the scripts in turn, the last one again and again; `requests` are the bodies that came in."""

    daemon_threads = True

    def __init__(self, scripts: list[Script]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.scripts, self.requests, self.released = scripts, list[dict[str, Any]](), threading.Event()
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def next_script(self, body: dict[str, Any]) -> Script:
        with self._lock:
            self.requests.append(body)
            return self.scripts[min(len(self.requests), len(self.scripts)) - 1]

    def handle_error(self, *_: object) -> None:
        pass


@contextmanager
def serving(*scripts: Script) -> Iterator[Server]:
    server = Server(list(scripts))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        server.shutdown()
        server.server_close()
        thread.join()


def dead_url() -> str:
    """An address where nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/v1"
