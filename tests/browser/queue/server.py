"""A small server that speaks the sync protocol and has none of the product's rules: a test says what it answers."""

from __future__ import annotations

import json
import socket
import threading
import uuid
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from canvass.core.settings import ROOT
from canvass.web.page.security import CSP
from tests.conftest import PATIENCE

TYPES = {".js": "text/javascript", ".css": "text/css", ".json": "application/json"}

Answer = tuple[int, Any]  # status and a body: JSON for a dict, else text/html; for 302 where to
Page = tuple[str, str]


@dataclass(frozen=True)
class Request:
    """A request, as it was received."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class QueueServer:
    """Answers as the product would, unless a test says otherwise, and notes every request."""

    def __init__(self) -> None:
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._http.owner = self  # type: ignore[attr-defined]
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        self.noted = threading.Condition()
        self.reset()
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def reset(self) -> None:
        """Go back to the state of a new server."""
        self.requests: list[Request] = []
        self.mistakes: list[BaseException] = []  # exceptions of an answer that a test gave; they fail it
        self.epoch = str(uuid.uuid4())
        self.now: str | None = None  # None: the real time
        self.durable_before: str | None = None
        self.person: dict[str, str] | None = None  # who is signed in
        self.outlines: dict[str, Any] = {"type": "FeatureCollection", "features": []}
        self.is_down = False
        # How the next batches are answered: names of the methods below, or functions of the batch. Then `usually`.
        self.coming: deque[str | Callable[[dict[str, Any]], Answer]] = deque()
        self.usually: str | Callable[[dict[str, Any]], Answer] = "normal"
        self.judge: Callable[[dict[str, Any]], dict[str, Any] | None] = lambda operation: None
        self.stored: dict[str, dict[str, Any]] = {}
        self.missing: list[int] = []
        self.let_go = threading.Event()
        # A test's own pages by path: a content type and a text, or a function that returns them at each request.
        self.pages: dict[str, Page | Callable[[], Page]] = {
            "/blank": ("text/html", "<!doctype html><title>blank</title>")
        }
        self.version = "1"
        self.shell: list[str] = []

    def stop(self) -> None:
        self.let_go.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    # --- what came in ---------------------------------------------------------------------------------------

    def note(self, request: Request) -> None:
        with self.noted:
            self.requests.append(request)
            self.noted.notify_all()

    @property
    def posts(self) -> list[Request]:
        """The sync requests so far, heartbeats included."""
        return [request for request in self.requests if request.path == "/api/v1/sync"]

    @property
    def batches(self) -> list[dict[str, Any]]:
        """The batches so far that held operations."""
        return [post.json for post in self.posts if post.json["ops"]]

    @property
    def heartbeats(self) -> list[dict[str, Any]]:
        return [post.json for post in self.posts if not post.json["ops"]]

    def wait_for(self, is_there: Callable[[], bool]) -> None:
        """Block until it is true, asked at each request and answer. Raises AssertionError after PATIENCE seconds."""
        with self.noted:
            assert self.noted.wait_for(is_there, PATIENCE)

    # --- how a batch is answered ----------------------------------------------------------------------------

    def answer(self, batch: dict[str, Any]) -> Answer:
        """What to answer to a batch. Raises ConnectionError to close the connection instead."""
        how = self.coming.popleft() if self.coming else self.usually
        try:
            return how(batch) if callable(how) else getattr(self, how)(batch)
        finally:
            with self.noted:
                self.noted.notify_all()

    def normal(self, batch: dict[str, Any], /, **changes: Any) -> Answer:
        results = [self._verdict(operation) for operation in batch["ops"]]
        whole = {
            **self.self_description(),
            "batch": batch["batch"],
            "device": {"max_seq": batch["max_seq"], "missing": self.missing},
            "results": results,
        }
        return 200, {key: value for key, value in {**whole, **changes}.items() if value is not ...}

    def _verdict(self, operation: dict[str, Any]) -> dict[str, Any]:
        named = {"op": operation["op"], "rev": operation["rev"]}
        if said := self.judge(operation):
            return {**named, **said}
        if operation["op"] in self.stored:
            is_same = self.stored[operation["op"]] == operation
            return {**named, "verdict": "duplicate" if is_same else "quarantined", "code": "conflict"}
        self.stored[operation["op"]] = operation
        return {**named, "verdict": "stored"}

    def self_description(self) -> dict[str, Any]:
        now = self.now or datetime.now(UTC).isoformat().replace("+00:00", "Z")
        return {"app": "canvass-sync/1", "epoch": self.epoch, "now": now, "durable_before": self.durable_before}

    def portal_page(self, batch: dict[str, Any]) -> Answer:
        return 200, "<!doctype html><title>Welcome to the hotel</title>"

    def portal_redirect(self, batch: dict[str, Any]) -> Answer:
        return 302, "/blank"

    def no_content(self, batch: dict[str, Any]) -> Answer:
        return 204, ""

    def created(self, batch: dict[str, Any]) -> Answer:
        return 201, self.normal(batch)[1]

    def other_batch(self, batch: dict[str, Any]) -> Answer:
        return self.normal(batch, batch=str(uuid.uuid4()))

    def other_app(self, batch: dict[str, Any]) -> Answer:
        return self.normal(batch, app="something-else/1")

    def no_epoch(self, batch: dict[str, Any]) -> Answer:
        return self.normal(batch, epoch=...)

    def no_time(self, batch: dict[str, Any]) -> Answer:
        return self.normal(batch, now="yesterday")

    def no_results(self, batch: dict[str, Any]) -> Answer:
        return self.normal(batch, results=...)

    def trouble(self, batch: dict[str, Any]) -> Answer:
        return 500, {"error": "error"}

    def busy(self, batch: dict[str, Any]) -> Answer:
        return 503, {"error": "busy", "seconds": 40}

    def overloaded(self, batch: dict[str, Any]) -> Answer:
        return 503, "<!doctype html><title>A proxy's page</title>"

    def sign_in(self, batch: dict[str, Any]) -> Answer:
        return 401, {"error": "sign_in"}

    def too_large(self, batch: dict[str, Any]) -> Answer:
        return 413, {"error": "too_large"}

    def malformed(self, batch: dict[str, Any]) -> Answer:
        return 400, {"error": "malformed"}

    def lost_request(self, batch: dict[str, Any]) -> Answer:
        raise ConnectionError

    def lost_answer(self, batch: dict[str, Any]) -> Answer:
        self.normal(batch)
        raise ConnectionError

    def silence(self, batch: dict[str, Any]) -> Answer:
        """Takes the batch in, and answers when the test sets `let_go`."""
        answer = self.normal(batch)
        self.let_go.wait(PATIENCE)
        return answer


class Handler(BaseHTTPRequestHandler):
    """HTTP/1.0: one connection per request, so that closing it is seen by that request only."""

    def do_GET(self) -> None:
        server = self._begin()
        path = self.path.split("?")[0]
        if path == "/api/v1/hello":
            if server.person is None:
                self._send(401, {"error": "sign_in"})
            else:
                self._send(200, {**server.self_description(), "person": server.person, "campaigns": []})
        elif path == "/api/v1/outlines":
            self._outlines(server)
        elif path == "/service-worker.js":
            text = (ROOT / "static" / "service-worker.js").read_text("utf-8")
            head = f"const VERSION = {json.dumps(server.version)};\nconst SHELL = {json.dumps(server.shell)};\n"
            self._send(200, head + text, kind="text/javascript")
        elif path in server.pages:
            page = server.pages[path]
            kind, text = page() if callable(page) else page
            self._send(302 if kind == "redirect" else 200, text, kind=kind)
        elif path.startswith("/static/") and (ROOT / path[1:]).is_file():
            self._send(200, (ROOT / path[1:]).read_text("utf-8"), kind=TYPES[Path(path).suffix])
        else:
            self._send(404, "no such page")

    def do_POST(self) -> None:
        server = self._begin()
        if self.path != "/api/v1/sync":
            self._send(200, {"took": len(server.requests[-1].body)})
            return
        try:
            status, body = server.answer(server.requests[-1].json)
        except ConnectionError:
            self._hang_up()
            return
        except Exception as mistake:
            server.mistakes.append(mistake)
            raise
        self._send(status, body)

    def _begin(self) -> QueueServer:
        server: QueueServer = self.server.owner  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        server.note(Request(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body))
        if server.is_down:
            self._hang_up()
            raise ConnectionAbortedError
        return server

    def _outlines(self, server: QueueServer) -> None:
        text = json.dumps(server.outlines)
        tag = f'"{uuid.uuid5(uuid.NAMESPACE_OID, text)}"'
        if self.headers.get("If-None-Match") == tag:
            self._send(304, "", tag=tag)
        else:
            self._send(200, server.outlines, tag=tag)

    def _send(self, status: int, body: Any, *, kind: str = "text/html", tag: str = "") -> None:
        is_json = isinstance(body, dict)
        content = (json.dumps(body) if is_json else body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json" if is_json else kind)
        self.send_header("Content-Security-Policy", CSP)
        self.send_header("Cache-Control", "no-cache")
        if status == 302:
            self.send_header("Location", body)
        if status == 503:
            self.send_header("Retry-After", "20")
        if tag:
            self.send_header("ETag", tag)
        if status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        with suppress(OSError):  # the tab that asked may be gone
            self.wfile.write(content)

    def _hang_up(self) -> None:
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def handle(self) -> None:
        with suppress(ConnectionError):  # closed, here or by the browser
            super().handle()

    def finish(self) -> None:
        with suppress(OSError, ValueError):
            super().finish()

    def log_message(self, format: str, *args: Any) -> None:
        pass
